"""``maestro figures``: what Maestro did over a time, from the ledger and the sealed cards alone."""

import json

import click

from gateway.commands.ledger import existing_ledger
from gateway.tables import print_table
from gateway.value import figures_now
from maestro.artifacts import ArtifactStore
from maestro.config.topology import load_topology
from maestro.home import artifacts_dir
from maestro.value import SealedCards, days_of
from maestro.value.telling import told

TITLES = ("Figure", "Value", "From", "More")


@click.command()
@click.option("--since", default="30d", show_default=True, help="How far back: 24h, 30d, 12w; at most 366d.")
@click.option("--repo", default="", help="Only of this repository.")
@click.option("--tenant", default="", help="Only of this tenant.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with every figure by day.")
def figures(since: str, repo: str, tenant: str, as_json: bool) -> None:
    """Show what was conducted, saved, kept, asked and taken.

    Each figure says from how many rows it comes; what nobody recorded is not known, and not 0. Needs neither Temporal
    nor a worker. docs/figures.md defines each of them.
    """
    days = days_of(since)
    topology = load_topology()
    with existing_ledger() as ledger:
        found = figures_now(
            ledger,
            SealedCards(ArtifactStore(artifacts_dir())),
            days=days,
            namespace=topology.temporal.namespace,
            repo=repo or None,
            tenants=frozenset({tenant}) if tenant else None,
        )
    if as_json:
        answer = {"usage_counted": topology.gateway.usage, "figures": found.model_dump(mode="json")}
        click.echo(json.dumps(answer, indent=2))
        return
    click.echo(f"{found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC")
    shown = told(found, counted=topology.gateway.usage)
    print_table(TITLES, ((one.name, one.value, one.source, one.detail) for one in shown))
    for note in found.notes:
        click.echo(note)
