"""``maestro up``, ``down`` and ``status``: the local stack of this home."""

import sys

import click

from workers.stack import control
from workers.stack.state import PartStatus, StackState

SAID_BY = {
    PartStatus.WAITING: "waiting",
    PartStatus.STARTING: "starting",
    PartStatus.READY: "ready",
    PartStatus.DEAD: "dead",
}


@click.command()
@click.option("--while-pid", type=int, help="Stop the stack when the process with this id is gone.")
@click.option("--clusters", is_flag=True, help="Two joined Temporal clusters with a controller per region.")
def up(while_pid: int | None, *, clusters: bool) -> None:
    """Start the local stack: Temporal, a worker per region, the gateway.

    What it is made of stands in temporal-dev.yaml of the current folder, or in the file that MAESTRO_TOPOLOGY names;
    its state lies under MAESTRO_HOME. MAESTRO_TEMPORAL_PORT, MAESTRO_UI_PORT and
    MAESTRO_GATEWAY_PORT change the ports (auto: a free one; of the gateway also off: none is started).

    With --clusters (or MAESTRO_STACK_CLUSTERS=1) the full Temporal server is started for each cluster of the topology
    that does not say `started: false`. It is taken from MAESTRO_TEMPORAL_SERVER, from the PATH (temporal-server) or
    from the cache folder, and built there once where Go is installed. MAESTRO_TEMPORAL_PORT=auto chooses every port.
    MAESTRO_LEDGER_URL_EU_WEST gives the region eu-west its own way to the ledger.

    In production, with a machine or more per region, the same parts run on their own, with a topology that says
    `clustered: true` and, of each cluster, `started: false`:

    \b
      python -m workers.clusters.join               once, and after each change of addresses
      python -m workers.region --region eu-west     a worker
      python -m workers.controller --region eu-west a failover controller
    """
    started = control.up(lambda line: click.echo(line, err=True), while_pid=while_pid, clusters=clusters)
    click.echo("the stack is up already" if started.already else "the stack is up")
    _show(started.state)


@click.command()
def down() -> None:
    """Stop the local stack. Running work goes on when a stack is up again."""
    if not control.down(click.echo):
        click.echo("no stack is up")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The whole state as JSON.")
def status(as_json: bool) -> None:
    """Show the local stack: its processes, addresses and logs. Exit code 3 where none is up."""
    state = control.current()
    if state is None:
        click.echo("no stack is up: start one with `maestro up`", err=True)
        sys.exit(3)
    if as_json:
        click.echo(state.model_dump_json(indent=2))
        return
    click.echo(f"the stack is {state.status.value} (supervisor: process {state.supervisor.pid})")
    _show(state)


def _show(state: StackState) -> None:
    if state.clusters:
        for cluster in state.clusters:
            where = "" if cluster.started else ", runs elsewhere"
            click.echo(f"  cluster      {cluster.name} at {cluster.address}{where}")
        click.echo(f"  namespace    {state.namespace}")
    else:
        click.echo(f"  Temporal     {state.address}, namespace {state.namespace}")
        click.echo(f"  Temporal UI  {state.ui}")
    if state.gateway:
        click.echo(f"  pages        {state.gateway}")
    for part in state.parts:
        process = f"process {part.process.pid}" if part.process else "no process"
        times = "1 time" if part.restarts == 1 else f"{part.restarts} times"
        restarts = f", restarted {times}" if part.restarts else ""
        detail = f", {part.detail}" if part.detail else ""
        click.echo(f"  {part.name}: {SAID_BY[part.status]}, {process}{restarts}{detail}")
    click.echo(f"  topology     {state.topology}")
    click.echo(f"  logs         {state.home}/logs")
