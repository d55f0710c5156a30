"""Judging regions from what every prober stored: each result counts once, and the next leader goes on from the last."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from maestro.config.topology import Topology, load_topology
from maestro.ledger import Ledger, ProbeFinding
from maestro.ledger.region_tables import probes
from maestro.regions.burn import Condition
from maestro.regions.probes import Probe
from maestro.regions.states import STALE_SECONDS, current_states, known_states
from tests.clusters.conftest import TOPOLOGY
from workers.control.judging import Judge

REGIONS = ("eu-north", "eu-west")
EVERY = (Probe.FRONTEND, Probe.CANARY, Probe.WORKERS, Probe.START_LATENCY, Probe.LEDGER)


@pytest.fixture
def topology() -> Topology:
    return load_topology(TOPOLOGY)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as opened:
        yield opened


def probe(ledger: Ledger, *bad: Probe, earlier_by: float = 0.0) -> None:
    """One round of every probe of a region by two probers, of which these found something amiss.

    What was found before is moved back in time by so many seconds.
    """
    with ledger._database.write() as connection:
        connection.execute(sa.update(probes).values(at=probes.c.at - earlier_by))
    for prober in REGIONS:
        ledger.probes.add(
            *(
                ProbeFinding(
                    region="eu-north",
                    probe=one.value,
                    prober=prober,
                    good=one not in bad,
                    value=0.01,
                    detail="no answer" if one in bad else "",
                )
                for one in EVERY
            )
        )


def burn(ledger: Ledger) -> None:
    """The frontend answered nobody for half a minute."""
    for _ in range(30):
        probe(ledger, Probe.FRONTEND, earlier_by=1.0)


async def begun(topology: Topology, ledger: Ledger) -> Judge:
    judge = Judge(topology, ledger)
    await judge.begin()
    return judge


async def test_every_region_has_a_state_also_one_that_nobody_probed(topology: Topology, ledger: Ledger) -> None:
    judge = await begun(topology, ledger)
    assert set(judge.states) == set(REGIONS)
    assert not any(state.healthy for state in judge.states.values()), "what nobody knows is not good"


async def test_what_is_judged_stands_in_the_ledger_for_the_router(topology: Topology, ledger: Ledger) -> None:
    probe(ledger)
    judge = await begun(topology, ledger)
    assert known_states(ledger) == judge.states
    assert {state.region for state in current_states(ledger)} == set(REGIONS)


async def test_a_region_whose_frontend_fails_everybody_burns(topology: Topology, ledger: Ledger) -> None:
    burn(ledger)
    judge = await begun(topology, ledger)
    assert judge.states["eu-north"].condition is Condition.BURNING
    assert "no answer" in "; ".join(judge.states["eu-north"].reasons)
    assert Probe.FRONTEND in judge.states["eu-north"].burning_probes()


async def test_a_result_that_is_read_again_counts_once(topology: Topology, ledger: Ledger) -> None:
    for _ in range(5):
        probe(ledger)
    probe(ledger, Probe.FRONTEND)
    fresh = await begun(topology, ledger)
    judge = await begun(topology, ledger)
    for _ in range(3):
        await judge.judge()
    rates = [
        [window.short_rate for burn in one.states["eu-north"].burns for window in burn.windows]
        for one in (fresh, judge)
    ]
    assert rates[0] == rates[1]


async def test_the_next_leader_goes_on_from_what_the_last_one_said(topology: Topology, ledger: Ledger) -> None:
    burn(ledger)
    first = await begun(topology, ledger)
    second = await begun(topology, ledger)
    assert second.states["eu-north"].condition is first.states["eu-north"].condition is Condition.BURNING
    assert second.states["eu-north"].since == first.states["eu-north"].since


async def test_a_state_that_no_controller_renewed_says_nothing_about_now(topology: Topology, ledger: Ledger) -> None:
    judge = await begun(topology, ledger)
    state = judge.states["eu-north"]
    old = state.model_copy(update={"at": state.at - STALE_SECONDS})
    ledger.region_states.put("eu-north", old.model_dump(mode="json"))
    assert [one.region for one in current_states(ledger)] == ["eu-west"]
    assert set(known_states(ledger)) == set(REGIONS)
