"""What has to hold after a drill, each as a plain function of what was read: the sentences say where it does not.

Nothing here uses the ledger's own code: a mistake in it must not hide itself.
"""

import hashlib
import itertools
import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from maestro.model.base import Model
from workers.drill.seen import LeaseChange, Reading
from workers.drill.sink import Way

SHOWN_PROBLEMS = 20
"""Of each invariant; a drill that breaks one breaks it often."""

STATEMENT_SECONDS = 0.5
"""The database looks at an expiry a moment before the journal notes the change that follows."""

GREEN = "green"
COMPLETED = "COMPLETED"
GENESIS = "sha256:" + "0" * 64
_PLACEMENT = "placement"


class WayTally(Model):
    """How a way did: ``effects`` were wanted, ``duplicates`` came once more, ``lost`` never came."""

    way: Way
    effects: int
    applied: int
    duplicates: int
    lost: int

    @property
    def holds(self) -> bool:
        return not self.duplicates and not self.lost


class Invariant(Model):
    """Something that must hold, the places where it does not, and how many things were looked at."""

    name: str
    looked_at: int
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.problems


class Findings(Model):
    """The whole judgement. The ways beside Maestro's are expected to break and are only told."""

    invariants: tuple[Invariant, ...]
    ways: tuple[WayTally, ...]

    @property
    def broken(self) -> tuple[Invariant, ...]:
        return tuple(invariant for invariant in self.invariants if not invariant.holds)


def check(reading: Reading) -> Findings:
    """Judge what was read. Same reading, same findings."""
    checks: tuple[tuple[str, Callable[[Reading], tuple[int, Iterator[str]]]], ...] = (
        ("each effect of Maestro's way happened once", _effects_once),
        ("every pull request that was started has ended, green as it is", _all_ended),
        ("each base branch moved once, to the tested head", _branches_moved_once),
        ("each head carries one comment", _one_comment),
        ("each test has one verdict", _verdicts_once),
        ("no lease had two holders at one time", _one_holder),
        ("no lease that had ended was renewed", _none_renewed_late),
        ("no fence ever sank", _fences_rise),
        ("no lease was given under an epoch that was left", _leases_under_their_epoch),
        ("no effect was recorded after its lease had ended", _effects_under_their_lease),
        ("the epoch only rose, but for handovers that were withdrawn", _epochs_rise),
        ("nothing was placed where its tenant may not run", _placements_allowed),
        ("the chain of records is intact", _chain_holds),
    )
    invariants = []
    for name, look in checks:
        looked_at, problems = look(reading)
        shown = tuple(itertools.islice(problems, SHOWN_PROBLEMS))
        invariants.append(Invariant(name=name, looked_at=looked_at, problems=shown))
    used = sorted({run.plan.way for run in reading.workflows}, key=list(Way).index)
    return Findings(invariants=tuple(invariants), ways=tuple(tally(reading, way) for way in used))


def tally(reading: Reading, way: Way) -> WayTally:
    """How often each effect of a way was there."""
    wanted = [effect for run in reading.workflows if run.plan.way is way for effect in run.plan.effects]
    counts = Counter(line.effect for line in reading.applied if line.way is way)
    return WayTally(
        way=way,
        effects=len(wanted),
        applied=counts.total(),
        duplicates=sum(count - 1 for count in counts.values()),
        lost=sum(counts[effect] == 0 for effect in wanted),
    )


def _effects_once(reading: Reading) -> tuple[int, Iterator[str]]:
    counts = Counter(line.effect for line in reading.applied if line.way is Way.MAESTRO)
    wanted = [effect for run in reading.workflows if run.plan.way is Way.MAESTRO for effect in run.plan.effects]
    unwanted = counts.keys() - set(wanted)
    return len(wanted), itertools.chain(
        (f"{effect} happened {counts[effect]} times" for effect in wanted if counts[effect] != 1),
        (f"{effect} was not asked for" for effect in sorted(unwanted)),
    )


def _all_ended(reading: Reading) -> tuple[int, Iterator[str]]:
    def problems() -> Iterator[str]:
        for run in reading.pull_requests:
            if run.ended_at is None:
                yield f"{run.workflow_id} never ended"
            elif (run.status, run.decision) != (COMPLETED, GREEN):
                yield f"{run.workflow_id} ended as {run.status} {run.decision}"
        for other in reading.workflows:
            if other.plan.way is Way.MAESTRO and other.status != COMPLETED:
                yield f"{other.plan.workflow_id} {f'ended as {other.status}' if other.status else 'never ended'}"

    return len(reading.pull_requests), problems()


def _branches_moved_once(reading: Reading) -> tuple[int, Iterator[str]]:
    def problems() -> Iterator[str]:
        for run in reading.pull_requests:
            proposal = run.proposal
            moves = [(move.old, move.new) for move in reading.branches.get(proposal.base, ())]
            wanted = [(proposal.base_sha, proposal.head_sha)] if run.decision == GREEN else []
            if moves != wanted:
                yield f"{proposal.base} moved {len(moves)} times instead of {len(wanted)}: {_shown(moves)}"
            elif wanted and reading.tips.get(proposal.base) != proposal.head_sha:
                yield f"{proposal.base} is not at the tested head {proposal.head_sha[:12]}"

    return len(reading.pull_requests), problems()


def _one_comment(reading: Reading) -> tuple[int, Iterator[str]]:
    ended = [run for run in reading.pull_requests if run.decision]
    counts = ((run, len(reading.comments.get(run.proposal.head_sha, ()))) for run in ended)
    return len(ended), (f"{run.proposal.pr} has {count} comments" for run, count in counts if count != 1)


def _verdicts_once(reading: Reading) -> tuple[int, Iterator[str]]:
    """Of each attempt at most one for each test; of all attempts together one for every test."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for verdict in reading.verdicts:
        found[verdict.run_key][verdict.test] += 1

    def problems() -> Iterator[str]:
        for key, tests in found.items():
            yield from (f"{key} has {count} verdicts of {test}" for test, count in tests.items() if count != 1)
        for run in reading.pull_requests:
            begins = f"run/{run.workflow_id.removeprefix('pr/')}/"
            judged = {test for key, tests in found.items() if key.startswith(begins) for test in tests}
            if run.decision == GREEN and judged != set(reading.tests):
                yield f"{run.proposal.pr} is green with verdicts of {sorted(judged)} only"

    return len(reading.verdicts), problems()


def _one_holder(reading: Reading) -> tuple[int, Iterator[str]]:
    return len(reading.leases), (
        f"{after.resource} was given to {after.holder} at {after.at:.3f}, while {before.holder} had it until "
        f"{before.expires_at:.3f}"
        for before, after in _pairs(reading)
        if after.holder != before.holder and after.at < before.expires_at
    )


def _none_renewed_late(reading: Reading) -> tuple[int, Iterator[str]]:
    return len(reading.leases), (
        f"{after.resource} had ended for {after.holder} at {before.expires_at:.3f}, and was renewed at {after.at:.3f}"
        for before, after in _pairs(reading)
        if after.fence == before.fence
        and after.expires_at > after.at
        and after.at - before.expires_at > STATEMENT_SECONDS
    )


def _fences_rise(reading: Reading) -> tuple[int, Iterator[str]]:
    return len(reading.leases), (
        f"the fence of {after.resource} went from {before.fence} ({before.holder}) to {after.fence} ({after.holder})"
        for before, after in _pairs(reading)
        if after.fence < before.fence or (after.fence == before.fence and after.holder != before.holder)
    )


def _pairs(reading: Reading) -> Iterator[tuple[LeaseChange, LeaseChange]]:
    last: dict[str, LeaseChange] = {}
    for change in reading.leases:
        if change.resource in last:
            yield last[change.resource], change
        last[change.resource] = change


def _leases_under_their_epoch(reading: Reading) -> tuple[int, Iterator[str]]:
    moments = [change.at for change in reading.epochs]
    given = [change for change in _givings(reading) if change.epoch]

    def problems() -> Iterator[str]:
        for lease in given:
            index = bisect_right(moments, lease.at) - 1
            then = reading.epochs[index] if index >= 0 else None
            if then is None or lease.epoch not in {then.version, then.leaving}:
                acted = f"epoch {then.version}" if then else "no epoch"
                yield f"{lease.holder} was given {lease.resource} under epoch {lease.epoch} in {acted}"

    return len(given), problems()


def _givings(reading: Reading) -> Iterator[LeaseChange]:
    """The changes by which a lease was given, not renewed or ended."""
    fences: dict[str, int] = {}
    for change in reading.leases:
        if change.fence > fences.get(change.resource, 0):
            fences[change.resource] = change.fence
            yield change


def _effects_under_their_lease(reading: Reading) -> tuple[int, Iterator[str]]:
    ends = _ends(reading)
    leased = [effect for effect in reading.effects if effect.fence]

    def problems() -> Iterator[str]:
        for effect in leased:
            held = ends.get((effect.resource, effect.fence))
            if held is None:
                yield f"{effect.key} was recorded under fence {effect.fence}, which was never given"
            elif not held[0] <= effect.recorded_at <= held[1]:
                yield f"{effect.key} was recorded at {effect.recorded_at:.3f}; its lease lasted until {held[1]:.3f}"

    return len(leased), problems()


def _ends(reading: Reading) -> dict[tuple[str, int], tuple[float, float]]:
    """From when to when each fence of each lease could be acted under."""
    spans: dict[tuple[str, int], tuple[float, float]] = {}
    for change in reading.leases:
        key = (change.resource, change.fence)
        began = spans[key][0] if key in spans else change.at
        # A change that ends a lease says so by its expiry.
        spans[key] = (began, change.expires_at)
    return spans


def _epochs_rise(reading: Reading) -> tuple[int, Iterator[str]]:
    def problems() -> Iterator[str]:
        highest = 0
        for before, after in itertools.pairwise(reading.epochs):
            highest = max(highest, before.version)
            withdrawn = before.leaving is not None and after.version == before.leaving
            if after.version < before.version and not withdrawn:
                yield f"the epoch sank from {before.version} to {after.version}"

    return len(reading.epochs), problems()


def _placements_allowed(reading: Reading) -> tuple[int, Iterator[str]]:
    tenants = {(run.proposal.pr, run.proposal.head_sha): run.proposal.tenant for run in reading.pull_requests}
    placements = [record for record in reading.records if record.kind == _PLACEMENT]

    def problems() -> Iterator[str]:
        for record in placements:
            tenant = tenants.get((record.pr, record.head_sha))
            if tenant is None:
                yield f"{record.key} is of a pull request that nobody started"
                continue
            region = json.loads(record.body)["record"]["outcome"]
            allowed = reading.residency.get(tenant, ())
            if allowed is not None and region not in allowed:
                yield f"{record.key} of tenant {tenant} was placed in {region}, which may be in {_shown(allowed)} only"

    return len(placements), problems()


def _chain_holds(reading: Reading) -> tuple[int, Iterator[str]]:
    def problems() -> Iterator[str]:
        previous = (0, GENESIS)
        for record in reading.records:
            if record.sequence != previous[0] + 1 or record.previous_hash != previous[1]:
                yield f"record {record.sequence} does not follow record {previous[0]}"
            found = "sha256:" + hashlib.sha256(record.body.encode()).hexdigest()
            body = json.loads(record.body)
            if found != record.hash or (body["sequence"], body["previous_hash"]) != (
                record.sequence,
                record.previous_hash,
            ):
                yield f"record {record.sequence} does not fit its hash"
            previous = (record.sequence, record.hash)
        if reading.chain_head != previous:
            yield f"the head of the chain is {reading.chain_head}, its last record {previous}"

    return len(reading.records), problems()


def _shown(values: object) -> str:
    return str(values)[:200]
