"""How a credential helper of ours tells, through git, why git is not let in: one line on the standard error that both
share. Git's own words say neither whose credentials were refused nor where to mend them.
"""

import json
import re
from typing import Literal

from pydantic import ValidationError

from maestro.errors import BadInput, MaestroError, PlatformUnavailable
from maestro.model.base import Model

SIGN = "maestro-git-access "
"""What the line begins with. A server's texts cannot: git puts ``remote: `` before them."""

_KEPT_OUT = re.compile(
    r"^fatal: (Authentication failed for |repository '.*' not found$|unable to access '.*': .* error: 40[134]$)",
    re.MULTILINE,
)


class Access(Model):
    """What git was given, or why nothing.

    ``given``: credentials, so that the rest holds only where the server refuses them. ``refused``: none, and a person
    has to mend it. ``away``: none now, and the same may succeed later.
    """

    outcome: Literal["given", "refused", "away"]
    message: str
    field: str
    fix: str

    @classmethod
    def of(cls, error: MaestroError) -> "Access":
        outcome: Literal["refused", "away"] = "away" if error.retryable else "refused"
        return cls(outcome=outcome, message=error.message, field=error.field, fix=error.fix)

    def line(self) -> str:
        """What the helper writes."""
        return SIGN + json.dumps(self.model_dump(mode="json"))

    def problem(self, complaint: str) -> MaestroError | None:
        """The error to raise where git failed with ``complaint``, or None where it failed for another reason."""
        if self.outcome == "given" and not _KEPT_OUT.search(complaint):
            return None
        kind = PlatformUnavailable if self.outcome == "away" else BadInput
        return kind(self.message, field=self.field, fix=self.fix)


def parted(error: str) -> tuple[str, Access | None]:
    """What git wrote, without what our helper wrote in between, and the last of the latter."""
    lines = error.splitlines()
    told = [line.removeprefix(SIGN) for line in lines if line.startswith(SIGN)]
    if not told:
        return error, None
    rest = "\n".join(line for line in lines if not line.startswith(SIGN))
    try:
        return rest, Access.model_validate_json(told[-1])
    except ValidationError:
        return rest, None
