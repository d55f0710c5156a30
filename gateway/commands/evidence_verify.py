"""``maestro evidence verify``: whether a bundle holds, by the keys that its reader trusts. No service, no network."""

import json
import re
import sys
from pathlib import Path

import click

from gateway.tables import print_table
from maestro.clock import utc_now
from maestro.errors import BadInput
from maestro.evidence.verdict import Result, Verification
from maestro.evidence.verification import verify as verify_bundle
from maestro.home import keys_dir
from maestro.render.untrusted import line
from maestro.signing.roots import TrustRoots

BROKEN = 1
"""The exit code of a bundle that does not hold; 2 is that of a place that holds no bundle."""

_COMMIT = re.compile(r"^[0-9a-f]{40}([0-9a-f]{24})?$")
_WORDS = {Result.HOLDS: "holds", Result.BROKEN: "BROKEN", Result.IMPOSSIBLE: "NOT POSSIBLE"}


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--trust", type=click.Path(path_type=Path), help="Trust roots. [default: those of this installation]")
@click.option("--commit", help="The commit that it has to be about, by its whole id.")
@click.option("--repo", help="The repository that it has to be about, by its name or address.")
@click.option("--repository", type=click.Path(path_type=Path), help="A clone in which commits and trees are looked up.")
@click.option("--json", "as_json", is_flag=True, help="Every check and problem as JSON.")
def verify(
    path: Path, trust: Path | None, commit: str | None, repo: str | None, repository: Path | None, as_json: bool
) -> None:
    """Verify a bundle, offline and without any service.

    PATH is a folder or .tar.gz that `maestro evidence export` wrote. Says which checks hold, every problem with its
    file, and what is not checked. The exit code is 0 for a bundle that holds, 1 for one that does not, 2 for something
    that is no bundle.
    """
    if commit is not None and not _COMMIT.match(commit):
        raise BadInput(
            f"{commit!r} is no whole commit id", field="--commit", fix="give all 40 or 64 hexadecimal digits"
        )
    roots = TrustRoots.load(trust) if trust else TrustRoots.of_folder(keys_dir())
    found = verify_bundle(
        path, trust=roots, now=utc_now(), expected_head=commit, expected_repo=repo, repository=repository
    )
    if as_json:
        plain = found.model_dump(mode="json")
        click.echo(json.dumps({"holds": found.holds, **plain}, indent=2))
    else:
        _tell(found)
    if not found.holds:
        sys.exit(BROKEN)


def _tell(found: Verification) -> None:
    print_table(
        ("Check", "Result", "What it shows"),
        ((check.name, _WORDS[check.result], check.sentence) for check in found.checks),
    )
    if found.problems:
        click.echo()
        print_table(("File", "Problem"), ((problem.file, problem.reason) for problem in found.problems))
    click.echo("\nNot checked:")
    for sentence in found.not_checked:
        click.echo(f"  - {line(sentence)}")
    click.echo()
    if found.holds and found.subject and found.decision:
        click.echo(
            f"It holds: {line(found.subject.repo)} {line(found.subject.pr)} at {found.subject.head_sha} was decided "
            f"{found.decision.value.replace('_', ' ')}, says the key {line(found.signed_by)} ({found.key_id})."
        )
    else:
        click.echo(f"It does not hold: {len(found.problems)} problems. Believe nothing that it says.")
