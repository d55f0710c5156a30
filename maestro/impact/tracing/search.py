"""Finds out what a failure of the night is: flaky, older than the pull request, or an escape, and of which revision.

Pure: what was seen so far in, what to run next or what became of each test out. A test is run again at the same
revision first, then where it should pass, then by halving; the two neighbours that decide have both been run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from maestro.model.tracing import Finding, FindingKind, Sight, Suspect, TraceSubject

RERUNS = 2
"""Times that a failing test runs again at the same revision before its failure is believed."""

PROBE_LIMIT = 24
"""Runs spent on tracing one run of the night: enough to halve 256 revisions twice over, re-runs included."""

SUSPECT_LIMIT = 50
"""Failures traced in one run of the night: many more than this have one cause, and it needs no search."""

Place = tuple[str, int]
"""A revision and the number of the attempt at it."""

Sights = Mapping[Place, Mapping[str, Sight]]
"""What every probe saw, by test."""


@dataclass(frozen=True)
class Probe:
    """Run ``tests`` at ``revision``; ``attempt`` tells runs at the same revision apart."""

    revision: str
    attempt: int
    tests: tuple[str, ...]


def next_probe(subject: TraceSubject, seen: Sights, *, spent: int) -> Probe | None:
    """The run that helps most tests at once, or None when every test has its finding or ``spent`` probes are enough."""
    if spent >= PROBE_LIMIT:
        return None
    wanted: dict[Place, list[str]] = {}
    for suspect in subject.suspects:
        step = _study(suspect, subject.line, seen)
        if not isinstance(step, Finding):
            wanted.setdefault(step, []).append(suspect.test)
    if not wanted:
        return None
    revision, attempt = max(wanted, key=lambda place: len(wanted[place]))
    return Probe(revision=revision, attempt=attempt, tests=tuple(wanted[revision, attempt]))


def findings_of(subject: TraceSubject, seen: Sights) -> tuple[Finding, ...]:
    """What became of every test; one that still needs a probe was not traced, and its evidence says so."""
    return (
        *(_concluded(suspect, _study(suspect, subject.line, seen)) for suspect in subject.suspects),
        *(_untraced(test, f"more than {SUSPECT_LIMIT} tests failed in this run") for test in subject.skipped),
    )


def _concluded(suspect: Suspect, step: Finding | Place) -> Finding:
    if isinstance(step, Finding):
        return step
    return _untraced(suspect.test, f"{PROBE_LIMIT} runs were spent before its turn came at {step[0][:12]}")


def _study(suspect: Suspect, line: Sequence[str], seen: Sights) -> Finding | Place:
    """The finding, or the place that must be looked at next."""
    view = _View(suspect, line, seen)
    for step in (_flaky_at_the_end(view), _wrong_at_the_base(view)):
        if step is not None:
            return step
    return _halved(view)


@dataclass(frozen=True)
class _View:
    suspect: Suspect
    line: Sequence[str]
    seen: Sights

    @property
    def last(self) -> int:
        return len(self.line) - 1

    def place(self, index: int, attempt: int = 0) -> Place:
        return self.line[index], attempt

    def at(self, index: int, attempt: int = 0) -> Sight | None:
        """What was seen there; None where this test was not run."""
        return self.seen.get(self.place(index, attempt), {}).get(self.suspect.test)


def _flaky_at_the_end(view: _View) -> Finding | Place | None:
    """None where every re-run at the end of the line failed as well."""
    where = view.line[view.last][:12]
    for attempt in range(1, RERUNS + 1):
        sight = view.at(view.last, attempt)
        if sight is None:
            return view.place(view.last, attempt)
        if sight is Sight.PASSED:
            return Finding(
                test=view.suspect.test,
                kind=FindingKind.FLAKY,
                evidence=(f"failed {_times(attempt)} at {where} and passed when it ran again there",),
            )
        if sight is not Sight.FAILED:
            return _untraced(view.suspect.test, f"when it ran again at {where}, {_words(sight)}")
    return None


def _wrong_at_the_base(view: _View) -> Finding | Place | None:
    """None where the search has a revision to begin with: one at which the test passes, or does not exist."""
    suspect = view.suspect
    base = view.line[suspect.good][:12]
    if suspect.good >= view.last:
        return _untraced(
            suspect.test, f"no revision lies between {base}, where {suspect.why}, and the one at which it fails"
        )
    sight = view.at(suspect.good)
    if sight is None:
        return view.place(suspect.good)
    if sight is Sight.FAILED:
        return Finding(
            test=suspect.test,
            kind=FindingKind.OLD_FAILURE,
            evidence=(_confirmed(view), f"fails at {base} as well, where {suspect.why}"),
        )
    return _untraced(suspect.test, f"at {base}, {_words(sight)}") if sight is Sight.UNKNOWN else None


def _halved(view: _View) -> Finding | Place:
    """The revision that broke the test, or the next one to look at between a good and a bad one."""
    good, bad = view.suspect.good, view.last
    while middle := next(_untried(view, good, bad), None):
        sight = view.at(middle)
        if sight is None:
            return view.place(middle)
        good, bad = (good, middle) if sight is Sight.FAILED else (middle, bad)
    if bad - good > 1:
        between = ", ".join(revision[:12] for revision in view.line[good + 1 : bad + 1])
        return _untraced(view.suspect.test, f"one of {between} broke it, and the others between cannot be tested")
    return _at_the_break(view, good, bad)


def _untried(view: _View, good: int, bad: int) -> Iterator[int]:
    """The revisions between, the middle first, without those that cannot be tested."""
    between = sorted(range(good + 1, bad), key=lambda index: abs(2 * index - good - bad))
    return (index for index in between if view.at(index) is not Sight.UNKNOWN)


def _at_the_break(view: _View, good: int, bad: int) -> Finding | Place:
    """The escape, once the good neighbour has been good twice: one pass of a flaky test would blame anybody."""
    test, before = view.suspect.test, view.line[good][:12]
    if view.at(good) is Sight.ABSENT:
        return _escape(view, bad, Sight.ABSENT, f"did not exist at {before}")
    again = view.at(good, 1)
    if again is None:
        return view.place(good, 1)
    if again is Sight.FAILED:
        evidence = f"passed at {before} and failed when it ran again there"
        return Finding(test=test, kind=FindingKind.FLAKY, evidence=(evidence,))
    if again is not Sight.PASSED:
        return _untraced(test, f"when it ran again at {before}, {_words(again)}")
    return _escape(view, bad, Sight.PASSED, f"passed twice at {before}")


def _escape(view: _View, bad: int, base: Literal[Sight.PASSED, Sight.ABSENT], before: str) -> Finding:
    first_bad = view.line[bad]
    return Finding(
        test=view.suspect.test,
        kind=FindingKind.ESCAPE,
        evidence=(_confirmed(view), f"{before} and fails at {first_bad[:12]}"),
        first_bad=first_bad,
        base=base,
    )


def _confirmed(view: _View) -> str:
    return f"failed {_times(RERUNS + 1)} out of {RERUNS + 1} at {view.line[view.last][:12]}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _untraced(test: str, reason: str) -> Finding:
    return Finding(test=test, kind=FindingKind.UNTRACED, evidence=(reason,))


def _words(sight: Sight) -> str:
    return {
        Sight.PASSED: "it passed",
        Sight.FAILED: "it failed",
        Sight.ABSENT: "it did not exist",
        Sight.UNKNOWN: "it gave no verdict",
    }[sight]
