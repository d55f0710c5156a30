"""``maestro hooks``: let pushes to ``refs/for/BRANCH`` of a bare repository be conducted."""

import asyncio
from pathlib import Path

import click

from gateway.hooks import installing
from gateway.hooks.settings import LONGEST_WAIT_SECONDS, read, settings_of, use
from maestro.errors import BadInput

REPOSITORY = click.argument(
    "repository", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="REPOSITORY"
)


@click.command()
@REPOSITORY
@click.option("--tenant", help="Whose policy holds. [default: default]")
@click.option("--name", help="The repository's short name, OWNER/NAME. [default: by its address or folder]")
@click.option("--address", help="Where regions fetch from and push to. [default: the folder]")
@click.option(
    "--publish",
    multiple=True,
    type=click.Choice(["comment", "merge"]),
    help="What may be written into it: a note, and with git push -o merge a fast-forward; repeat. [default: comment]",
)
@click.option("--agents", "author_kind", flag_value="agent", default=None, help="Who pushes here is no human.")
@click.option("--humans", "author_kind", flag_value="human", help="Who pushes here is human, which is the default.")
@click.option(
    "--wait",
    type=click.FloatRange(min=1, max=LONGEST_WAIT_SECONDS),
    help="Seconds that a push waits for its verdict. [default: 600]",
)
@click.option("--chain", is_flag=True, help="Keep pre-receive and post-receive hooks of before, run first.")
def install(
    repository: Path,
    tenant: str | None,
    name: str | None,
    address: str | None,
    publish: tuple[str, ...],
    author_kind: str | None,
    wait: float | None,
    chain: bool,
) -> None:
    """Let pushes to refs/for/BRANCH of the bare REPOSITORY be conducted.

    Run again, it changes what is given and what differs. What leads to the stack (MAESTRO_HOME, TEMPORAL_ADDRESS and
    others) is recorded in the repository's configuration as it is now.
    """
    said = {
        "maestro.tenant": tenant,
        "maestro.name": name,
        "maestro.address": address,
        "maestro.publish": " ".join(sorted(set(publish))) or None,
        "maestro.authorKind": author_kind,
        "maestro.waitSeconds": None if wait is None else f"{wait:g}",
    }
    wanted = {key: [value] for key, value in said.items() if value is not None}
    read(wanted)
    installing.install(installing.repository_at(repository), wanted, chain=chain, say=click.echo)
    click.echo("push with: git push ADDRESS HEAD:refs/for/BRANCH")


@click.command()
@REPOSITORY
def check(repository: Path) -> None:
    """Look whether pushes for review can be conducted: git, hooks, settings, and the way to the stack.

    Ends with exit code 2 where the installation is not whole, and with 3 where the stack cannot be reached.
    """
    from gateway.connection import reach  # noqa: PLC0415 - Temporal's client takes a second to import

    folder = installing.repository_at(repository)
    found = installing.problems(folder)
    for problem in found:
        click.echo(problem, err=True)
    settings = settings_of(folder)
    if found:
        raise BadInput(
            "pushes for review cannot be conducted", field=str(folder), fix="maestro hooks install REPOSITORY"
        )
    use(settings)
    asyncio.run(reach())
    published = ", ".join(sorted(settings.publish)) or "nothing"
    click.echo(f"{folder}: hooks and configuration are whole, the stack answers")
    click.echo(f"tenant {settings.tenant}, published: {published}, a push waits {settings.wait_seconds:g} s")


@click.command()
@REPOSITORY
def remove(repository: Path) -> None:
    """Take the hooks and their configuration away; hooks of before come back."""
    installing.remove(installing.repository_at(repository), say=click.echo)
