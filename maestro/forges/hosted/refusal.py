"""What a forge refuses, in its own words and with what a person has to mend."""

from collections.abc import Mapping
from dataclasses import dataclass

from maestro.errors import BadInput
from maestro.forges.http import Answer


class RefusedError(BadInput):
    """Nothing was done. Caught where a forge has to answer ``Refused``."""

    @property
    def reason(self) -> str:
        return f"{self.message}: {self.fix}" if self.fix else self.message


class NotThereError(RefusedError):
    """We may not see it, or it is not there: the forge does not tell which."""


@dataclass(frozen=True)
class Words:
    """The forge's name, and what to mend by the status of its refusal."""

    forge: str
    fixes: Mapping[int, str]


def refusing(answer: Answer, *, doing: str, words: Words) -> Answer:
    """The answer, where it is no refusal. ``doing`` begins the sentence otherwise."""
    if answer.ok:
        return answer
    raise RefusedError(
        f"{doing}: {words.forge} says {answer.said!r}", field=answer.place, fix=words.fixes.get(answer.status, "")
    )
