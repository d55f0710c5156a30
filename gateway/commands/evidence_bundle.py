"""What is in a bundle, as the bundle itself says it. Nothing is verified here, and that is said."""

from collections.abc import Iterator
from pathlib import Path

import click

from gateway.tables import print_table
from maestro.errors import BadInput
from maestro.evidence.contents import INDEX
from maestro.evidence.index import Index, Subject
from maestro.evidence.opening import open_bundle
from maestro.evidence.storing import read_index
from maestro.render.untrusted import line


def show_bundle(path: Path) -> None:
    """Print subject, decision, controls and files. Raises BadInput for a place without a readable index."""
    found = open_bundle(path).files.get(INDEX)
    if found is None or found.content is None:
        raise BadInput(
            f"there is no {INDEX} in it", field=str(path), fix="name a folder or .tar.gz of `maestro evidence export`"
        )
    index = read_index(found.content)
    click.echo("Not verified; this is what the bundle says of itself.\n")
    for label, value in _subject(index):
        click.echo(f"{label + ':':<12}{line(value)}")
    click.echo()
    print_table(
        ("Control", "Tier", "Answer", "Title", "Artifacts"),
        (
            (one.control, str(one.tier), one.state.value.replace("_", " "), one.title, str(len(one.evidence)))
            for one in index.controls
        ),
    )
    click.echo()
    print_table(("File", "Bytes", "What it is"), ((file.path, str(file.bytes), file.shows) for file in index.files))


def _subject(index: Index) -> Iterator[tuple[str, str]]:
    subject = index.subject
    yield "Repository", subject.repo
    yield "Request", f"{subject.pr} {subject.title}"
    yield "Author", subject.author or "unknown"
    yield "Head", subject.head_sha
    yield "Tree", subject.tested_tree
    yield "Landed", _landed(subject)
    yield "Decided", f"{index.decision.value.replace('_', ' ')} by {index.decided_by}"
    yield from (("Because", reason) for reason in index.reasons)
    yield "Sealed", f"{index.sealed_at.isoformat()} by Maestro {index.maestro_version}"


def _landed(subject: Subject) -> str:
    landing = subject.landing
    if landing is None:
        return "nothing when it was sealed"
    same = "the tree that was tested" if landing.tree == subject.tested_tree else "another tree than was tested"
    return f"{landing.commit} on {landing.base_ref}, {same}"
