"""The ways in: the ``maestro`` command."""
