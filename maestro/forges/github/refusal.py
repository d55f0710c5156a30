"""What GitHub refuses, in its own words and with what a person has to mend."""

from maestro.forges.hosted.refusal import NotThereError, RefusedError, Words
from maestro.forges.hosted.refusal import refusing as _refusing
from maestro.forges.http import Answer

__all__ = ["WORDS", "NotThereError", "RefusedError", "refusing"]

WORDS = Words(
    forge="GitHub",
    fixes={
        401: "check the App's id and key, or the token, and this machine's clock",
        403: "give the App or the token the permissions that docs/forges/github.md names",
        404: "check the name, and that the App is installed there or the token may read it",
    },
)


def refusing(answer: Answer, *, doing: str) -> Answer:
    """The answer, where it is no refusal. ``doing`` begins the sentence otherwise."""
    return _refusing(answer, doing=doing, words=WORDS)
