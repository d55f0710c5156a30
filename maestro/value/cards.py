"""What a sealed card says that no record does: test time, price, promised risk, author and start.

A sealed card never changes, so what was read of one is kept under the digest of its bundle's index.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock

from pydantic import ValidationError

from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput, IntegrityError
from maestro.evidence.gathered import CARD
from maestro.evidence.storing import read_index
from maestro.model.artifact import ArtifactRef
from maestro.model.decision import DecisionCard

KEPT = 20_000
"""Cards whose figures stay in memory, at less than a kilobyte each."""

STARTED = "started"
"""The event on a card's timeline with which conducting began."""


@dataclass(frozen=True)
class CardFacts:
    """The figures of one card; None for what it does not say. ``left_out_count`` is None where there was no plan."""

    tenant: str
    author_kind: str
    started_at: datetime | None
    merged: bool
    selected_seconds: float | None = None
    left_out_seconds: float | None = None
    left_out_count: int | None = None
    cost_usd: Decimal | None = None
    carbon_g: float | None = None
    promised: float | None = None


class SealedCards:
    """Reads sealed cards from the artifact store, each once. Safe for many threads."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._known: OrderedDict[str, CardFacts] = OrderedDict()
        self._lock = Lock()

    def facts(self, index_digest: str) -> CardFacts | None:
        """The facts of the card in the bundle with this index; None where it is gone, damaged or none of ours.

        Raises PlatformUnavailable where the store itself cannot be read.
        """
        with self._lock:
            if known := self._known.get(index_digest):
                self._known.move_to_end(index_digest)
                return known
        try:
            card = self._card(index_digest)
        except (IntegrityError, BadInput, ValidationError, ValueError):
            return None
        found = facts_of(card)
        with self._lock:
            self._known[index_digest] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found

    def _card(self, index_digest: str) -> DecisionCard:
        index = read_index(self._store.get(ArtifactRef(digest=index_digest, media_type="application/json", bytes=0)))
        file = next((file for file in index.files if file.path == CARD), None)
        if file is None:
            raise BadInput("the bundle has no card", field=index_digest, fix="verify it")
        ref = ArtifactRef(digest=file.digest, media_type=file.media_type, bytes=file.bytes)
        # Not model_validate_json: it refuses names that are not UTF-8.
        return DecisionCard.model_validate(json.loads(self._store.get(ref)))


def facts_of(card: DecisionCard) -> CardFacts:
    """The figures of a card. Savings are the card's own: left-out test time at the chosen region's terms."""
    plan, placement = card.plan, card.placement
    chosen = placement and next((a for a in placement.assessments if a.region == placement.region), None)
    priced = bool(chosen and placement and placement.expected_seconds and plan)
    risk = plan.risk if plan else None
    return CardFacts(
        tenant=card.pull_request.tenant,
        author_kind=card.pull_request.author_kind.value,
        started_at=next((entry.at for entry in card.timeline if entry.event == STARTED), None),
        merged=any(one.kind == "merge" and one.done for one in card.publications),
        selected_seconds=plan.selected_seconds if plan else None,
        left_out_seconds=plan.left_out_seconds if plan else None,
        left_out_count=plan.left_out_count if plan else None,
        cost_usd=card.savings.cost_usd if priced else None,
        carbon_g=card.savings.carbon_g if priced else None,
        promised=risk.unconditional_risk if risk and risk.certified else None,
    )
