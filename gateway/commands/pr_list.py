"""``maestro pr list``: the pull requests that Temporal knows, by their search attributes."""

import asyncio
import json
import sys
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.connection import reach
from gateway.finding import Found, listed
from maestro.model.decision import DecisionState, Phase
from maestro.render.untrusted import name


@click.command("list")
@click.option("--repo", default="", help="Only of this repository.")
@click.option("--phase", type=click.Choice([phase.value for phase in Phase]), help="Only in this phase.")
@click.option("--decision", type=click.Choice([state.value for state in DecisionState]), help="Only so decided.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A list as JSON.")
def list_(repo: str, phase: str | None, decision: str | None, limit: int, as_json: bool) -> None:
    """List pull requests, newest first."""

    async def found() -> list[Found]:
        return [
            each
            async for each in listed(await reach(), repo=repo, phase=phase or "", decision=decision or "", limit=limit)
        ]

    rows = asyncio.run(found())
    if as_json:
        plain = [asdict(row) | {"started_at": row.started_at.isoformat(), "head_sha": row.head_sha} for row in rows]
        click.echo(json.dumps(plain, indent=2))
    elif rows:
        Console().print(_table(rows))
    else:
        click.echo("no pull request fits", err=True)
    sys.exit(0)


def _table(rows: list[Found]) -> Table:
    table = Table(box=None, header_style="dim")
    for title in ("Repository", "PR", "Head", "Phase", "Decision", "Region", "Started (UTC)", "Author"):
        table.add_column(title)
    for row in rows:
        cells = (row.repo, row.pr, row.head_sha[:12], row.phase, row.decision, row.region)
        started = f"{row.started_at:%Y-%m-%d %H:%M}"
        table.add_row(*(Text(name(cell)) for cell in (*cells, started, row.author)))
    return table
