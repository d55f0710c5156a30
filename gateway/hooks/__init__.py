"""The hooks of a bare repository: a push to ``refs/for/BRANCH`` is conducted, and its verdict told on the terminal.

``pre-receive`` refuses what cannot be conducted while nothing is stored yet, ``proc-receive`` keeps the head under a
reference of its own and starts the workflow, ``post-receive`` watches it. Who is asked for what stands in the
repository's configuration (``maestro.*``); nothing that a pusher says about itself is believed.
"""
