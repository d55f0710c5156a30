"""What escaped once runs again whenever a file changes that its pull request had changed, whatever a model says."""

from collections.abc import Iterable, Mapping, Sequence

from maestro.impact.changes import Change
from maestro.impact.names import listed
from maestro.model.tracing import PastEscape


def why_again(escaped: Mapping[str, Sequence[PastEscape]], changes: Iterable[Change]) -> dict[str, str]:
    """For each test that must run because of its past, the sentence that says why; the newest escape is named."""
    touched = {path for change in changes for path in (change.path, change.gone) if path}
    sentences = {}
    for test, escapes in escaped.items():
        for escape in reversed(escapes):
            if again := sorted(escape.files & touched):
                sentences[test] = f"it escaped at {escape.owner}, which changed {listed(again)} as this one does"
                break
    return sentences
