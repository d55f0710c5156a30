"""The words and the colour of a state."""

from maestro.model.decision import DecisionState, Phase
from maestro.render.view import Tone

_TONES: dict[str, Tone] = {
    DecisionState.GREEN.value: "green",
    DecisionState.NEEDS_PERSON.value: "amber",
    DecisionState.BLOCKED.value: "red",
    DecisionState.CANCELLED.value: "grey",
    DecisionState.PENDING.value: "blue",
}


def tone_of(decision: str, phase: str) -> Tone:
    """The colour of a pull request that stands so."""
    if phase in {Phase.WAITING_FOR_PERSON.value, Phase.WAITING_FOR_REGION.value} and decision in {"", "pending"}:
        return "amber"
    return _TONES.get(decision, "blue")


def words(name: str) -> str:
    """The name of a state as it is read."""
    return name.replace("_", " ")
