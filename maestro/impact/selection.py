"""The decision which tests run, each with its reason, and which are left to the night.

``all`` takes at least what ``standard`` takes, which takes at least what ``direct`` takes; one more changed file never
takes a test away. A change that the graph cannot judge takes every test in every mode: a downshift narrows what is
known, it does not make the unknown safe.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from maestro.impact.changes import Change
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.graph.influence import DIRECT_DISTANCE, Influence, influence_of
from maestro.impact.judgement import Judgement
from maestro.impact.names import shown
from maestro.impact.shards import ShardLimits, expected_seconds, split
from maestro.impact.wording import sentence_of
from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model
from maestro.model.tests import (
    SAMPLE_LIMIT,
    LeftOutTest,
    PlanBody,
    ReasonKind,
    SelectedTest,
    SelectionMode,
    TestOutcome,
    TestPlan,
)


class Selection(Model):
    """What was decided. ``applicable`` is False when there is nothing to run; ``reason`` is the sentence for the card
    in either case.
    """

    mode: SelectionMode
    applicable: bool
    reason: str
    body: PlanBody

    def plan(
        self, body: ArtifactRef, *, round_number: int = 0, environment_key: str = "", isolation: str = ""
    ) -> TestPlan:
        """The figures of the selection, small enough for Temporal; ``body`` refers to the stored plan."""
        selected, left_out = self.body.selected, self.body.left_out
        return TestPlan(
            applicable=self.applicable,
            reason=self.reason,
            mode=self.mode,
            round=round_number,
            selected_count=len(selected),
            left_out_count=len(left_out),
            selected_seconds=sum(test.expected_seconds for test in selected),
            left_out_seconds=sum(test.expected_seconds for test in left_out),
            shard_count=len(self.body.shards),
            reasons=dict(sorted(Counter(test.kind.value for test in selected).items())),
            sample=selected[:SAMPLE_LIMIT],
            body=body,
            environment_key=environment_key,
            isolation=isolation,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the import graph, by test id: the sentence on a recent failure and on an escape, the usual
    seconds, and what the models say.
    """

    failed: Mapping[str, str] = field(default_factory=dict)
    escaped: Mapping[str, str] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    judgement: Judgement = field(default_factory=Judgement)


def file_of(test: str) -> str:
    """The file of a pytest id; the ids of other runners are no file."""
    return test.partition("::")[0]


def select(
    tests: Sequence[str],
    changes: Sequence[Change],
    graph: ImportGraph,
    *,
    mode: SelectionMode = SelectionMode.STANDARD,
    known: Known | None = None,
    collection_errors: Sequence[TestOutcome] = (),
    limits: ShardLimits | None = None,
) -> Selection:
    """Divide ``tests`` into those that run and those that are left out, in their given order.

    ``graph`` is of the head, built with the paths that ``changes`` took away. ``collection_errors`` are outcomes
    already: they are carried in the plan and make it applicable.
    """
    known = known or Known()
    listed = tuple(dict.fromkeys(tests))
    influence = influence_of(changes, graph, (file_of(test) for test in listed))
    seconds = expected_seconds(listed, known.durations)
    p = known.judgement.p
    chosen = {
        test: SelectedTest(
            id=test,
            kind=kind,
            reason=reason,
            distance=distance,
            expected_seconds=seconds[test],
            fail_probability=p.get(test),
        )
        for test in listed
        for kind, reason, distance in islice(_reasons(test, influence, mode, known), 1)
    }
    selected = tuple(chosen.values())
    bounds = limits or ShardLimits()
    body = PlanBody(
        selected=selected,
        left_out=tuple(
            LeftOutTest(id=test, expected_seconds=seconds[test], fail_probability=p.get(test))
            for test in listed
            if test not in chosen
        ),
        shards=split(
            [test.expected_seconds for test in selected],
            target_seconds=bounds.target_seconds,
            max_shards=bounds.max_shards,
            files=[file_of(test.id) for test in selected],
        ),
        changed_files=tuple(shown(change.path) for change in changes),
        collection_errors=tuple(collection_errors),
    )
    return Selection(
        mode=mode,
        applicable=bool(selected or collection_errors),
        reason=sentence_of(body, code=influence.code, unjudged=_unjudged(influence, known.judgement)),
        body=body,
    )


def _unjudged(influence: Influence, judgement: Judgement) -> tuple[str, ...]:
    """Why everything runs, the models' reason first; empty where not everything has to."""
    by_graph = () if judgement.alone else influence.unjudged
    return tuple(dict.fromkeys(filter(None, (judgement.everything, *by_graph))))


def _reasons(
    test: str, influence: Influence, mode: SelectionMode, known: Known
) -> Iterator[tuple[ReasonKind, str, int]]:
    """Everything that speaks for running one test, the most telling reason first."""
    file, judgement = file_of(test), known.judgement
    direct = mode is SelectionMode.DIRECT
    if file in influence.present:
        yield ReasonKind.CHANGED, f"{shown(file)} is changed", 0
    if test in judgement.taken and not direct:
        yield *judgement.taken[test], 0
    step = influence.reach.of_test(file)
    near = step and (not direct or step.distance <= DIRECT_DISTANCE or file in influence.nearest)
    if step and near and (direct or not judgement.alone):
        yield ReasonKind.AFFECTED, influence.reach.chain(file), step.distance
    if test in known.escaped:
        yield ReasonKind.ESCAPED, known.escaped[test], 0
    if influence.code and test in known.failed:
        yield ReasonKind.RECENTLY_FAILED, f"it {known.failed[test] or 'failed recently'}", 0
    yield from ((kind, why, 0) for kind, why in _whole_suite(file, influence, mode, judgement))


def _whole_suite(
    file: str, influence: Influence, mode: SelectionMode, judgement: Judgement
) -> Iterator[tuple[ReasonKind, str]]:
    """Why tests run that nothing else speaks for. Models that decide alone know what they cannot judge."""
    if unjudged := _unjudged(influence, judgement):
        yield ReasonKind.CANNOT_JUDGE, unjudged[0]
    if influence.code and not judgement.alone and (file not in influence.graph.files or not file.endswith(".py")):
        yield ReasonKind.CANNOT_JUDGE, f"{shown(file)} is no Python file, so nobody knows what the test needs"
    if mode is SelectionMode.ALL:
        yield ReasonKind.ESCALATED, "all tests were asked for"
