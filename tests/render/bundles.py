"""Narratives of bundles for tests: dossiers for the sample cards, and the paths that their bundles have."""

import dataclasses
import tempfile
from functools import cache
from pathlib import Path

from maestro.evidence.contents import Dossier, Member, artifact_path
from maestro.model.decision import DecisionCard, DecisionState
from maestro.render.narrative import narrative_members
from tests.evidence.samples import dossier
from tests.render.sample_cards import BLOCKED, GREEN, NEEDS_PERSON

CARDS = {DecisionState.GREEN: GREEN, DecisionState.BLOCKED: BLOCKED, DecisionState.NEEDS_PERSON: NEEDS_PERSON}


def dossier_of(card: DecisionCard) -> Dossier:
    """What is sealed of ``card``."""
    whole = _sealed()
    return dataclasses.replace(whole, contents=whole.contents.model_copy(update={"card": card}))


def members_of(card: DecisionCard) -> dict[str, Member]:
    """The narratives of ``card`` by path."""
    return {member.path: member for member in narrative_members(dossier_of(card))}


def pdf_of(card: DecisionCard) -> bytes:
    return members_of(card)["narrative.pdf"].content


@cache
def _sealed() -> Dossier:
    """One for all tests: a ledger takes seconds to make, and a narrative needs none of its files."""
    with tempfile.TemporaryDirectory() as folder:
        return dossier(Path(folder))


def paths_of(card: DecisionCard) -> set[str]:
    """The files of the bundle of ``card`` that a narrative may name."""
    refs = [ref for finding in card.findings for ref in finding.evidence]
    refs += [card.plan.body] if card.plan else []
    refs += card.report.results if card.report else ()
    return {"card.json", "facts.json", "records.jsonl"} | {artifact_path(ref) for ref in refs}
