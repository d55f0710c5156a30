"""The narrative of a bundle: Markdown, page and PDF of one view, with links to the files beside them."""

from typing import Final

from maestro.evidence.contents import Contents, Dossier, Landing, Member, Role, artifact_path
from maestro.model.record import RecordKind
from maestro.render import people
from maestro.render.answers import Told
from maestro.render.documents import pretty
from maestro.render.narrated import Narrative, narrated
from maestro.render.pdf import narrative_pdf
from maestro.render.sources import Sources
from maestro.render.story import Sealed
from maestro.render.untrusted import Shown, line, name

MARKDOWN_FILE: Final = "narrative.md"
PAGE_FILE: Final = "narrative.html"
PDF_FILE: Final = "narrative.pdf"
ATTACHMENT_FORMAT: Final = "maestro-narrative/1"


def narrative_members(dossier: Dossier) -> tuple[Member, ...]:
    """``narrative.md``, ``narrative.html`` and ``narrative.pdf``, each the whole narrative; the same contents give the
    same bytes.

    Raises BadInput for a template that cannot be used; then no document is made.
    """
    told = bundle_narrative(dossier.contents)
    shows = f"why it was decided so, read in {told.reading_seconds} seconds"
    return (
        Member(MARKDOWN_FILE, told.markdown.encode(), "text/markdown", Role.NARRATIVE, shows),
        Member(PAGE_FILE, told.html.encode(), "text/html", Role.NARRATIVE, shows),
        Member(PDF_FILE, _pdf(dossier.contents, told), "application/pdf", Role.NARRATIVE, shows),
    )


def bundle_narrative(contents: Contents) -> Narrative:
    """The narrative whose links are paths of the bundle. Raises BadInput for a template that cannot be used."""
    sources = Sources(artifact_path)
    return narrated(contents.card, sources=sources, sealed=_sealed(contents, sources))


def _pdf(contents: Contents, told: Narrative) -> bytes:
    pull_request = contents.card.pull_request
    return narrative_pdf(
        told,
        about=f"{pull_request.repo} {pull_request.pr}, head {pull_request.head_sha}",
        author=f"Maestro Conductor {contents.maestro_version}",
        at=contents.sealed_at,
        attached=attachment(contents),
    )


def attachment(contents: Contents) -> str:
    """What lies inside the PDF, as JSON: subject, decision, facts, findings, and the evidence by digest."""
    card = contents.card
    plain = {
        "format": ATTACHMENT_FORMAT,
        "pull_request": card.pull_request.model_dump(mode="json"),
        "tested_tree": contents.tested_tree,
        "landing": contents.landing.model_dump(mode="json") if contents.landing else None,
        "decision": card.decision.model_dump(mode="json"),
        "findings": [finding.model_dump(mode="json") for finding in card.findings],
        "facts": contents.facts.model_dump(mode="json"),
        "evidence": [evidence.model_dump(mode="json") for evidence in contents.evidence],
        "records": [{"sequence": stored.sequence, "hash": stored.hash} for stored in contents.records],
        "catalogue_digest": contents.catalogue_digest,
        "policy_digest": contents.policy_digest,
        "maestro_version": contents.maestro_version,
        "sealed_at": contents.sealed_at.isoformat(),
    }
    return pretty(plain)


def _sealed(contents: Contents, sources: Sources) -> Sealed:
    decided = [stored.record.at for stored in contents.records if stored.record.kind is RecordKind.DECISION]
    at = decided[-1] if decided else contents.card.generated_at
    return Sealed(
        decided_at=f"{people.day(at)} at {people.clock(at)} UTC",
        landed=_landed(contents.landing, contents.tested_tree, sources) if contents.landing else None,
        checks=_checks(contents, sources),
    )


def _landed(landing: Landing, tested_tree: str, sources: Sources) -> Told:
    same = "as tested" if landing.tree == tested_tree else "with another tree than was tested"
    base = name(landing.base_ref, limit=60)
    return Told(Shown(f"it landed on {base} as {line(landing.commit)[:12]}, {same}"), sources.facts())


def _checks(contents: Contents, sources: Sources) -> tuple[Told, ...]:
    pull_request, last = contents.card.pull_request, contents.records[-1] if contents.records else None
    figures = (
        ("Head", pull_request.head_sha, sources.card()),
        ("Base", pull_request.base_sha, sources.card()),
        ("Tree that was tested", contents.tested_tree, sources.facts()),
        ("Control catalogue", contents.catalogue_digest, sources.records()),
        ("Decision policy", contents.policy_digest, sources.card()),
        (f"Decision record {last.sequence}" if last else "", last.hash if last else "", sources.records()),
    )
    return tuple(Told(Shown(f"{label}: `{name(value)}`"), links) for label, value, links in figures if value)
