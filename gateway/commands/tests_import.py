"""``maestro tests import``: past builds into the ledger, with a word on everything that was left out. No stack needed.

Everything is read before anything is written, and each path comes in whole or not at all.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from maestro.home import home, ledger_url
from maestro.impact.history.builds import History
from maestro.impact.history.reading import Form, form_of, read_history
from maestro.ledger import Ledger
from maestro.ledger.builds import Imported
from maestro.render.untrusted import line
from workers.stack.plan import prepare_home


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--repo", required=True, help="The repository's short name, as pull requests have it.")
@click.option("--tenant", default="default", show_default=True, help="Whose repository it is.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", *(form.value for form in Form)]),
    default="auto",
    show_default=True,
    help="CSV, JUnit XML, or check runs as GitHub answers them (JSON).",
)
@click.option(
    "--tests", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON with every test, for CSV."
)
@click.option(
    "--build",
    "build_is",
    type=click.Choice(["auto", "file", "folder"]),
    default="auto",
    show_default=True,
    help="What is one build in a folder of JUnit XML.",
)
@click.option("--json", "as_json", is_flag=True, help="What came in and what did not, as JSON.")
def import_(
    paths: tuple[Path, ...],
    repo: str,
    tenant: str,
    form: str,
    tests: Path | None,
    build_is: Literal["auto", "file", "folder"],
    as_json: bool,
) -> None:
    """Import test history: JUnit XML, CSV, a forge's check runs. Importing again adds only what is new."""
    forms = [form_of(path) if form == "auto" else Form(form) for path in paths]
    histories = [read_history(path, of, tests=tests, build_is=build_is) for path, of in zip(paths, forms, strict=True)]
    prepare_home(home())
    with Ledger.open(ledger_url()) as ledger:
        imported = [ledger.builds.put(history, repo=repo, tenant=tenant) for history in histories]
    told = [_told(*each) for each in zip(paths, forms, histories, imported, strict=True)]
    if as_json:
        click.echo(json.dumps({"repo": repo, "tenant": tenant, "imports": told}, indent=2))
        return
    for path, history, came in zip(paths, histories, imported, strict=True):
        _say(path, history, came)


def _told(path: Path, form: Form, history: History, imported: Imported) -> dict[str, object]:
    problems = history.problems
    return {
        "path": str(path),
        "format": form.value,
        "builds": len(history.builds),
        "new_builds": imported.new,
        "known_builds": imported.known,
        "differing_builds": imported.differing,
        "tests": len(history.names),
        "outcomes": history.outcomes,
        "rows": problems.rows,
        "left_out_count": problems.left_out_count,
        "left_out": [asdict(remark) for remark in problems.left_out],
        "notes": [asdict(remark) for remark in problems.notes],
    }


def _say(path: Path, history: History, imported: Imported) -> None:
    problems = history.problems
    click.echo(
        f"{line(str(path))}: {imported.new} builds came in, {imported.known} were there; "
        f"{history.outcomes} outcomes of {len(history.names)} tests from {problems.rows} rows"
    )
    if imported.differing:
        click.echo(
            f"  note: builds that were there say something else here, and stay: {line(', '.join(imported.differing))}; "
            "an id stands for one build of a repository"
        )
    for title, remarks in (("left out", problems.left_out), ("note", problems.notes)):
        for remark in remarks:
            click.echo(f"  {title}: {line(str(remark))}")
