"""A drill for people: tables for the terminal, and one page with the same tables and the picture of what happened when.

No script, no request: the page can be kept as evidence.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from maestro.render import templates
from maestro.render.untrusted import Shown, line
from maestro.render.view import Pair, Tone
from workers.drill.faults import FaultKind
from workers.drill.figures import STALL_SECONDS, Spread, failovers, spread, stalls
from workers.drill.running import Drill
from workers.drill.sink import Way
from workers.drill.timeline import Strip, strips

NONE = "none"
"""Stands in a table where there is no figure."""

TITLES = {
    Way.MAESTRO: "through the ledger",
    Way.DOCUMENTED: "run id + activity id as the key",
    Way.PLAIN: "plain Temporal, no key",
}


@dataclass(frozen=True)
class Table:
    """A table with its caption; the first cell of each row is its heading."""

    id: Shown
    caption: Shown
    titles: tuple[Shown, ...]
    rows: tuple[tuple[Shown, ...], ...]


@dataclass(frozen=True)
class DrillView:
    """A drill, verdict first."""

    tone: Tone
    verdict: Shown
    title: Shown
    subject: tuple[Pair, ...]
    problems: tuple[Shown, ...]
    tables: tuple[Table, ...]
    strips: tuple[Strip, ...]


def page(drill: Drill) -> str:
    """The report as one HTML file. The same drill gives the same bytes."""
    sheets = (templates.STYLE_SHEET, "charts.css", "drill.css")
    return templates.html("drill-report.html.j2", view(drill), sheets=sheets)


def verdict(drill: Drill) -> str:
    """One sentence."""
    broken = drill.findings.broken
    if not broken:
        return "every promise held"
    names = "; ".join(invariant.name for invariant in broken)
    return f"{len(broken)} of {len(drill.findings.invariants)} promises broke: {names}"


def view(drill: Drill) -> DrillView:
    """All that the page shows, made safe to show."""
    reading = drill.reading
    minutes = (reading.ended_at - reading.began_at) / 60
    facts = (
        ("Faults", str(len(reading.faults))),
        ("Seed", str(drill.seed)),
        ("Pull requests", str(len(reading.pull_requests))),
        ("Failovers", str(len(failovers(reading)))),
        ("Lasted", f"{minutes:.1f} min"),
    )
    return DrillView(
        tone="green" if not drill.findings.broken else "red",
        verdict=line(verdict(drill)),
        title=line("Two clusters, hurt at random, read from outside"),
        subject=tuple(Pair(label=line(label), value=line(value)) for label, value in facts),
        problems=tuple(line(problem) for invariant in drill.findings.broken for problem in invariant.problems),
        tables=tables(drill),
        strips=strips(reading),
    )


def tables(drill: Drill) -> tuple[Table, ...]:
    """The same for page and terminal."""
    return (_ways(drill), _work(drill), _failovers(drill), _faults(drill), _invariants(drill))


def _ways(drill: Drill) -> Table:
    rows = [
        (TITLES[way.way], str(way.effects), str(way.applied), str(way.duplicates), str(way.lost))
        for way in drill.findings.ways
    ]
    return _table(
        "ways", "The same effects in each way", ("Way", "Effects wanted", "Happened", "Duplicates", "Lost"), rows
    )


def _work(drill: Drill) -> Table:
    reading = drill.reading
    merged = sum(bool(moves) for moves in reading.branches.values())
    commented = sum(bool(keys) for keys in reading.comments.values())
    reviewed = sum(run.reviews > 0 for run in reading.pull_requests)
    rows = [
        ("pull requests", str(len(reading.pull_requests))),
        ("merges", str(merged)),
        ("comments", str(commented)),
        ("verdicts", str(len(reading.verdicts))),
        ("effects recorded in the ledger", str(len(reading.effects))),
        ("records in the chain", str(len(reading.records))),
        ("pull requests that waited for a person", str(reviewed)),
        (
            "workflows that were started again after a cluster lost them",
            str(sum(run.starts > 1 for run in reading.workflows)),
        ),
    ]
    return _table("work", "What was done", ("What", "How many"), rows)


def _failovers(drill: Drill) -> Table:
    moves = failovers(drill.reading)
    still = stalls(drill.reading)
    rows = []
    for kind in sorted({move.kind for move in moves}):
        felt = [move.work_seconds for move in moves if move.kind == kind and move.work_seconds is not None]
        rows.append((f"{kind}: {_since(kind)} to the first effect under the new epoch", *_spread(spread(felt))))
    decided = [move.decided_seconds for move in moves if move.kind == "forced"]
    rows.append(("forced: fault to decision", *_spread(spread(decided))))
    rows.append(
        (f"stalls: times without any effect above {STALL_SECONDS:g} s", *_spread(spread([s.seconds for s in still])))
    )
    return _table("failovers", "Failovers and stalls", ("What", "How many", "p50", "p95", "Longest"), rows)


def _since(kind: str) -> str:
    return "fault" if kind == "forced" else "decision"


def _faults(drill: Drill) -> Table:
    counts = Counter(done.fault.kind for done in drill.reading.faults)
    lasted = Counter[FaultKind]()
    for done in drill.reading.faults:
        lasted[done.fault.kind] += round(done.ended_at - done.began_at)
    rows = [(kind.value, str(counts[kind]), f"{lasted[kind]} s") for kind in FaultKind if counts[kind]]
    return _table("faults", "Faults by kind", ("Kind", "How many", "Together"), rows)


def _invariants(drill: Drill) -> Table:
    rows = [
        (invariant.name, str(invariant.looked_at), "holds" if invariant.holds else "; ".join(invariant.problems[:3]))
        for invariant in drill.findings.invariants
    ]
    return _table("promises", "What has to hold", ("Promise", "Looked at", "Found"), rows)


def _spread(found: Spread) -> tuple[str, str, str, str]:
    figures = (found.p50_seconds, found.p95_seconds, found.max_seconds)
    p50, p95, longest = (NONE if figure is None else f"{figure:.1f} s" for figure in figures)
    return str(found.count), p50, p95, longest


def _table(name: str, caption: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    return Table(
        id=line(name),
        caption=line(caption),
        titles=tuple(line(title) for title in titles),
        rows=tuple(tuple(line(cell) for cell in row) for row in rows),
    )
