"""``maestro pr list``: the pull requests that Temporal knows, by their search attributes."""

import asyncio
import json
import sys
from dataclasses import asdict

import click

from gateway.connection import reach
from gateway.finding import listed
from gateway.listing import Filters, Found
from gateway.tables import print_table
from maestro.model.decision import DecisionState, Phase

TITLES = ("Repository", "PR", "Head", "Phase", "Decision", "Region", "Started (UTC)", "Author")


@click.command("list")
@click.option("--repo", default="", help="Only of this repository.")
@click.option("--phase", type=click.Choice([phase.value for phase in Phase]), help="Only in this phase.")
@click.option("--decision", type=click.Choice([state.value for state in DecisionState]), help="Only so decided.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A list as JSON.")
def list_(repo: str, phase: str | None, decision: str | None, limit: int, as_json: bool) -> None:
    """List pull requests, newest first."""

    async def found() -> list[Found]:
        wanted = Filters(repo=repo, phase=phase or "", decision=decision or "")
        return [each async for each in listed(await reach(), wanted, limit=limit)]

    rows = asyncio.run(found())
    if as_json:
        plain = [asdict(row) | {"started_at": row.started_at.isoformat(), "head_sha": row.head_sha} for row in rows]
        click.echo(json.dumps(plain, indent=2))
    elif rows:
        print_table(TITLES, map(_row, rows))
    else:
        click.echo("no pull request fits", err=True)
    sys.exit(0)


def _row(found: Found) -> tuple[str, ...]:
    started = f"{found.started_at:%Y-%m-%d %H:%M}"
    return (
        found.repo,
        found.pr,
        found.head_sha[:12],
        found.phase,
        found.decision,
        found.region,
        started,
        found.author,
    )
