"""The options that name a pull request, shared by the commands that conduct one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.given import given
from gateway.revisions import default_base
from maestro.config.topology import load_topology
from maestro.execution.places import Places
from maestro.execution.resolve import resolve_pull_request
from maestro.forges.choosing import require_shown
from maestro.forges.mergeable import branch_of, require_mergeable
from maestro.home import home
from maestro.model.pull_request import AuthorKind, Publishing, PullRequest
from maestro.model.tests import SelectionMode
from workers.stack.plan import prepare_home

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass(frozen=True)
class Wanted:
    """A pull request as it was asked for on the command line; empty where the repository says it."""

    repo: str
    base: str
    head: str
    title: str
    author: str
    tenant: str
    mode: str
    pr: str
    agent: bool
    label: tuple[str, ...]
    comment: bool
    merge: bool
    status: bool
    checks: Path | None
    attestation: tuple[Path, ...]

    @property
    def selection(self) -> SelectionMode:
        return SelectionMode(self.mode)

    def resolve(self) -> PullRequest:
        """The pull request, checked; ``BadInput`` names what is wrong before anything has started."""
        prepare_home(home())
        places = Places.under(home())
        base = self.base or default_base(self.repo, self.head)
        base_ref = branch_of(self.repo, base, places=places) if self.merge else ""
        found = resolve_pull_request(
            self.repo,
            base=base,
            head=self.head,
            places=places,
            pr=self.pr,
            tenant=self.tenant,
            author_kind=AuthorKind.AGENT if self.agent else AuthorKind.HUMAN,
        )
        asked = (("title", self.title), ("author", self.author), ("labels", self.label))
        said = {name: value for name, value in asked if value}
        wanted: tuple[tuple[Publishing, bool], ...] = (
            ("comment", self.comment),
            ("merge", self.merge),
            ("status", self.status),
        )
        publish = tuple(kind for kind, is_wanted in wanted if is_wanted)
        came = given(self.checks, self.attestation, pull_request=found)
        pull_request = found.model_copy(update={**said, **came, "base_ref": base_ref, "publish": publish})
        if self.merge:
            require_mergeable(pull_request, places=places)
        if self.status:
            require_shown(load_topology().forges, pull_request)
        return pull_request


def conducting(command: CommandT) -> CommandT:
    """Add the options of ``Wanted``."""
    options = (
        click.option("--repo", default=".", show_default=True, help="A clone, or an address that git can fetch."),
        click.option("--base", default="", help="What is merged into. [default: the default branch, else HEAD^]"),
        click.option("--head", default="HEAD", show_default=True, help="What is merged."),
        click.option("--title", default="", help="[default: the head's first line]"),
        click.option("--author", default="", help="[default: the head's author]"),
        click.option("--tenant", default="default", show_default=True, help="Whose policy holds."),
        click.option("--pr", default="", help="Its number on the forge. [default: local-BASE]"),
        click.option(
            "--mode",
            type=click.Choice([mode.value for mode in SelectionMode]),
            default=SelectionMode.STANDARD.value,
            show_default=True,
            help="How widely tests are selected.",
        ),
        click.option("--agent", is_flag=True, help="The author is no human."),
        click.option("--label", multiple=True, help="A label that it has on the forge; repeat for more."),
        click.option("--comment", is_flag=True, help="Comment on the head what was decided (a note, in plain git)."),
        click.option("--merge", is_flag=True, help="Move the base branch to the head when it is green."),
        click.option("--status", is_flag=True, help="Let its forge show how the head stands, from now on."),
        click.option("--checks", type=FILE, help="A file: what a forge's checks say of the head."),
        click.option("--attestation", multiple=True, type=FILE, help="A file: a signed statement on the head; repeat."),
        click.option("--again", is_flag=True, help="Conduct a head that is finished once more."),
    )
    for option in reversed(options):
        command = option(command)
    return command
