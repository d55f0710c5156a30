"""``maestro evidence show``: the stored artifacts that a decision rests on, checked against their digest; or what is in
a bundle, as it says itself.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import ValidationError

from gateway.tables import print_table
from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput
from maestro.home import artifacts_dir
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import DecisionCard

_DIGEST = re.compile(r"^(sha256:)?[0-9a-f]{64}$")


@click.command()
@click.argument("digest", metavar="DIGEST|BUNDLE", required=False)
@click.option("--pr", "pull_request", help="All artifacts of this pull request, instead of one by its digest.")
@click.option("--save", type=click.Path(path_type=Path), help="Save to this file, or with --pr into this folder.")
def show(digest: str | None, pull_request: str | None, save: Path | None) -> None:
    """Show stored artifacts, or what is in a bundle.

    An artifact is named by its digest and written to standard output, unless --save is given; those of a pull request
    (--pr) are listed. A bundle is named by its folder or .tar.gz: what it says is shown and nothing is checked, which
    `maestro evidence verify` does.
    """
    if (digest is None) == (pull_request is None):
        raise BadInput("one of a digest and --pr is needed", field="DIGEST", fix="maestro evidence show sha256:…")
    if digest is not None and not _DIGEST.match(digest) and Path(digest).exists():
        # Reading bundles imports much, and an artifact by its digest needs none of it.
        from gateway.commands.evidence_bundle import show_bundle  # noqa: PLC0415

        show_bundle(Path(digest))
        return
    store = ArtifactStore(artifacts_dir())
    if digest is not None:
        _one(store, _by_digest(digest), save)
    elif pull_request is not None:
        _all(store, tuple(artifacts_of(_card(pull_request))), save)


def artifacts_of(card: DecisionCard) -> Iterator[ArtifactRef]:
    """Every artifact that a card names, each once, in the order of the card."""
    links, report = card.links, card.report
    refs = [links.narrative_markdown, links.narrative_html, links.card_json, links.card_html]
    refs += [card.plan.body] if card.plan else []
    refs += [*report.results, *report.logs] if report else []
    refs += [ref for finding in card.findings for ref in finding.evidence]
    seen: set[str] = set()
    for ref in refs:
        if ref is not None and ref.digest not in seen:
            seen.add(ref.digest)
            yield ref


def _one(store: ArtifactStore, ref: ArtifactRef, save: Path | None) -> None:
    content = store.get(ref)
    if save is None:
        sys.stdout.buffer.write(content)
    else:
        _write(save, content)


def _all(store: ArtifactStore, refs: tuple[ArtifactRef, ...], save: Path | None) -> None:
    print_table(
        ("Name", "Media type", "Bytes", "Digest"),
        ((ref.name, ref.media_type, str(ref.bytes), ref.digest) for ref in refs),
    )
    for ref in refs if save else ():
        hexadecimal = ref.digest.removeprefix("sha256:")
        # The name is somebody else's text: only its last part, and never without the digest before it.
        _write(Path(save or "") / f"{hexadecimal[:12]}-{Path(ref.name).name or 'artifact'}", store.get(ref))


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise BadInput(f"it cannot be saved: {error.strerror}", field="--save", fix="name another place") from error
    click.echo(f"saved {path}", err=True)


def _by_digest(text: str) -> ArtifactRef:
    digest = text if text.startswith("sha256:") else f"sha256:{text}"
    try:
        return ArtifactRef(digest=digest, media_type="application/octet-stream", bytes=0)
    except ValidationError as error:
        raise BadInput(
            f"{text!r} is no digest", field="DIGEST", fix="give sha256: and 64 hexadecimal digits"
        ) from error


def _card(pull_request: str) -> DecisionCard:
    # Temporal's client takes a second to import, and one artifact by its digest needs none.
    from gateway.flow import card_by_name  # noqa: PLC0415

    return asyncio.run(card_by_name(pull_request))
