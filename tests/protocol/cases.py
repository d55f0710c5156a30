"""What is explored: both protocols whole and without each guard, and which promises break then, and no others."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.protocol import merge, shard
from tests.protocol.explorer import STUCK, Exploration, explore
from tests.protocol.merge import MergeModel, Remote
from tests.protocol.shard import ShardModel


@dataclass(frozen=True)
class Case:
    """A model under a name to call it by. ``without`` tells what was taken out, ``breaks`` the promises that go."""

    name: str
    model: str
    without: str
    breaks: frozenset[str]
    explore: Callable[[], Exploration]


def cases() -> tuple[Case, ...]:
    """All of them, the whole protocols first."""
    return (
        Case("shard", "shard, with failovers", "", frozenset(), cache(lambda: explore(ShardModel()))),
        _shard("shard-freezes", freezes=True),
        _shard("no-fence", shard.Guard.FENCE, breaks=(shard.HELD, shard.ONE_HOLDER, shard.AGREES)),
        _shard("no-look", shard.Guard.LOOK, breaks=(shard.AGREES,)),
        _shard("no-key", shard.Guard.KEY),
        _shard(
            "no-key-no-fence",
            shard.Guard.KEY,
            shard.Guard.FENCE,
            breaks=(shard.ONCE, shard.HELD, shard.ONE_HOLDER, shard.AGREES),
        ),
        _shard("no-key-no-look", shard.Guard.KEY, shard.Guard.LOOK, breaks=(shard.ONCE, shard.AGREES)),
        _shard("no-expiry", shard.Guard.EXPIRY, breaks=(STUCK,)),
        _shard("shard-one-name", one_name=True),
        _shard(
            "no-fence-number",
            shard.Guard.NUMBER,
            one_name=True,
            breaks=(shard.HELD, shard.ONE_HOLDER, shard.AGREES),
        ),
        _epochs("no-epoch", shard.Guard.EPOCH, breaks=(shard.ADMITTED_ONLY,)),
        _epochs("no-epoch-lock", shard.Guard.ATOMIC, breaks=(shard.ADMITTED_ONLY,)),
        _epochs("no-revocation", shard.Guard.REVOCATION, breaks=(shard.LEFT_BEHIND,)),
        _merge("branch", Remote.COMPARES),
        _merge("branch-no-ask", Remote.COMPARES, merge.Guard.ASK, breaks=(merge.TRUE,)),
        _merge("branch-no-pin", Remote.COMPARES, merge.Guard.PINNED, breaks=(merge.TRUE,)),
        _merge("branch-no-final", Remote.COMPARES, merge.Guard.FINAL, breaks=(merge.TRUE,)),
        _merge("branch-no-lease", Remote.COMPARES, merge.Guard.OUTCOME, breaks=(shard.HELD,)),
        _merge("check-run", Remote.DEDUPLICATES),
        _merge("check-run-no-ask", Remote.DEDUPLICATES, merge.Guard.ASK),
        _merge("fenced", Remote.FENCES),
        _merge("fenced-no-ask", Remote.FENCES, merge.Guard.ASK, breaks=(merge.ONCE,)),
        _merge("fenced-no-fence", Remote.FENCES, merge.Guard.FENCE, breaks=(merge.ONCE,)),
        _merge("append", Remote.APPENDS, breaks=(merge.ONCE,)),
        _merge("append-slow", Remote.APPENDS, breaks=(merge.ONCE,), crashes=False),
    )


def _shard(
    name: str, *without: shard.Guard, breaks: tuple[str, ...] = (), one_name: bool = False, freezes: bool = False
) -> Case:
    """Leases and fences alone: the epoch stays."""
    model = ShardModel(frozenset(without), one_name=one_name, freezes=freezes, failovers=False)
    kind = "shard, with freezes" if freezes else "shard, one name" if one_name else "shard"
    return Case(name, kind, "; ".join(without), frozenset(breaks), cache(lambda: explore(model)))


def _epochs(name: str, without: shard.Guard, *, breaks: tuple[str, ...]) -> Case:
    """Leases under epochs; the test has no verdict, which leaves a quarter of the states."""
    model = ShardModel(frozenset({without}), verdicts=False)
    return Case(name, "epochs", without, frozenset(breaks), cache(lambda: explore(model)))


def _merge(
    name: str, remote: Remote, *without: merge.Guard, breaks: tuple[str, ...] = (), crashes: bool = True
) -> Case:
    model = MergeModel(remote, frozenset(without), crashes=crashes)
    kind = f"remote that {remote}" + ("" if crashes else ", where nobody crashes")
    return Case(name, kind, "; ".join(without), frozenset(breaks), cache(lambda: explore(model)))
