"""The sentence on the card: how many tests run and why, or why none does."""

from collections import Counter
from collections.abc import Sequence

from maestro.impact.names import listed
from maestro.model.tests import PlanBody, ReasonKind


def sentence_of(body: PlanBody, *, code: Sequence[str], unjudged: Sequence[str]) -> str:
    """Put a plan in words. ``code`` are the changed paths but documentation, ``unjudged`` what cannot be judged."""
    words = _some(body, code, unjudged) if body.selected else f"No test runs, because {_none(body, code)}."
    if errors := len(body.collection_errors):
        words += f" {_count(errors, 'file')} could not be collected; each is a verdict of its own."
    return words


def _some(body: PlanBody, code: Sequence[str], unjudged: Sequence[str]) -> str:
    kinds = Counter(test.kind for test in body.selected)
    total = len(body.selected) + len(body.left_out)
    if unjudged:
        others = f" ({len(unjudged) - 1} more cannot be judged either)" if len(unjudged) > 1 else ""
        return f"All {_count(total, 'test')} run, because {unjudged[0]}{others}."
    if ReasonKind.ESCALATED in kinds:
        return f"All {_count(total, 'test')} run, because all were asked for."
    parts = {
        ReasonKind.CHANGED: "in changed files",
        ReasonKind.NEW: "new",
        ReasonKind.COVERED: "that executed what is changed",
        ReasonKind.NAMED: "that name what is changed",
        ReasonKind.LIKELY: "likely to fail by their past or their words",
        ReasonKind.AFFECTED: f"affected by {listed(code)}" if code else "that read the documentation",
        ReasonKind.ESCAPED: "escaped before",
        ReasonKind.RECENTLY_FAILED: "failed recently",
        ReasonKind.CANNOT_JUDGE: "of which nobody knows what they need",
    }
    how = ", ".join(f"{kinds[kind]} {words}" for kind, words in parts.items() if kinds[kind])
    return f"{len(body.selected)} of {_count(total, 'test')} run: {how}."


def _none(body: PlanBody, code: Sequence[str]) -> str:
    if not body.changed_files:
        return "the pull request changes no file"
    if not body.left_out:
        return "the runner lists none"
    if code:
        return f"no test imports {listed(code, joint='or')}, directly or indirectly"
    named = ", ".join(body.changed_files[:3])
    more = f" and {len(body.changed_files) - 3} more" if len(body.changed_files) > 3 else ""
    return f"only documentation is changed: {named}{more}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
