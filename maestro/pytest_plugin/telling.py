"""What the plugin tells: the header, the reason for each test, what would have escaped, and all of it as JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from maestro.words import count, duration


@dataclass
class Teller:
    """``decision`` is a ``Decision`` as JSON, or ``{"problem": …}``; ``failed`` are the tests that failed now."""

    shadow: bool
    unrecorded: str = ""
    decision: dict[str, Any] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def leaves_out(self) -> bool:
        """Tests are left out, and not only in shadow."""
        return bool(self._left_out) and not self.shadow

    @property
    def _left_out(self) -> list[dict[str, Any]]:
        return list(self.decision.get("left_out", ()))

    def header(self, *, verbose: bool) -> list[str]:
        """What is decided and promised; with the reason for each test where that is wanted."""
        if problem := self.decision.get("problem"):
            return [f"maestro: everything runs: {problem}"]
        lines = [f"maestro: {line}" for line in (*self._counts(), *self.decision["lines"])]
        if self.unrecorded:
            lines.append(f"maestro: nothing is recorded: {self.unrecorded}")
        return [*lines, *self._each()] if verbose else lines

    def _counts(self) -> Iterator[str]:
        selected, left_out = self.decision["selected"], self._left_out
        every = len(selected) + len(left_out)
        if not left_out:
            return
        running, saved = (sum(test["expected_seconds"] for test in tests) for tests in (selected, left_out))
        would = "would run, and would save" if self.shadow else "run, which saves"
        shadowed = "; everything runs, because it is in shadow" if self.shadow else ""
        yield (
            f"{len(selected):,} of {count(every, 'test')} {would} {duration(saved)} of {duration(running + saved)}"
            f"{shadowed}"
        )

    def _each(self) -> Iterator[str]:
        for test in self.decision["selected"]:
            yield f"  runs  {test['id']}: {test['reason']}"
        for test in self._left_out:
            chance = test["fail_probability"]
            yield f"  {'would be left' if self.shadow else 'left'} out  {test['id']}" + (
                "" if chance is None else f": if the change breaks something, this fails with a chance of {chance:.2g}"
            )

    def summary(self) -> list[str]:
        """What the run has shown of the selection: in shadow, whether a failure would have escaped."""
        lines = [f"maestro: {note}" for note in self.notes]
        if self.shadow and self._left_out:
            lines.append(f"maestro: {self._in_shadow()}")
        return lines

    def _in_shadow(self) -> str:
        missed, seen = self._missed(), self.failed - set(self._missed())
        if not missed:
            return "no test that would have been left out has failed"
        named = ", ".join(missed[:3]) + (f" and {len(missed) - 3} more" if len(missed) > 3 else "")
        if seen:
            return f"{named} failed and would have been left out; others that run failed too, so it would have shown"
        return f"an escape: {named} failed and would have been left out, and nothing that would have run has failed"

    def _missed(self) -> list[str]:
        return sorted(self.failed & {test["id"] for test in self._left_out})

    def report(self) -> str:
        """All of it as JSON, in the same order every time."""
        missed = self._missed()
        found = {
            "shadow": self.shadow,
            **self.decision,
            "failed": sorted(self.failed),
            "failed_left_out": missed,
            "escape": bool(missed) and self.failed == set(missed),
            "unrecorded": self.unrecorded,
        }
        return json.dumps(found, indent=2) + "\n"
