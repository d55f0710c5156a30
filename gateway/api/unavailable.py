"""Actions that Maestro will have and that nothing here is configured for: not offered, and asking for one says why."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Unavailable(StrEnum):
    """The word in the action's address."""

    ALT = "alt"
    BUDGET = "budget"
    QUARANTINE = "quarantine"


WHY: Mapping[Unavailable, tuple[str, str]] = MappingProxyType(
    {
        Unavailable.ALT: ("Take another arm", "No arms are configured: a pull request has one way to be made here."),
        Unavailable.BUDGET: ("Change the budget", "No budgets are configured: nothing is spent up to a limit here."),
        Unavailable.QUARANTINE: ("Quarantine a plugin", "No plugins are configured: nobody's code reviews here."),
    }
)
"""The label, and the sentence that says why it cannot be had."""
