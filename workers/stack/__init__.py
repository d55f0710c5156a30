"""The local stack: one supervisor process that keeps a Temporal dev server and a worker per region running.

It promises: at most one stack per home; what it started ends with it, however it ends; ``stack.json`` under the home
always names the processes that belong to it. ``control`` is for commands, ``python -m workers.stack`` is the process.
"""
