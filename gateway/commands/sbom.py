"""``maestro sbom``: what a head depends on, and which advisories affect it. No stack needed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.tables import print_table
from maestro.errors import BadInput
from maestro.execution.git import ask
from maestro.execution.mirror import fetch
from maestro.execution.places import Places
from maestro.execution.resolve import is_address
from maestro.home import advisories_dir, home
from maestro.model.pull_request import SHA_PATTERN, PullRequest
from maestro.render.untrusted import line
from maestro.sbom import LIMIT_DAYS, Assessment, Bill, assess, bill_of_materials, open_snapshot
from maestro.words import count
from workers.stack.plan import prepare_home

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")

TITLES = ("Component", "Version", "Ecosystem", "From", "Advisories")


@click.command()
@click.option("--repo", default=".", show_default=True, help="A clone, or an address that git can fetch.")
@click.option("--head", default="HEAD", show_default=True, help="The commit whose dependencies are meant.")
@click.option(
    "--limit-days",
    type=click.FloatRange(min=0),
    default=LIMIT_DAYS,
    show_default=True,
    help="How old advisories may be.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it as CycloneDX 1.6 JSON.")
def sbom(repo: str, head: str, limit_days: float, out: Path | None) -> None:
    """Show what a head depends on, and which advisories affect it. Commits count, uncommitted changes do not."""
    prepare_home(home())
    places = Places.under(home())
    where, sha = _resolved(repo, head, places=places)
    name = (
        _NOT_IN_A_NAME.sub("-", where.rstrip("/").removesuffix(".git").rpartition("/")[2]).strip("-.") or "repository"
    )
    mirror = fetch(where, name, (sha,), places=places)
    # A bill is of one commit: there is nothing that it is compared with.
    alone = PullRequest(repository=where, repo=name, pr="none", base_sha=sha, head_sha=sha, merge_base_sha=sha)
    bill = bill_of_materials(mirror, alone)
    assessment = assess(bill, open_snapshot(advisories_dir()), now=datetime.now(UTC), limit_days=limit_days)
    if out is None:
        print_table(TITLES, _rows(bill, assessment))
    else:
        _write(out, assessment.document)
    _summary(bill, assessment)


def _resolved(repo: str, head: str, *, places: Places) -> tuple[str, str]:
    """Where git fetches from, and the commit that ``head`` names there."""
    folder = Path(repo).expanduser().absolute()
    if not folder.is_dir():
        return repo, _commit_at(repo, head, places=places)
    answer = ask(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{head}^{{commit}}")
    if not answer.ok:
        raise BadInput(
            f"{head!r} is no commit of {folder}",
            field="--head",
            fix="name a branch, a tag or a commit that git log shows in a clone: --repo PATH --head REVISION",
        )
    return str(folder), answer.output.strip()


def _commit_at(address: str, head: str, *, places: Places) -> str:
    if not is_address(address):
        raise BadInput(f"{address!r} is no folder and no address", field="--repo", fix="give the path of a git clone")
    if re.match(SHA_PATTERN, head):
        return head
    # An annotated tag stands under its own name and, with ^{}, as the commit that it points to.
    names = (f"refs/tags/{head}^{{}}", f"refs/heads/{head}", f"refs/tags/{head}", head)
    answer = ask(places.mirrors, "ls-remote", "--quiet", "--", address)
    known = {name: sha for sha, _, name in (entry.partition("\t") for entry in answer.output.splitlines())}
    found = next((known[name] for name in names if name in known), None)
    if found is None:
        raise BadInput(f"{address} has no branch or tag {head!r}", field="--head", fix="give the whole commit id")
    return found


def _rows(bill: Bill, assessment: Assessment) -> Iterator[tuple[str, ...]]:
    known: dict[str, list[str]] = {}
    for flaw in assessment.flaws:
        for component in flaw.components:
            known.setdefault(component.ref, []).append(f"{flaw.id} ({flaw.rating.severity})")
    for component in bill.components:
        package = component.package
        where = ", ".join(component.files)
        yield package.name, package.version, str(package.ecosystem), where, ", ".join(known.get(component.ref, ()))


def _summary(bill: Bill, assessment: Assessment) -> None:
    facts = assessment.facts
    files = count(len(bill.lock_files), "file")
    _say(f"{count(len(bill.components), 'component')} from {files} of {bill.subject.head_sha[:12]}")
    for reason in assessment.reasons:
        _say(f"not evaluated: {reason}")
    if not assessment.reasons:
        _say(
            f"{facts.criticals} critical, {facts.highs} high, {facts.unrated} unrated of "
            f"{count(len(assessment.flaws), 'flaw')}, "
            f"by the advisories of {facts.snapshot}"
        )


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput(f"it cannot be written: {error.strerror}", field="--out", fix="name another place") from error


def _say(text: str) -> None:
    click.echo(line(text), err=True)
