"""The documents of a card: page, narrative, step summary and JSON. The same card gives the same bytes."""

import json
from typing import Any, Final

from maestro.model.decision import DecisionCard
from maestro.render import templates
from maestro.render.card import card_view
from maestro.render.narrated import Narrative, narrated
from maestro.render.sources import Sources

__all__ = ["Narrative", "card_html", "card_json", "card_schema", "narrative", "pretty", "step_summary"]

SCHEMA_FILE: Final = "decision-card.schema.json"
SCHEMA_ID: Final = "urn:maestro-conductor:decision-card:1"
"""The number rises when a reader of older cards would misread a newer one; new fields leave it."""


def card_html(card: DecisionCard) -> str:
    """The card as one self-contained page that needs no script and makes no request."""
    return templates.html("card.html.j2", card_view(card))


def narrative(card: DecisionCard) -> Narrative:
    """Why this passed, was blocked, or needs a person, with the evidence by digest.

    Raises BadInput for a template that cannot be used; then neither document is made.
    """
    return narrated(card, sources=Sources())


def step_summary(card: DecisionCard) -> str:
    """The card in GitHub's Markdown, for ``$GITHUB_STEP_SUMMARY`` or a comment."""
    return templates.markdown("step_summary.md.j2", card_view(card))


def card_json(card: DecisionCard) -> str:
    """The card for machines, by the published schema."""
    return pretty(card.model_dump(mode="json"))


def card_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what ``card_json`` writes."""
    schema = DecisionCard.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID} | schema


def pretty(value: dict[str, Any]) -> str:
    """JSON to read. ASCII only: half a surrogate pair in a file name cannot be written otherwise, and a terminal that
    prints it takes no commands from it.
    """
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"
