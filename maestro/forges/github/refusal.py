"""What GitHub refuses, in its own words and with what a person has to mend."""

from maestro.errors import BadInput
from maestro.forges.http import Answer

_FIXES = {
    401: "check the App's id and key, or the token, and this machine's clock",
    403: "give the App or the token the permissions that docs/forges/github.md names",
    404: "check the name, and that the App is installed there or the token may read it",
}


class RefusedError(BadInput):
    """Nothing was done. Caught where a forge has to answer ``Refused``."""

    @property
    def reason(self) -> str:
        return f"{self.message}: {self.fix}" if self.fix else self.message


def refusing(answer: Answer, *, doing: str) -> Answer:
    """The answer, where it is no refusal. ``doing`` begins the sentence otherwise."""
    if answer.ok:
        return answer
    raise RefusedError(f"{doing}: GitHub says {answer.said!r}", field=answer.place, fix=_FIXES.get(answer.status, ""))
