"""``maestro regions failover`` and ``failback``: a person asks, the controller that leads takes it up and answers."""

import asyncio
import sys
import time

import click

from gateway.connection import reach
from gateway.revisions import acting_person
from maestro.config.topology import Topology
from maestro.errors import BadInput, PlatformUnavailable, PolicyDenied
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.ledger.failovers import FailoverRow
from maestro.ledger.wishes import TOO_OLD_SECONDS
from maestro.regions.failover import FailoverKind

TAKEN_SECONDS = TOO_OLD_SECONDS + 5.0
"""How long an answer is waited for: longer than a wish can be taken up, so that nobody who was told that it was not
finds the namespace moved.
"""

MOVED_SECONDS = 120.0
POLL_SECONDS = 0.2


@click.command()
@click.argument("cluster", required=False)
@click.option("--forced", is_flag=True, help="At once, without the other side: what was not replicated is lost.")
@click.option("--even-if-worse", is_flag=True, help="Also to a side that is not healthy, lags, or was left just now.")
@click.option("--reason", required=True, help="Why; it stands in the decision record.")
def failover(cluster: str | None, forced: bool, even_if_worse: bool, reason: str) -> None:
    """Make another cluster the active one.

    CLUSTER names it where there are several others. Planned, unless --forced. Exit code 1 with the reasons where it is
    refused, or where it failed.
    """
    kind = FailoverKind.FORCED if forced else FailoverKind.PLANNED
    sys.exit(asyncio.run(_moved(cluster, kind, even_if_worse=even_if_worse, reason=reason, home=False)))


@click.command()
@click.option("--even-if-worse", is_flag=True, help="Also where home lags, or was left just now.")
@click.option("--reason", default="back home", show_default=True, help="Why; it stands in the decision record.")
def failback(even_if_worse: bool, reason: str) -> None:
    """Make the home cluster the active one again. Always planned."""
    sys.exit(asyncio.run(_moved(None, FailoverKind.PLANNED, even_if_worse=even_if_worse, reason=reason, home=True)))


async def _moved(cluster: str | None, kind: FailoverKind, *, even_if_worse: bool, reason: str, home: bool) -> int:
    topology = (await reach()).topology
    if not topology.active_clusters():
        raise BadInput("there is one server", field="clusters", fix="start clusters with `maestro up --clusters`")
    namespace = topology.temporal.namespace
    with Ledger.open(ledger_url()) as ledger:
        to = topology.home_cluster().name if home else _target(topology, ledger, cluster)
        _require_still(ledger, namespace)
        before = ledger.failovers.recent(namespace, 1)
        person = acting_person()
        number = ledger.wishes.ask(
            namespace, kind.value, to_cluster=to, even_if_worse=even_if_worse, actor=person, reason=reason
        )
        await _answered(ledger, number)
        row = await _ended(ledger, namespace, actor=person, after=before[0].number if before else 0)
    if row.outcome != "done":
        raise PolicyDenied(f"the failover to {to} failed: {row.outcome}", fix="see `maestro regions status`")
    click.echo(f"{to} is active, in epoch {row.version}")
    return 0


def _require_still(ledger: Ledger, namespace: str) -> None:
    """The controller looks at nothing else until a failover has ended, so say it at once."""
    running = ledger.failovers.running(namespace)
    if running is not None:
        raise PolicyDenied(
            f"a {running.kind.value} failover to {running.to_cluster} is under way, at the step {running.step}",
            field=namespace,
            fix="wait until it has ended: `maestro regions status --watch`",
        )


def _target(topology: Topology, ledger: Ledger, cluster: str | None) -> str:
    if cluster is not None:
        return topology.cluster(cluster).name
    epoch = ledger.epochs.current(topology.temporal.namespace)
    others = [one.name for one in topology.clusters if epoch is None or one.name != epoch.cluster]
    if len(others) != 1:
        raise BadInput("there are several other clusters", field="CLUSTER", fix=f"name one of {', '.join(others)}")
    return others[0]


async def _answered(ledger: Ledger, number: int) -> None:
    give_up = time.monotonic() + TAKEN_SECONDS
    while time.monotonic() < give_up:
        wish = await asyncio.to_thread(ledger.wishes.find, number)
        if wish is not None and wish.refusal is not None:
            if wish.refusal:
                raise PolicyDenied(wish.refusal, field=wish.to_cluster, fix="see `maestro regions status`")
            return
        await asyncio.sleep(POLL_SECONDS)
    raise PlatformUnavailable(
        f"no controller took it up within {TAKEN_SECONDS:.0f} s",
        field="controller",
        fix="see with `maestro status` whether the controllers run, and in their logs whether they reach the ledger",
    )


async def _ended(ledger: Ledger, namespace: str, *, actor: str, after: int) -> FailoverRow:
    """The person's failover once it has ended: the first of theirs, since another one may follow it at once."""
    give_up = time.monotonic() + MOVED_SECONDS
    told = ""
    while time.monotonic() < give_up:
        rows = await asyncio.to_thread(ledger.failovers.recent, namespace)
        mine = [row for row in rows if row.number > after and row.actor == actor]
        if mine:
            row = mine[-1]
            if row.step != told:
                told = row.step
                click.echo(f"{row.kind.value} failover to {row.to_cluster}: {told}", err=True)
            if row.ended_at is not None:
                return row
        await asyncio.sleep(POLL_SECONDS)
    raise PlatformUnavailable(
        f"it has not ended within {MOVED_SECONDS:.0f} s", field="controller", fix="see `maestro regions status`"
    )
