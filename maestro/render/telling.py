"""The lead sentence of a card and the reasons under it, so that nothing is told twice."""

import re
from typing import Final

from maestro.model.decision import DecisionCard, DecisionState, Phase
from maestro.render.untrusted import Shown, line

_PHASES: Final = {
    Phase.PLACE: "Choosing a region",
    Phase.WAITING_FOR_REGION: "Waiting for a healthy region that policy allows",
    Phase.SELECT: "Selecting tests",
    Phase.RUN: "Running tests",
    Phase.GATHER: "Gathering evidence",
    Phase.RENDER: "Writing this card",
    Phase.DECIDE: "Deciding",
    Phase.PUBLISH: "Telling the forge",
    Phase.WAITING_FOR_PERSON: "Waiting for a person",
    Phase.DONE: "Done",
}
_OPENING_WORD: Final = re.compile(r"[a-z]+(?= )")


def told(card: DecisionCard) -> tuple[Shown, tuple[Shown, ...]]:
    """The lead and the further reasons. While nothing is decided, the lead says what is being done.

    A ``why`` that is only the reasons in a row gives way to the first of them, with the others as a list.
    """
    reasons = [_sentence(reason) for reason in card.decision.reasons]
    if card.decision.state is DecisionState.PENDING:
        return Shown(f"{_PHASES[card.phase]}."), ()
    if card.why and not _repeats(card.why, card.decision.reasons):
        return _sentence(card.why), tuple(reasons)
    return (reasons[0], tuple(reasons[1:])) if reasons else (Shown("No reason was given."), ())


def _repeats(why: str, reasons: tuple[str, ...]) -> bool:
    """Whether nothing but punctuation is left of ``why`` without the reasons."""
    for reason in sorted(reasons, key=len, reverse=True):
        why = why.replace(reason.strip(), "")
    return not re.search(r"\w", why)


def _sentence(text: str) -> Shown:
    """Beginning with a capital where it begins with a word, so not where it begins with a file or a test."""
    text = text.strip()
    return line(text[:1].upper() + text[1:] if _OPENING_WORD.match(text) else text)
