"""What the ledger keeps of regions: starts, failovers, probes and states."""

import pytest
import sqlalchemy as sa

from maestro.errors import BadInput, Conflict
from maestro.ledger import FailoverKind, Ledger, ProbeFinding
from maestro.ledger.probes import KEEP_SECONDS
from maestro.ledger.region_tables import probes

NAMESPACE = "maestro"


def begin(ledger: Ledger, *, within: sa.Connection | None = None) -> int:
    return ledger.failovers.begin(
        NAMESPACE,
        FailoverKind.FORCED,
        from_cluster="north",
        to_cluster="west",
        version=2,
        reason="north is gone",
        actor="controller/third",
        within=within,
    )


def test_a_workflow_is_started_by_the_first_who_asks(ledger: Ledger) -> None:
    assert ledger.starts.begin("pr/1", NAMESPACE, '{"pr": 1}')
    assert not ledger.starts.begin("pr/1", NAMESPACE, '{"pr": 2}')
    assert [start.request_json for start in ledger.starts.open(NAMESPACE)] == ['{"pr": 1}']


def test_open_starts_are_those_of_the_namespace_that_have_not_ended_oldest_first(ledger: Ledger) -> None:
    for name in ("pr/2", "pr/1", "pr/3"):
        ledger.starts.begin(name, NAMESPACE, "{}")
    ledger.starts.begin("pr/4", "other", "{}")
    for _ in range(2):
        ledger.starts.end("pr/1")
    ledger.starts.end("never begun")
    assert [start.workflow_id for start in ledger.starts.open(NAMESPACE)] == ["pr/2", "pr/3"]
    assert not ledger.starts.begin("pr/1", NAMESPACE, "{}"), "one that has ended is not started again"


def test_a_failover_is_followed_from_its_beginning_to_its_outcome(ledger: Ledger) -> None:
    number = begin(ledger)
    ledger.failovers.step(number, "flip")
    running = ledger.failovers.running(NAMESPACE)
    assert running is not None
    assert (running.number, running.kind, running.step, running.outcome) == (number, "forced", "flip", "")
    ledger.failovers.end(number, "west acts")
    ledger.failovers.end(number, "a late word")
    ledger.failovers.step(number, "a late step")
    assert ledger.failovers.running(NAMESPACE) is None
    (ended,) = ledger.failovers.recent(NAMESPACE)
    assert (ended.outcome, ended.step) == ("west acts", "flip")
    assert ended.ended_at is not None


def test_a_namespace_never_has_two_failovers_at_a_time(ledger: Ledger) -> None:
    first = begin(ledger)
    with pytest.raises(Conflict, match="under way already"):
        begin(ledger)
    ledger.failovers.end(first, "done")
    second = begin(ledger)
    assert [row.number for row in ledger.failovers.recent(NAMESPACE)] == [second, first]
    assert [row.number for row in ledger.failovers.recent(NAMESPACE, 1)] == [second]


def test_a_failover_and_the_epoch_that_it_raises_are_there_together_or_not_at_all(ledger: Ledger) -> None:
    ledger.epochs.begin(NAMESPACE, 1, "north")
    begin(ledger)
    with pytest.raises(Conflict):
        ledger.epochs.raise_to(
            NAMESPACE, version=2, cluster="west", reason="?", also=lambda within: begin(ledger, within=within)
        )
    epoch = ledger.epochs.current(NAMESPACE)
    assert epoch is not None
    assert epoch.version == 1


def test_probes_are_read_back_by_region_and_window(ledger: Ledger) -> None:
    ledger.probes.add(
        ProbeFinding(region="eu-north", probe="frontend", prober="third", good=True, value=0.012),
        ProbeFinding(region="eu-north", probe="canary", good=False, detail="no answer in 5 s"),
        ProbeFinding(region="us-west", probe="frontend", good=True),
    )
    ledger.probes.add()
    found = ledger.probes.since("eu-north", 60)
    assert [(row.probe, row.prober, row.good, row.value, row.detail) for row in found] == [
        ("frontend", "third", True, 0.012, ""),
        ("canary", "", False, None, "no answer in 5 s"),
    ]
    age(ledger, 120)
    assert ledger.probes.since("eu-north", 60) == ()
    assert len(ledger.probes.since("eu-north", 600)) == 2


def test_probes_that_no_window_needs_any_more_are_removed(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.probes.add(ProbeFinding(region="eu-north", probe="frontend", good=True))
        age(ledger, KEEP_SECONDS + 1)
    with ledger._database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(probes)).scalar_one() == 1


def test_a_probe_without_a_measure_leaves_it_out(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="frontend: a probe cannot measure nan"):
        ledger.probes.add(ProbeFinding(region="eu-north", probe="frontend", good=True, value=float("nan")))


def test_the_last_that_was_said_of_a_region_stands(ledger: Ledger) -> None:
    ledger.region_states.put("us-west", {"healthy": True})
    ledger.region_states.put("eu-north", {"healthy": True})
    ledger.region_states.put("eu-north", {"healthy": False, "reasons": ["no answer"]})
    assert [(state.region, state.body) for state in ledger.region_states.all()] == [
        ("eu-north", {"healthy": False, "reasons": ["no answer"]}),
        ("us-west", {"healthy": True}),
    ]


def test_the_time_is_the_ledgers_own(ledger: Ledger) -> None:
    before = ledger.now()
    ledger.region_states.put("eu-north", {})
    (state,) = ledger.region_states.all()
    assert before <= state.at <= ledger.now()


def age(ledger: Ledger, seconds: float) -> None:
    with ledger._database.write() as connection:
        connection.execute(sa.update(probes).values(at=probes.c.at - seconds))
