"""Puts a selection into JSON, and what is known of one test into words."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from gateway.selecting import Selected
from maestro.impact.history.builds import History
from maestro.impact.knowledge.features import COLUMN, FEATURES
from maestro.impact.risk.flaky import Seen, behaviour_of, flakiness_of
from maestro.model.base import Model
from maestro.words import count, duration


class Known(Model):
    """One thing that is known of a test and the change; ``meaning`` says what ``value`` measures, and of a ``flag``
    what holds.
    """

    name: str
    meaning: str
    value: float
    flag: bool


class Past(Model):
    """What a test did in the builds that are kept. ``flaky_probability`` weighs ``flaky_evidence``, in sentences."""

    runs: int
    failures: int
    last_failure: datetime | None = None
    last_failure_revision: str = ""
    flaky_probability: float
    flaky_evidence: tuple[str, ...]


class Explanation(Model):
    """Why ``test`` is in or out. ``fail_probability`` is given that the change breaks something."""

    test: str
    selected: bool
    reason: str
    expected_seconds: float
    fail_probability: float | None
    known: tuple[Known, ...]
    past: Past
    tau: float
    promise: str

    def sentences(self) -> Iterator[str]:
        """The same for people, a line each."""
        yield f"{self.test} {'runs' if self.selected else 'is left out'}: {self.reason}"
        if self.fail_probability is not None:
            yield f"if the change breaks something, it fails with a chance of {self.fail_probability:.2g}"
        yield f"it takes {duration(self.expected_seconds)}"
        for each in self.known:
            yield each.meaning if each.flag else f"{each.meaning}: {each.value:.3g}"
        past = self.past
        yield f"{count(past.runs, 'run')} in the builds that are kept, {count(past.failures, 'failure')}"
        if past.last_failure is not None:
            where = f", at {past.last_failure_revision[:12]}" if past.last_failure_revision else ""
            yield f"it failed last on {past.last_failure:%Y-%m-%d %H:%M} UTC{where}"
        for sentence in past.flaky_evidence:
            yield f"it {sentence}"
        if past.flaky_evidence:
            yield f"so it is flaky with a probability of {past.flaky_probability:.2g}"
        yield f"τ {self.tau:.3g}: {self.promise}"


def explanation(selected: Selected, test: str) -> Explanation:
    """What is known of ``test``, which is one of the selection's."""
    body = selected.selection.body
    chosen = {each.id: each for each in body.selected}.get(test)
    left_out = {each.id: each for each in body.left_out}.get(test)
    either = chosen or left_out
    if either is None:
        raise AssertionError("only tests of the selection are explained")
    return Explanation(
        test=test,
        selected=chosen is not None,
        reason=chosen.reason if chosen else _why_left_out(selected),
        expected_seconds=either.expected_seconds,
        fail_probability=either.fail_probability,
        known=tuple(_known(selected, test)),
        past=_past(selected.history, test),
        tau=selected.risk.tau,
        promise=selected.risk.promise,
    )


def told(selected: Selected) -> dict[str, object]:
    """The whole selection as JSON."""
    pull_request, selection = selected.pull_request, selected.selection
    body = selection.body
    return {
        "repo": pull_request.repo,
        "base": pull_request.merge_base_sha,
        "head": pull_request.head_sha,
        "mode": selection.mode.value,
        "rule": selected.appetite.mode.value,
        "reason": selection.reason,
        "notes": [*pull_request.notes, *selected.gathered.judgement.notes],
        "seconds_run": sum(test.expected_seconds for test in body.selected),
        "seconds_saved": sum(test.expected_seconds for test in body.left_out),
        "risk": selected.risk.model_dump(mode="json"),
        "inputs": dict(selected.gathered.inputs),
        "changed_files": list(body.changed_files),
        "selected": [test.model_dump(mode="json") for test in body.selected],
        "left_out": [test.model_dump(mode="json") for test in body.left_out],
        "collection_errors": [error.model_dump(mode="json") for error in body.collection_errors],
    }


def _why_left_out(selected: Selected) -> str:
    if selected.gathered.judgement.alone:
        return f"others are likelier to fail, and they are enough for τ = {selected.risk.tau:.3g}"
    return "no import path leads from it to the change, and nothing else speaks for it"


def _known(selected: Selected, test: str) -> Iterator[Known]:
    evidence = selected.gathered.evidence
    if evidence is None:
        return
    row = evidence.features[evidence.tests.index(test)]
    for feature in FEATURES:
        value = float(row[COLUMN[feature.name]])
        if value:
            yield Known(name=feature.name, meaning=feature.meaning, value=value, flag=feature.flag)


def _past(history: History, test: str) -> Past:
    place = history.names.index(test) if test in history.names else -1
    ran = [build for build in history.builds if np.isin(place, build.tests)]
    seen = [Seen(build.revision or build.id, bool(np.isin(place, build.failed))) for build in ran]
    red = [build for build, each in zip(ran, seen, strict=True) if each.failed]
    flakiness = flakiness_of(behaviour_of(seen))
    return Past(
        runs=len(ran),
        failures=len(red),
        last_failure=datetime.fromtimestamp(red[-1].time, UTC) if red else None,
        last_failure_revision=red[-1].revision if red else "",
        flaky_probability=flakiness.probability,
        flaky_evidence=flakiness.evidence,
    )
