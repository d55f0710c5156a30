"""``maestro evidence release``: every change since the last tag, held to its bundle; what is missing is named."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateway.commands.ledger import existing_ledger
from gateway.files import write_whole
from gateway.tables import print_table
from maestro import __version__
from maestro.artifacts import ArtifactStore
from maestro.clock import utc_now
from maestro.errors import BadInput
from maestro.evidence.merges import read_history
from maestro.evidence.population import Candidate, account
from maestro.evidence.release import Release, Source, not_checked, predicate_of, release_of, signed_release
from maestro.evidence.release_bundles import bundles_in_folder, bundles_on_record, gone_from_branch
from maestro.evidence.release_moved import require_unmoved
from maestro.evidence.release_words import markdown, verdict
from maestro.execution.resolve import repo_name
from maestro.home import artifacts_dir, keys_dir
from maestro.ledger import Ledger
from maestro.ledger.checkpoints_trust import believing
from maestro.model.record import RecordKind
from maestro.render.untrusted import line
from maestro.signing.keys import open_evidence_keyring
from maestro.signing.roots import TrustRoots

INCOMPLETE = 1
"""The exit code of a release with something missing."""

SUFFIX = ".evidence.json"

Found = tuple[list[Candidate], Source]


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line."""

    tag: str
    since: str
    folder: Path
    name: str
    branch: str
    bundles: Path | None
    trust: Path | None
    out: Path | None
    as_json: bool

    @property
    def target(self) -> Path | None:
        """Where the statement goes; None where an auditor looks at bundles and wants none."""
        if self.out is not None or self.bundles is not None:
            return self.out
        return Path(f"release-{self.tag.replace('/', '-')}{SUFFIX}")


@click.command()
@click.argument("tag")
@click.option("--since", default="", help="The tag before. [default: the nearest earlier one on the first parents]")
@click.option(
    "--repo", "folder", type=click.Path(path_type=Path), default=".", show_default=True, help="A whole clone."
)
@click.option("--name", default="", help="The repository's name in the ledger. [default: by the clone's origin]")
@click.option("--branch", default="", help="The branch that changes land on; what was taken out of it is told too.")
@click.option("--bundles", type=click.Path(path_type=Path), help="A folder of exported bundles, instead of the ledger.")
@click.option("--trust", type=click.Path(path_type=Path), help="Trust roots. [default: what this installation trusts]")
@click.option("--out", type=click.Path(path_type=Path), help=f"The signed statement. [default: release-TAG{SUFFIX}]")
@click.option("--json", "as_json", is_flag=True, help="What is stated, as JSON.")
def release(**given: Any) -> None:
    """Hold every change since the last tag to its evidence.

    Reads the clone, the ledger and stored artifacts, and needs no service. What was found is signed; the statement and
    a summary in Markdown are written beside each other, with --bundles only where --out says so. Exit code 1 where
    something is missing.
    """
    asked, now = Asked(**given), utc_now()
    target = asked.target
    history = read_history(asked.folder, asked.tag, since=asked.since, branch=asked.branch)
    if target is not None:
        require_unmoved(target, history.tag)
    repo = asked.name or repo_name(str(asked.folder.absolute()), asked.folder)
    roots = TrustRoots.load(asked.trust) if asked.trust else TrustRoots.of_folder(keys_dir())
    if asked.bundles is None:
        candidates, source = _on_record(repo, roots, now)
    else:
        candidates, source = _in_folder(asked.bundles, repo, roots, now)
    found = release_of(
        history,
        account(history, candidates, base_ref=asked.branch),
        repo=repo,
        source=source,
        elsewhere=gone_from_branch(history, candidates),
        version=__version__,
        at=now,
    )
    if target is not None:
        write_whole(target, signed_release(found, keys=open_evidence_keyring(keys_dir())))
        write_whole(_beside(target), markdown(found).encode())
        click.echo(f"signed: {target}; to read: {_beside(target)}", err=True)
    if asked.as_json:
        click.echo(json.dumps(predicate_of(found), indent=2))
    else:
        _tell(found)
    if not found.complete:
        sys.exit(INCOMPLETE)


def _on_record(repo: str, trust: TrustRoots, now: datetime) -> Found:
    with existing_ledger() as ledger:
        checked = ledger.checkpoints.verify(believing(trust, now=now))
        problems = ledger.records.verify(anchors=checked.anchors)
        told = [f"{one.name}: {one.message}" for one in checked.problems]
        told += [f"record {one.sequence}: {one.kind}: {one.message}" for one in problems]
        # Also where the chain is broken: what is missing is then told beside what was done to the ledger.
        candidates = bundles_on_record(ledger, ArtifactStore(artifacts_dir()), repo=repo, trust=trust, now=now)
        head = None if told else ledger.records.head()
        source = Source(
            query=f"records of kind {RecordKind.EVIDENCE.value} of {repo} in the ledger, up to its head",
            found=len(candidates),
            problems=tuple(told),
            ledger_head=f"{head.sequence}:{head.hash}" if head else "",
            checkpoint=_checkpoint(ledger, candidates) if head else "",
            unreadable=_unreadable(candidates),
        )
    return candidates, source


def _in_folder(folder: Path, repo: str, trust: TrustRoots, now: datetime) -> Found:
    candidates, others = bundles_in_folder(folder, repo=repo, trust=trust, now=now)
    if not candidates and others:
        raise BadInput(
            f"none of the {others} bundles is of {repo!r}", field="--name", fix="give the name that the bundles have"
        )
    query = f"bundles of {repo} in a folder that was given; {others} of other repositories left aside"
    return candidates, Source(query=query, found=len(candidates), unreadable=_unreadable(candidates))


def _checkpoint(ledger: Ledger, candidates: list[Candidate]) -> str:
    """The digest of the checkpoint that covers the newest of these bundles."""
    newest = max((candidate.order[1] for candidate in candidates), default=0)
    covering = ledger.checkpoints.covering(newest) if newest else None
    return covering.digest if covering else ""


def _unreadable(candidates: list[Candidate]) -> tuple[str, ...]:
    return tuple(f"{one.name}: {one.missing}" for one in candidates if one.index is None)


def _beside(target: Path) -> Path:
    return target.with_name(target.name.removesuffix(".json") + ".md")


def _tell(found: Release) -> None:
    if found.gaps:
        print_table(
            ("Missing", "Author", "Date", "Subject", "Why"),
            ((gap.commit[:12], gap.author, gap.at, gap.subject, gap.reason) for gap in found.gaps),
        )
        click.echo()
    if found.changes:
        print_table(
            ("Pull request", "Title", "Commits", "Because"),
            (
                (one.pr, one.title, ", ".join(each.commit[:12] for each in one.commits), one.commits[0].because)
                for one in found.changes
            ),
        )
        click.echo()
    if found.controls:
        titles = ("Control", "Passed", "Failed", "Not evaluated", "Not applicable", "Not asked", "No bundle")
        print_table(titles, _controls(found))
        click.echo()
    for sentence in (*found.elsewhere, *found.source.problems, *found.source.unreadable):
        click.echo(line(sentence))
    before = found.previous.name if found.previous else "none"
    click.echo(line(f"tag before: {before} ({found.chosen})"))
    click.echo(f"range: {found.commits} commits, {found.first_parents} of them first parents")
    for sentence in not_checked(found):
        click.echo(f"not checked: {line(sentence)}")
    click.echo(line(verdict(found)))


def _controls(found: Release) -> Iterator[tuple[str, ...]]:
    for one in found.controls:
        numbers = (one.passed, one.failed, one.not_evaluated, one.not_applicable, one.not_asked, one.no_bundle)
        yield (f"{one.control} {one.title}", *map(str, numbers))
