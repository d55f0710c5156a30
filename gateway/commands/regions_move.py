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
from maestro.regions.failover import FailoverKind

TAKEN_SECONDS = 20.0
"""How long no controller may lead: one that died is replaced within its lease."""

MOVED_SECONDS = 120.0
POLL_SECONDS = 0.2


@click.command()
@click.argument("cluster", required=False)
@click.option("--forced", is_flag=True, help="At once, without the other side: what was not replicated is lost.")
@click.option("--even-if-worse", is_flag=True, help="Also to a side that is not healthy, lags, or was left just now.")
@click.option("--reason", required=True, help="Why; it stands in the decision record.")
def failover(cluster: str | None, forced: bool, even_if_worse: bool, reason: str) -> None:
    """Make CLUSTER (by default the other one) the active one. Planned, unless --forced.

    Exit code 1 with the reasons where it is refused, or where it failed.
    """
    kind = FailoverKind.FORCED if forced else FailoverKind.PLANNED
    sys.exit(asyncio.run(_moved(cluster, kind, even_if_worse=even_if_worse, reason=reason, home=False)))


@click.command()
@click.option("--even-if-worse", is_flag=True, help="Also where home lags, or was left just now.")
@click.option("--reason", default="back home", show_default=True, help="Why; it stands in the decision record.")
def failback(even_if_worse: bool, reason: str) -> None:
    """Make the home cluster the active one again; always planned."""
    sys.exit(asyncio.run(_moved(None, FailoverKind.PLANNED, even_if_worse=even_if_worse, reason=reason, home=True)))


async def _moved(cluster: str | None, kind: FailoverKind, *, even_if_worse: bool, reason: str, home: bool) -> int:
    topology = (await reach()).topology
    if not topology.active_clusters():
        raise BadInput("there is one server", field="clusters", fix="start clusters with `maestro up --clusters`")
    namespace = topology.temporal.namespace
    with Ledger.open(ledger_url()) as ledger:
        to = topology.home_cluster().name if home else _target(topology, ledger, cluster)
        before = ledger.failovers.recent(namespace, 1)
        number = ledger.wishes.ask(
            namespace, kind.value, to_cluster=to, even_if_worse=even_if_worse, actor=acting_person(), reason=reason
        )
        await _answered(ledger, number)
        row = await _ended(ledger, namespace, after=before[0].number if before else 0)
    if row.outcome != "done":
        raise PolicyDenied(f"the failover to {to} failed: {row.outcome}", fix="see `maestro regions status`")
    click.echo(f"{to} is active, in epoch {row.version}")
    return 0


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


async def _ended(ledger: Ledger, namespace: str, *, after: int) -> FailoverRow:
    give_up = time.monotonic() + MOVED_SECONDS
    told = ""
    while time.monotonic() < give_up:
        rows = await asyncio.to_thread(ledger.failovers.recent, namespace, 1)
        if rows and rows[0].number > after:
            if rows[0].step != told:
                told = rows[0].step
                click.echo(f"{rows[0].kind.value} failover to {rows[0].to_cluster}: {told}", err=True)
            if rows[0].ended_at is not None:
                return rows[0]
        await asyncio.sleep(POLL_SECONDS)
    raise PlatformUnavailable(
        f"it has not ended within {MOVED_SECONDS:.0f} s", field="controller", fix="see `maestro regions status`"
    )
