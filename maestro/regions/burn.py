"""A region's state by multi-window, multi-burn-rate alerting, with hysteresis on the way back.

After "Multiwindow, Multi-Burn-Rate Alerts" in chapter 5, "Alerting on SLOs", of Google's Site Reliability Workbook
(O'Reilly, 2018): a region burns where the error ratio over a long window, divided by the error budget, exceeds a rate,
and the ratio over a short window does so too. The long one keeps a blip from counting, the short one ends the alarm.
Each probe is judged by itself and the worst one decides, so that nine good probes do not hide a bad one.

Two cut-off halves can both believe that the other one is gone. That is no split brain: who may act is said by the
ledger's epoch alone, and what is judged here only decides whether asking for the next epoch is worth it.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from maestro.config.slo import Slo
from maestro.model.base import Model
from maestro.regions.probes import Probe, ProbeResult
from maestro.regions.windows import ProbeBurn, burns, silence_limit_seconds
from maestro.words import duration

PAIRWISE = frozenset({Probe.REPLICATION})
"""Probes of what lies between two clusters: either may be to blame, and leaving one because the other one is dead would
be wrong. They are told as warnings, and decide whether a planned handover is worth trying.
"""


class Condition(StrEnum):
    """HEALTHY may be placed in and moved to; RECOVERING does not burn any more, but not for long enough."""

    HEALTHY = "healthy"
    RECOVERING = "recovering"
    BURNING = "burning"


class RegionState(Model):
    """The state of a region at ``at``; ``since`` is when its condition began. Both seconds since the epoch.

    ``reasons`` are sentences on why it is not healthy, ``warnings`` those that are worth knowing and decide nothing.
    ``calm_seconds`` is how long it has not burned, as far as somebody looked.
    """

    region: str
    condition: Condition
    since: float
    at: float
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    burns: tuple[ProbeBurn, ...] = ()
    calm_seconds: float = 0.0

    @property
    def healthy(self) -> bool:
        return self.condition is Condition.HEALTHY

    def burning_probes(self) -> tuple[Probe, ...]:
        """The probes that burn and decide, sorted."""
        return tuple(burn.probe for burn in self.burns if burn.burning and burn.probe not in PAIRWISE)


def next_state(
    previous: RegionState | None, results: Iterable[ProbeResult], *, region: str, slo: Slo, now: float
) -> RegionState:
    """The region's state at ``now`` (seconds since the epoch, by the ledger's clock), from the state before and every
    result that the windows reach back to (``still_needed`` keeps those). Results of other regions are passed over.

    A probe that ``previous`` knows is still waited for; where a probe is no longer made at all, begin with None. The
    first state of all needs no recovery: it is healthy as soon as everything waited for was measured and is good.
    """
    found = burns(results, region=region, slo=slo, now=now, waited_for=_waited_for(previous, now))
    deciding = [burn for burn in found if burn.probe not in PAIRWISE]
    calm = _calm_seconds(previous, any(burn.burning for burn in deciding), slo=slo, now=now)
    reasons = tuple(_reasons(deciding, previous, calm, slo=slo, now=now))
    if any(burn.burning for burn in deciding):
        condition = Condition.BURNING
    elif not reasons or (previous is not None and previous.healthy):
        condition, reasons = Condition.HEALTHY, ()
    else:
        condition = Condition.RECOVERING
    same = previous is not None and previous.condition is condition
    return RegionState(
        region=region,
        condition=condition,
        since=previous.since if previous is not None and same else now,
        at=now,
        reasons=reasons,
        warnings=tuple(_warnings(found, now=now)),
        burns=found,
        calm_seconds=calm,
    )


def _waited_for(previous: RegionState | None, now: float) -> dict[Probe, float]:
    """A region whose frontend nobody asks is not known to be healthy; a probe that stops coming is not good news."""
    known = {} if previous is None else {burn.probe: burn.seen_at for burn in previous.burns}
    return {Probe.FRONTEND: now, **known}


def _calm_seconds(previous: RegionState | None, burning: bool, *, slo: Slo, now: float) -> float:  # noqa: FBT001
    if burning:
        return 0.0
    if previous is None:
        return slo.recover_seconds
    # While nobody looked it may have burned: no more than a short window counts, nor does a clock that was set back.
    looked = min(max(0.0, now - previous.at), silence_limit_seconds(slo, Probe.FRONTEND))
    return min(previous.calm_seconds + looked, slo.recover_seconds)


def _reasons(
    deciding: list[ProbeBurn], previous: RegionState | None, calm: float, *, slo: Slo, now: float
) -> Iterator[str]:
    """What is against the region being healthy, the probes that burn first."""
    for burn in sorted(deciding, key=lambda one: not one.burning):
        if burn.burning:
            yield told(burn, now=now)
        elif not burn.probers:
            yield f"{_name(burn.probe)}: nobody has measured it yet"
        elif burn.short_rate >= 1:
            yield f"{_name(burn.probe)}: it is bad just now{_because(burn)}"
    burned = previous is not None and not previous.healthy
    if burned and calm < slo.recover_seconds and not any(burn.burning for burn in deciding):
        yield f"it has not burned for {duration(calm)} ({duration(slo.recover_seconds)} are wanted)"


def told(burn: ProbeBurn, *, now: float) -> str:
    """A sentence on the pair of windows in which the probe burns most."""
    worst = burn.worst
    if not burn.probers:
        return f"{_name(burn.probe)}: nobody has measured it for {duration(now - burn.seen_at)}"
    return (
        f"{_name(burn.probe)}: {worst.long_rate:.3g} times its error budget over {duration(worst.long_seconds)} and "
        f"{worst.short_rate:.3g} times over {duration(worst.short_seconds)} (limit {worst.limit:g}){_because(burn)}"
    )


def _warnings(found: Iterable[ProbeBurn], *, now: float) -> Iterator[str]:
    for burn in found:
        if burn.burning and burn.probe in PAIRWISE:
            yield told(burn, now=now)
        others = [prober for prober in burn.probers if prober not in burn.burning_for]
        if burn.burning_for and others:
            yield (
                f"{_name(burn.probe)}: {' and '.join(burn.burning_for)} see it burning, {' and '.join(others)} do not; "
                f"it counts as {'burning' if burn.burning else 'good'}"
            )


def _because(burn: ProbeBurn) -> str:
    return f": {burn.detail}" if burn.detail else ""


def _name(probe: Probe) -> str:
    return probe.value.replace("_", " ")
