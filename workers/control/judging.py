"""Judges the regions from every prober's results, which are read once each and kept for as long as they count."""

import asyncio

import structlog

from maestro.config.topology import Topology
from maestro.ledger import Ledger
from maestro.ledger.probes import ProbeRow
from maestro.regions.burn import RegionState, next_state
from maestro.regions.probes import Probe, ProbeResult
from maestro.regions.states import known_states
from maestro.regions.windows import still_needed

FIRST_READ_SECONDS = 900.0
"""How far back whoever begins to lead reads: enough for the probes that decide, and done in an instant."""

OVERLAP_SECONDS = 10.0
"""How far back is read again: a prober's transaction may have been dated before our last look and ended after it."""


class Judge:
    """The states of all regions, for the router, the table and the decision. ``states`` is what was judged last."""

    def __init__(self, topology: Topology, ledger: Ledger) -> None:
        self._regions = [region.id for region in topology.regions]
        self._slo = topology.failover.slo
        self._ledger = ledger
        self._log = structlog.get_logger("workers.control")
        self._results: dict[str, tuple[ProbeResult, ...]] = {}
        self._read_until = 0.0
        self.states: dict[str, RegionState] = {}

    async def begin(self) -> None:
        """Go on from what an earlier judge has said."""
        self.states = await asyncio.to_thread(known_states, self._ledger)
        await self.judge()

    async def judge(self) -> None:
        """Read what is new and write the state of each region."""
        for region, state in (await asyncio.to_thread(self._judged)).items():
            before = self.states.get(region)
            if before is None or before.condition is not state.condition:
                why = "; ".join(state.reasons)
                self._log.warning("region_state", region=region, condition=state.condition.value, reason=why)
            self.states[region] = state

    def _judged(self) -> dict[str, RegionState]:
        now = self._ledger.now().timestamp()
        seconds = min(FIRST_READ_SECONDS, now - self._read_until + OVERLAP_SECONDS)
        found: dict[str, RegionState] = {}
        for region in self._regions:
            known = self._results.get(region, ())
            seen = {(result.probe, result.prober, result.at) for result in known}
            rows = self._ledger.probes.since(region, seconds)
            fresh = [_result(row) for row in rows]
            fresh = [one for one in fresh if (one.probe, one.prober, one.at) not in seen]
            kept = still_needed((*known, *fresh), slo=self._slo, now=now)
            self._results[region] = kept
            found[region] = next_state(self.states.get(region), kept, region=region, slo=self._slo, now=now)
            self._ledger.region_states.put(region, found[region].model_dump(mode="json"))
        self._read_until = now
        return found


def _result(row: ProbeRow) -> ProbeResult:
    return ProbeResult(
        region=row.region,
        probe=Probe(row.probe),
        prober=row.prober,
        good=row.good,
        value=row.value,
        detail=row.detail,
        at=row.at.timestamp(),
    )
