"""The report of a drill: verdict first, every figure in a table, what others wrote as text."""

import re

from tests.workers.drill.readings import applied, sound
from workers.drill.check import check
from workers.drill.figures import failovers, spread, stalls
from workers.drill.report import page, tables, verdict
from workers.drill.running import Drill
from workers.drill.seen import Reading
from workers.drill.sink import Way


def drill(reading: Reading) -> Drill:
    return Drill(faults=1, seed=7, reading=reading, findings=check(reading))


def cells(reading: Reading, table: str) -> list[tuple[str, ...]]:
    [found] = [part for part in tables(drill(reading)) if part.id == table]
    return [tuple(row) for row in found.rows]


def test_a_failover_lasts_from_the_fault_to_the_first_effect_under_the_new_epoch() -> None:
    [found] = failovers(sound())
    assert (found.kind, found.decided_seconds, found.work_seconds) == ("forced", 5.0, 9.5)


def test_a_failover_after_which_nothing_was_done_has_no_time() -> None:
    reading = sound()
    before = tuple(line for line in reading.applied if line.epoch == 1)
    [found] = failovers(reading.model_copy(update={"applied": before}))
    assert found.work_seconds is None


def test_a_handover_that_was_given_up_is_no_failover() -> None:
    reading = sound()
    [move] = reading.moves
    failed = move.model_copy(update={"outcome": "failed: it has fallen silent"})
    assert failovers(reading.model_copy(update={"moves": (failed,)})) == ()


def test_a_long_time_without_an_effect_is_a_stall() -> None:
    assert [stall.seconds for stall in stalls(sound())] == [10.5]
    between = (*sound().applied, applied(Way.MAESTRO, "w-maestro/0", 107.0))
    assert [stall.seconds for stall in stalls(sound().model_copy(update={"applied": between}))] == [5.5]


def test_without_times_there_is_no_percentile() -> None:
    assert spread([]).p95_seconds is None
    assert spread([4.0, 1.0, 2.0, 3.0]).p95_seconds == 4.0


def test_the_tables_show_the_ways_beside_each_other() -> None:
    reading = sound()
    doubled = (*reading.applied, applied(Way.PLAIN, "w-plain/0", 116.0))
    ways = cells(reading.model_copy(update={"applied": doubled}), "ways")
    assert ways[0] == ("through the ledger", "2", "2", "0", "0")
    assert ways[2] == ("plain Temporal, no key", "2", "3", "1", "0")


def test_the_verdict_names_what_broke() -> None:
    assert verdict(drill(sound())) == "every promise held"
    broken = drill(sound().model_copy(update={"comments": {}}))
    assert "each head carries one comment" in verdict(broken)
    assert "drill-1 has 0 comments" in page(broken)


def test_the_page_needs_nothing_from_elsewhere_and_shows_when_what_happened() -> None:
    shown = page(drill(sound()))
    assert "<script" not in shown
    assert not re.search(r"(src|href)\s*=\s*[\"']?https?:", shown)
    assert "kill server, eu-north" in shown
    assert "forced failover to west: done" in shown
    assert shown == page(drill(sound()))


def test_what_is_quoted_on_the_page_is_text() -> None:
    reading = sound()
    [fault] = reading.faults
    hostile = fault.model_copy(update={"detail": "<script>alert(1)</script>"})
    assert "<script>" not in page(drill(reading.model_copy(update={"faults": (hostile,)})))
