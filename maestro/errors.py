"""One error family: what went wrong, where (the field), and how to mend it.

Exceptions are for what a retry or a person must mend. Red tests are results, never exceptions.
"""

from typing import ClassVar


class MaestroError(Exception):
    """A failure that says what went wrong, which field or file caused it, and the fix.

    ``exit_code`` is the command's exit status; ``retryable`` tells an orchestrator whether the same call can succeed
    later without anybody changing its input.
    """

    exit_code: ClassVar[int] = 3
    retryable: ClassVar[bool] = True

    def __init__(self, message: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.fix = fix

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        fix = f"\n  fix: {self.fix}" if self.fix else ""
        return f"{where}{self.message}{fix}"


class BadInput(MaestroError):
    """Something that a person or a file said cannot be used. Raised before anything starts."""

    exit_code = 2
    retryable = False


class PolicyDenied(MaestroError):
    """A policy refused; ``message`` is the policy's own sentence."""

    exit_code = 1
    retryable = False


class PlatformUnavailable(MaestroError):
    """A part that Maestro needs (Temporal, the ledger, a disk, an index) cannot be reached now."""


class LeaseHeld(MaestroError):
    """Somebody else holds the lease and it has not expired."""


class LeaseLost(MaestroError):
    """The lease expired or was taken over: the holder must stop and publish nothing.

    Asking again is safe: whoever is next finds what was recorded, and works only on what is missing.
    """


class StaleFence(LeaseLost):
    """A write carried a fencing token older than the newest one that the ledger has seen."""


class StaleEpoch(LeaseLost):
    """The work was given under an epoch that the ledger does not admit any more: another cluster acts now.

    The same process may go on once it carries the ledger's epoch.
    """


class Conflict(MaestroError):
    """The same business key was used for a different request."""

    retryable = False


class IntegrityError(MaestroError):
    """Stored bytes do not match their digest, or a chain of records is broken."""

    retryable = False
