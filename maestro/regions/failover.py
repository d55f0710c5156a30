"""Whether the namespace moves to another cluster: planned, forced or not at all, and why.

Forced loses the tail that was not replicated yet (what it started is started again through the ledger), so it is for a
cluster whose frontend or canary burns. What still answers is left by a planned handover, which loses nothing. Home is
returned to by a planned one only. What speaks against a move is collected whole, so that a person reads every reason.
"""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from maestro.config.clusters import Failover
from maestro.model.base import Model
from maestro.regions.burn import Condition, RegionState
from maestro.regions.probes import Probe
from maestro.words import count, duration

FATAL = frozenset({Probe.FRONTEND, Probe.CANARY})
"""Probes that say that the cluster itself does not conduct. Dead workers, slow starts and a ledger that is far away are
troubles of a region: those of the other regions serve the same cluster, so nothing that was done needs to be given up.
"""

FLAP_WINDOW_SECONDS = 3_600.0
"""Each failover within this time doubles the wait for the next one."""

_RANK = {Condition.HEALTHY: 0, Condition.RECOVERING: 1, Condition.BURNING: 2}


class FailoverKind(StrEnum):
    """PLANNED hands over what is in flight and needs both sides; FORCED takes it, and needs the one that takes."""

    PLANNED = "planned"
    FORCED = "forced"


class Outcome(StrEnum):
    """DONE: the namespace moved. FAILED: it did not; a planned handover rolls itself back."""

    DONE = "done"
    FAILED = "failed"


class PastFailover(Model):
    """A failover that has ended, at ``ended_at`` seconds since the epoch. ``requested``: a person had asked for it."""

    kind: FailoverKind
    to_cluster: str
    ended_at: float
    outcome: Outcome = Outcome.DONE
    requested: bool = False

    @property
    def moved(self) -> bool:
        """A forced one counts whatever came of it: the epoch was raised."""
        return self.outcome is Outcome.DONE or self.kind is FailoverKind.FORCED


class RunningFailover(Model):
    """A failover under way since ``started_at``, seconds since the epoch."""

    kind: FailoverKind
    to_cluster: str
    started_at: float


class Replication(Model):
    """How well ``to_cluster`` follows the active one. None is not known, which is never within a limit."""

    to_cluster: str
    stuck: bool | None = None
    backlog_tasks: int | None = Field(default=None, ge=0)
    lag_seconds: float | None = Field(default=None, ge=0)


class Ruling(Model):
    """What policy says of a move of this kind to this cluster; ``reasons`` are its sentences where it refuses."""

    to_cluster: str
    kind: FailoverKind
    allowed: bool
    reasons: tuple[str, ...] = ()


class Situation(Model):
    """All that a decision depends on. ``version`` and ``active`` are the ledger's epoch, ``handing_over`` whether it
    still admits the version that is left.

    ``states`` are those of the regions of each cluster; ``reachable`` the clusters whose frontend answers who decides.
    ``recent`` are the failovers that ended within the last hour, and the last one whenever it was, in any order. A move
    without a ruling is refused. ``now`` is the ledger's time, seconds since the epoch.
    """

    version: int
    active: str
    home: str
    states: dict[str, tuple[RegionState, ...]]
    reachable: tuple[str, ...] = ()
    replication: tuple[Replication, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    running: RunningFailover | None = None
    handing_over: bool = False
    recent: tuple[PastFailover, ...] = ()
    automatic: bool = True
    now: float


class FailoverDecision(Model):
    """``kind`` and ``to_cluster`` are None where nothing moves; ``reasons`` are sentences either way."""

    kind: FailoverKind | None = None
    to_cluster: str | None = None
    reasons: tuple[str, ...]


def decide(situation: Situation, limits: Failover) -> FailoverDecision:
    """What a controller does now. Same situation, same decision."""
    if busy := _busy(situation):
        return FailoverDecision(reasons=(busy,))
    condition, why = cluster_condition(situation, situation.active)
    if condition is Condition.BURNING:
        decision = _leave(situation, limits, why)
    elif situation.active != situation.home:
        decision = _return(situation, limits)
    else:
        decision = FailoverDecision(reasons=(f"{situation.active} is {condition.value} and at home", *why))
    if decision.kind is not None and not situation.automatic:
        would = f"a {decision.kind.value} failover to {decision.to_cluster} would be made, but the mode is manual"
        return FailoverDecision(reasons=(would, *decision.reasons))
    return decision


def requested(
    situation: Situation, to: str, *, kind: FailoverKind, limits: Failover, even_if_worse: bool = False
) -> FailoverDecision:
    """What a person asked for. ``even_if_worse`` takes their word against health, lag and the waiting time; nothing
    goes past policy, a running failover, or a planned one of a cluster that does not answer.
    """
    if busy := _busy(situation):
        return FailoverDecision(reasons=(busy,))
    if to not in situation.states:
        known = " or ".join(sorted(situation.states))
        return FailoverDecision(reasons=(f"there is no cluster {to}; there is {known}",))
    if to == situation.active:
        return FailoverDecision(reasons=(f"{to} is the active cluster already",))
    hard = (*_denied(situation, to, kind), *(_unreachable(situation, to) if kind is FailoverKind.PLANNED else ()))
    soft = tuple(_in_doubt(situation, to, kind, limits))
    if hard or (soft and not even_if_worse):
        return FailoverDecision(reasons=(*hard, *(() if even_if_worse else soft)))
    overruled = tuple(f"overruled by the person who asked: {reason}" for reason in soft)
    return FailoverDecision(kind=kind, to_cluster=to, reasons=("a person asked for it", *overruled))


def next_version(current: int, *, initial: int, increment: int) -> int:
    """The failover version that makes a cluster active: the smallest above ``current`` that is the cluster's own, so
    that its remainder by ``increment`` is that of the cluster's ``initial`` version. Temporal counts in the same way.
    """
    return current + 1 + (initial - current - 1) % increment


def cluster_condition(situation: Situation, cluster: str) -> tuple[Condition, tuple[str, ...]]:
    """The condition of the cluster's best region, which can carry it, with its reasons; without any state it burns."""
    states = sorted(situation.states.get(cluster, ()), key=lambda state: (_RANK[state.condition], state.region))
    if not states:
        return Condition.BURNING, (f"nothing is known of {cluster}",)
    return states[0].condition, tuple(f"{state.region}: {reason}" for state in states for reason in state.reasons)


def wait_seconds(situation: Situation, limits: Failover) -> float:
    """How long until the namespace may move again: ``min_interval_seconds`` after the last move, doubled with each
    further one of the hour before. What a person asked for is no flapping: a region that dies after it is left at once.
    """
    moves = [past for past in situation.recent if past.moved and not past.requested]
    return _wait(moves, situation.now, limits)


def _busy(situation: Situation) -> str:
    if running := situation.running:
        age = duration(max(0.0, situation.now - running.started_at))
        return f"a {running.kind.value} failover to {running.to_cluster} has been running for {age}"
    if situation.handing_over:
        return f"the handover to {situation.active} is not settled yet: the ledger still admits what is left"
    return ""


def _leave(situation: Situation, limits: Failover, why: tuple[str, ...]) -> FailoverDecision:
    """Away from a cluster that burns: to home first, else by name, to the first that nothing speaks against."""
    kind = FailoverKind.FORCED if _is_fatal(situation) else FailoverKind.PLANNED
    young = () if kind is FailoverKind.FORCED else tuple(_just_begun(situation, limits))
    against: list[str] = []
    others = sorted(set(situation.states) - {situation.active}, key=lambda name: (name != situation.home, name))
    for other in others:
        obstacles = (*young, *_obstacles(situation, other, kind, limits))
        if not obstacles:
            what = "burns its budget" if kind is FailoverKind.FORCED else "is degraded, but answers"
            return FailoverDecision(
                kind=kind, to_cluster=other, reasons=(f"{situation.active} {what}, and {other} does not", *why)
            )
        against += [obstacle for obstacle in obstacles if obstacle not in against]
    stays = f"{situation.active} burns its budget, and stays active because no cluster may take over"
    return FailoverDecision(reasons=(stays, *(against or ["there is no other cluster"]), *why))


def _is_fatal(situation: Situation) -> bool:
    """Whether the cluster itself fails in the eyes of each of its regions. Of one without a state nothing is known,
    and nothing is given up for what is not known.
    """
    states = situation.states.get(situation.active, ())
    return bool(states) and all(FATAL.intersection(state.burning_probes()) for state in states)


def _conducts(situation: Situation, cluster: str) -> bool:
    """Whether the cluster itself is well now, whatever else its regions suffer from: better than one that is gone."""
    return cluster in situation.reachable and any(
        all(not burn.burning and burn.short_rate < 1 for burn in state.burns if burn.probe in FATAL)
        for state in situation.states.get(cluster, ())
    )


def _just_begun(situation: Situation, limits: Failover) -> Iterator[str]:
    """A degraded cluster still works, and a controller or a worker that is restarted degrades it for moments."""
    wanted = limits.slo.recover_seconds
    for state in situation.states.get(situation.active, ()):
        if situation.now - state.since < wanted:
            burning = duration(max(0.0, situation.now - state.since))
            yield f"{state.region} is degraded for {burning} only (a handover is worth it after {duration(wanted)})"


def _return(situation: Situation, limits: Failover) -> FailoverDecision:
    """Home again, where it has been well for long enough and nobody had sent the namespace away from it on purpose."""
    home = situation.home
    obstacles = [*_obstacles(situation, home, FailoverKind.PLANNED, limits), *_not_quiet(situation, limits)]
    if obstacles:
        return FailoverDecision(reasons=(f"{situation.active} stays active instead of its home {home}", *obstacles))
    quiet = f"{home} is the home and has been healthy for more than {duration(limits.quiet_seconds)}"
    return FailoverDecision(kind=FailoverKind.PLANNED, to_cluster=home, reasons=(quiet,))


def _not_quiet(situation: Situation, limits: Failover) -> Iterator[str]:
    moves = sorted((past for past in situation.recent if past.moved), key=lambda past: past.ended_at)
    if moves and moves[-1].requested:
        yield f"a person moved it to {moves[-1].to_cluster}, so it returns when a person asks for it"
    last = moves[-1].ended_at if moves else 0.0
    for state in situation.states.get(situation.home, ()):
        quiet = max(0.0, situation.now - max(state.since, last))
        if not state.healthy or quiet < limits.quiet_seconds:
            yield f"{state.region} was quiet for {duration(quiet)} of {duration(limits.quiet_seconds)}"


def _obstacles(situation: Situation, to: str, kind: FailoverKind, limits: Failover) -> Iterator[str]:
    """Everything that speaks against a move of this kind to this cluster."""
    yield from _denied(situation, to, kind)
    if kind is FailoverKind.PLANNED:
        yield from _unreachable(situation, to)
    yield from _in_doubt(situation, to, kind, limits)


def _denied(situation: Situation, to: str, kind: FailoverKind) -> tuple[str, ...]:
    rulings = [ruling for ruling in situation.rulings if ruling.to_cluster == to and ruling.kind is kind]
    if not rulings:
        return (f"policy was not asked about a {kind.value} failover to {to}, which counts as a refusal",)
    refusals = [ruling for ruling in rulings if not ruling.allowed or ruling.reasons]
    fallback = f"policy refuses a {kind.value} failover to {to}"
    return tuple(reason for ruling in refusals for reason in (ruling.reasons or (fallback,)))


def _unreachable(situation: Situation, to: str) -> tuple[str, ...]:
    return tuple(
        f"{name} does not answer, so nothing can be handed over"
        for name in (situation.active, to)
        if name not in situation.reachable
    )


def _in_doubt(situation: Situation, to: str, kind: FailoverKind, limits: Failover) -> Iterator[str]:
    """What a person may overrule: a side that is not well, a standby that lags, a failover too soon after another."""
    condition, why = cluster_condition(situation, to)
    if condition is not Condition.HEALTHY and not (kind is FailoverKind.FORCED and _conducts(situation, to)):
        yield f"{to} is {condition.value}, so it is no better: {'; '.join(why)}"
    if kind is FailoverKind.PLANNED:
        yield from _lagging(situation, to, limits)
    wait = wait_seconds(situation, limits)
    if wait > 0:
        yield f"the last failover was too short a time ago: the next one may come in {duration(wait)}"
    failed = [past for past in situation.recent if not past.moved]
    if kind is FailoverKind.PLANNED and (wait := _wait(failed, situation.now, limits)) > 0:
        yield f"the last handover failed: the next one may be tried in {duration(wait)}"


def _lagging(situation: Situation, to: str, limits: Failover) -> Iterator[str]:
    figures = next((one for one in situation.replication if one.to_cluster == to), Replication(to_cluster=to))
    if figures.stuck is not False:
        yield f"the replication to {to} {'is stuck' if figures.stuck else 'may be stuck: nobody knows'}"
    if figures.backlog_tasks is None:
        yield f"the replication backlog of {to} is not known"
    elif figures.backlog_tasks > limits.replication_backlog_limit:
        waiting = count(figures.backlog_tasks, "task")
        yield f"{waiting} wait to be replicated to {to} (limit {limits.replication_backlog_limit:,})"
    if figures.lag_seconds is None:
        yield f"the replication lag of {to} is not known"
    elif figures.lag_seconds > limits.replication_lag_limit_seconds:
        limit = duration(limits.replication_lag_limit_seconds)
        yield f"{to} lags {duration(figures.lag_seconds)} behind (limit {limit})"


def _wait(past: list[PastFailover], now: float, limits: Failover) -> float:
    if not past:
        return 0.0
    # One that ended in the future has just ended: the ledger's clock was set back.
    last = max(one.ended_at for one in past)
    within_hour = sum(one.ended_at > now - FLAP_WINDOW_SECONDS for one in past)
    doublings = min(max(0, within_hour - 1), 16)
    interval = min(limits.min_interval_seconds * 2.0**doublings, limits.max_interval_seconds)
    return max(0.0, last + interval - now)
