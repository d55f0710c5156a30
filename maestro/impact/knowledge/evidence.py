"""Everything that is known of a patch and each test, as one table for the model and as reasons for people.

Knowledge only: it decides nothing but what no model may decide, which tests are forced and when nobody can judge.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maestro.errors import BadInput
from maestro.impact.graph.imports import ImportGraph
from maestro.impact.knowledge.doubts import unjudged
from maestro.impact.knowledge.edits import Edit, edits_of
from maestro.impact.knowledge.execution import is_stale
from maestro.impact.knowledge.features import COLUMN
from maestro.impact.knowledge.forcing import Reason, forced_tests
from maestro.impact.knowledge.lexical import lexical_of
from maestro.impact.knowledge.listing import Listing, listing_of
from maestro.impact.knowledge.patch import Patch, Read
from maestro.impact.knowledge.recording import LOST, Recording
from maestro.impact.knowledge.shifting import shifted
from maestro.impact.knowledge.since import Since, reached_since
from maestro.impact.knowledge.table import Table
from maestro.impact.knowledge.traces import traces_of
from maestro.impact.knowledge.units import Library
from maestro.impact.knowledge.users import Followed
from maestro.impact.names import shown
from maestro.impact.shards import expected_seconds
from maestro.model.tests import ReasonKind

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """``features`` has a row for each test and a column for each of ``FEATURES``.

    ``forced`` tests always run. ``unjudged`` says why everything must run; empty where the patch can be judged.
    ``notes`` say what the evidence had to do without. ``causes`` points, for each test, to the one of ``edits`` that
    tells most about it, -1 for none: tests with the same cause fail together. ``executed`` counts, for each test, the
    changed statements (of ``statements``) that it executed. ``recorded`` is whether there was a recording at all.
    """

    tests: tuple[str, ...]
    seconds: Floats
    features: Floats
    forced: Mapping[str, Reason]
    unjudged: tuple[str, ...]
    notes: tuple[str, ...]
    edits: tuple[Edit, ...]
    causes: NDArray[np.int32]
    statements: int
    executed: Floats
    recorded: bool = False

    def column(self, name: str) -> Floats:
        """One feature of all tests."""
        values: Floats = self.features[:, COLUMN[name]]
        return values

    def reason(self, test: int) -> Reason:
        """What tells most for running a test, given by its place: a sentence that goes on from its name."""
        return self.forced.get(self.tests[test]) or next(self._reasons(test))

    def _reasons(self, test: int) -> Iterator[Reason]:
        row = dict(zip(COLUMN, self.features[test].tolist(), strict=True))
        place = int(self.causes[test])
        what = _told(self.edits[place]) if place >= 0 else "something"
        if row["line_executed"]:
            share = f"{int(self.executed[test])} of {self.statements} changed statements"
            yield (
                ReasonKind.COVERED,
                f"it executed {share if self.statements > 1 else 'the changed statement'}, in {what}",
            )
        if row["symbol_entered"]:
            yield ReasonKind.COVERED, f"it executed {what}, which is changed"
        if row["use_executed"]:
            yield ReasonKind.COVERED, f"it executed code that uses {what}, which is changed"
        if row["data_opened"]:
            yield ReasonKind.COVERED, "it opened a changed file, or listed its folder"
        if row["names_symbol"]:
            yield ReasonKind.NAMED, f"its source names {what}, which is changed"
        if row["uses_module"]:
            yield ReasonKind.NAMED, "its source uses what it imports from a changed module"
        if row["file_executed"]:
            yield ReasonKind.COVERED, f"it executed other lines of {shown(self.edits[place].path)}"
        if row["import_nearness"]:
            steps = round(1 / row["import_nearness"]) - 1
            yield ReasonKind.AFFECTED, f"its file is {steps} import{'' if steps == 1 else 's'} away from the change"
        yield ReasonKind.LIKELY, "its words, place or history speak for it"


def evidence_of(  # noqa: PLR0913 - each is a source of knowledge of its own
    patch: Patch,
    *,
    old: Read,
    new: Read,
    tests: Sequence[str],
    recording: Recording | None = None,
    since: Since | None = None,
    graph: ImportGraph | None = None,
    seconds: Mapping[str, float] | None = None,
    library: Library | None = None,
) -> Evidence:
    """Gather what is known of each of ``tests``, the listing of the tree after the patch.

    ``old`` and ``new`` read the trees before and after the patch. ``since`` is about the tree that was recorded, where
    that is another than ``old``: lines are looked up where they were then, and tests that may by now reach what they
    did not reach then are forced. ``graph`` is of the tree after it. ``seconds`` are
    usual durations; without them, the recording's count. A ``library`` that lives longer spares reading texts again.
    ``BadInput`` when a test is listed twice.
    """
    if len(set(tests)) != len(tests):
        raise BadInput("a test is listed twice", field="tests", fix="list every test once")
    library = library or Library()
    listing = listing_of(tests, new, library)
    edits = edits_of(patch, old, new)
    table = Table(listing)
    statements = 0
    names: dict[int, frozenset[str]] = {}
    reached: dict[str, Reason] = {}
    if recording is not None:
        stale = [file for file in {edit.file for edit in edits} if is_stale(recording, file, old(file))]
        followed = Followed(recording.files, since.read if since else old, library)
        trails = {place: followed.trail(edit) for place, edit in enumerate(edits) if edit.binds}
        names = {place: trail.names for place, trail in trails.items()}
        traces = traces_of(_as_recorded(edits, stale, old, since), trails, recording, stale)
        table.put_traces(traces, recording)
        statements = traces.statements
        found = reached_since(edits, since, old, recording) if since else {}
        reached = {test: (ReasonKind.COVERED, found[test]) for test in listing.tests if test in found}
    table.put_lexical(lexical_of(edits, names, listing))
    table.put_nearness(edits, graph)
    table.put("edit_count", np.log1p(np.float32(len(edits))))
    return Evidence(
        tests=listing.tests,
        seconds=table.put_seconds(_usual_seconds(listing.tests, recording, seconds)),
        features=table.values,
        forced=reached | _forced(edits, listing, recording),
        unjudged=unjudged(patch, edits, test_files=listing.files, recording=recording, graph=graph),
        notes=tuple(_notes(recording, graph)),
        edits=edits,
        causes=table.causes,
        statements=statements,
        executed=table.executed,
        recorded=recording is not None,
    )


def _as_recorded(edits: Sequence[Edit], stale: Sequence[str], old: Read, since: Since | None) -> Sequence[Edit]:
    texts = {file: (old(file), since.read(file)) for file in stale} if since is not None else {}
    pairs = ((edit, *texts.get(edit.file, (None, None))) for edit in edits)
    return [shifted(edit, text, before) if text and before else edit for edit, text, before in pairs]


def _forced(edits: Sequence[Edit], listing: Listing, recording: Recording | None) -> dict[str, Reason]:
    forced = forced_tests(edits, listing, recording.tests if recording is not None else None)
    if recording is not None:
        lost = {recording.tests[place] for place in np.flatnonzero(recording.flags & LOST)}
        why = (ReasonKind.CANNOT_JUDGE, "it took the recorder away, so nobody knows what it executed")
        forced |= {test: why for test in listing.tests if test in lost and test not in forced}
    return forced


def _usual_seconds(
    tests: Sequence[str], recording: Recording | None, seconds: Mapping[str, float] | None
) -> dict[str, float]:
    recorded = dict(zip(recording.tests, recording.seconds.tolist(), strict=True)) if recording is not None else {}
    return expected_seconds(tests, recorded | dict(seconds or {}))


def _notes(recording: Recording | None, graph: ImportGraph | None) -> Iterator[str]:
    if recording is None:
        how = "imports, names and paths" if graph is not None else "names and paths"
        yield f"nothing is recorded of what tests execute, so {how} are all that is known"


def _told(edit: Edit) -> str:
    if edit.symbol:
        return f"{edit.symbol} in {shown(edit.path)}"
    return shown(edit.path)
