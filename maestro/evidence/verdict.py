"""What the verification of a bundle found: every check with its result, every problem, and what was not looked at."""

from enum import StrEnum

from maestro.evidence.index import IndexedControl, Subject
from maestro.model.base import Model
from maestro.model.decision import DecisionState


class Problem(Model):
    """One reason why a bundle does not hold: in which file, or at which place outside it, and what is wrong."""

    file: str
    reason: str


class Result(StrEnum):
    """``impossible``: what the check needs could not be read. That is never a pass."""

    HOLDS = "holds"
    BROKEN = "broken"
    IMPOSSIBLE = "impossible"


class Check(Model):
    """One question that was asked of the bundle. ``sentence`` says what it shows if it holds."""

    name: str
    sentence: str
    result: Result
    problems: tuple[Problem, ...] = ()


class Verification(Model):
    """The answer. ``subject``, ``decision`` and ``controls`` are what the bundle says, to be believed only where it
    ``holds``. ``signed_by`` names the trusted key whose signature was verified, empty where none was.
    """

    path: str
    checks: tuple[Check, ...]
    not_checked: tuple[str, ...]
    signed_by: str = ""
    key_id: str = ""
    subject: Subject | None = None
    decision: DecisionState | None = None
    controls: tuple[IndexedControl, ...] = ()
    files: int = 0
    index_digest: str = ""
    sealed_at: str = ""

    @property
    def holds(self) -> bool:
        """Every check was possible and found nothing."""
        return bool(self.checks) and all(check.result is Result.HOLDS for check in self.checks)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, in the order of the checks."""
        return tuple(problem for check in self.checks for problem in check.problems)
