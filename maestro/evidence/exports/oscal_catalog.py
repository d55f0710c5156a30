"""The control catalogue as an OSCAL catalog, so that every control and objective that the results name exists.

Titles are our own; requirements of public frameworks are named by identifier only.
"""

from typing import Final

from maestro.evidence.contents import Dossier
from maestro.evidence.exports.answers import Answer, answers, identity
from maestro.evidence.exports.oscal_words import OSCAL_VERSION, Node, objective_id, prop
from maestro.evidence.exports.texts import document, markup, moment, paragraph, token

CATALOG_FILE: Final = "oscal-catalog.json"

_TIERS: Final = {1: "Tier 1: stops a merge", 2: "Tier 2: asks for a person", 3: "Tier 3: advises"}


def oscal_catalog(dossier: Dossier) -> bytes:
    """The catalog, its controls in one group per tier."""
    found, contents = answers(dossier), dossier.contents
    tiers = sorted({answer.finding.tier for answer in found})
    groups = [_group(tier, [answer for answer in found if answer.finding.tier == tier]) for tier in tiers]
    catalog: Node = {
        "uuid": identity("catalog", dossier.catalogue.digest, contents.card.pull_request.workflow_id),
        "metadata": {
            "title": "Controls that Maestro Conductor asks of a pull request",
            "last-modified": moment(contents.sealed_at),
            "version": dossier.catalogue.digest or "unknown",
            "oscal-version": OSCAL_VERSION,
            "props": [prop("catalogue-digest", dossier.catalogue.digest)],
        },
    }
    return document({"catalog": catalog | ({"groups": groups} if groups else {})})


def _group(tier: int, found: list[Answer]) -> Node:
    return {
        "id": f"tier-{tier}",
        "class": "tier",
        "title": _TIERS.get(tier, f"Tier {tier}"),
        "controls": [_control(answer) for answer in found],
    }


def _control(answer: Answer) -> Node:
    id_ = answer.key
    title = markup(answer.finding.title or answer.id)
    parts: list[Node] = [
        {"id": f"{id_}_smt", "name": "statement", "prose": title},
        {"id": objective_id(answer), "name": "assessment-objective", "prose": _objective(answer)},
    ]
    if answer.fix:
        parts.append({"id": f"{id_}_fix", "name": "guidance", "prose": paragraph(answer.fix)})
    return {"id": id_, "class": "maestro-control", "title": title, "props": _props(answer), "parts": parts}


def _props(answer: Answer) -> list[Node]:
    found: list[Node] = [{"name": "label", "value": answer.key}, prop("tier", str(answer.finding.tier))]
    if answer.control is None:
        remark = "The finding names this control, and the catalogue does not have it."
        return [*found, prop("in-catalogue", "no", remarks=remark)]
    found.append(prop("owner", answer.control.owner))
    found.append(prop("evidence-max-age-hours", f"{answer.control.evidence_max_age_hours:g}"))
    found += [
        {**prop("mapped-to", identifier), "class": token(framework)}
        for framework, identifiers in answer.mappings.items()
        for identifier in identifiers
    ]
    return found


def _objective(answer: Answer) -> str:
    if not answer.queries:
        return "How it is answered is not in the catalogue."
    asked = "\n".join(f"- {query.kind.value}: {markup(query.where)}" for query in answer.queries)
    applies = answer.control.applies if answer.control else None
    condition = f"\n\nIt applies where {applies.kind.value}: {markup(applies.where)}" if applies else ""
    return f"Each of these holds, and a stored artifact of its kind shows it:\n\n{asked}{condition}"
