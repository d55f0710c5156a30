"""What a running activity tells while it runs."""

from maestro.model.base import Model


class Progress(Model):
    """The details of a heartbeat. ``detail`` is a sentence for the operator; ``total`` is 0 where it is not known."""

    done: int = 0
    total: int = 0
    detail: str = ""
