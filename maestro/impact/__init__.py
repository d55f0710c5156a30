"""Which tests a pull request needs: changed files, the static import graph, the selection and its shards.

Everything here is pure but the reading of the mirror and of the worktree: the same input gives the same bytes. Nothing
of the pull request is executed. Where the graph cannot judge a change, every test is taken and the reason names the
file; a test is either selected, with its reason, or left out, never both and never neither.
"""
