"""What a controller that begins to lead makes of the failovers that the ledger remembers."""

from datetime import UTC, datetime, timedelta

import pytest

from maestro.ledger import FailoverKind
from maestro.ledger.failovers import FailoverRow
from maestro.regions.failover import FailoverKind as Kind
from maestro.regions.failover import Outcome
from workers.control.leading import CONTROLLER, past

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def row(kind: FailoverKind = FailoverKind.FORCED, **changes: object) -> FailoverRow:
    plain = FailoverRow(
        number=1,
        namespace="maestro",
        kind=kind,
        from_cluster="north",
        to_cluster="west",
        version=2,
        step="rescue",
        reason="north burns",
        actor=f"{CONTROLLER}eu-west@host:1",
        started_at=AT,
        updated_at=AT,
        ended_at=AT + timedelta(seconds=9),
        outcome="done",
    )
    return plain.model_copy(update=changes)


def test_a_failover_that_runs_is_no_past_one() -> None:
    assert past([row(ended_at=None, outcome="")]) == ()


def test_what_a_controller_decided_is_nobodys_wish() -> None:
    [found] = past([row()])
    assert (found.to_cluster, found.outcome, found.requested) == ("west", Outcome.DONE, False)
    assert found.ended_at == (AT + timedelta(seconds=9)).timestamp()


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(row(actor="ada@example.org"), id="by a person"),
        pytest.param(row(FailoverKind.ADOPTED), id="past the controllers"),
    ],
)
def test_what_somebody_asked_for_is_their_wish(asked: FailoverRow) -> None:
    assert past([asked])[0].requested


def test_a_withdrawn_handover_did_not_move_and_a_forced_one_counts_whatever_came_of_it() -> None:
    withdrawn, forced = past([row(FailoverKind.PLANNED, outcome="failed: north fell silent"), row(outcome="failed")])
    assert (withdrawn.kind, withdrawn.moved) == (Kind.PLANNED, False)
    assert (forced.kind, forced.moved) == (Kind.FORCED, True)
