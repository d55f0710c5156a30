"""What can be seen of a pull request while it is conducted: its card, its timeline, and what the Temporal UI shows."""

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from maestro.model.conduct import ConductRequest, ConductState
    from maestro.model.decision import DecisionCard, Phase, Publication, TimelineEntry
    from maestro.model.pull_request import Publishing
    from workflows import card as cards

TIMELINE_LIMIT = 200
"""Entries kept on the card; the ledger keeps them all."""


class Teller:
    """Tells of one pull request, from the ``state`` that its workflow changes."""

    def __init__(self, request: ConductRequest, state: ConductState) -> None:
        self._request = request
        self._state = state
        self._shown: list[SearchAttributeUpdate[str]] = []

    def card(self) -> DecisionCard:
        """The Decision Card as it stands."""
        return cards.build(self._request, self._state, now=workflow.now())

    def enter(self, phase: Phase) -> None:
        """Be in a phase."""
        if self._state.phase is not phase:
            self._state.phase = phase
            self.show()

    def show(self) -> None:
        """Let the Temporal UI tell the story: filters where they have changed, and a summary in Markdown."""
        shown = cards.search_attributes(self._state)
        if shown != self._shown and self._state.phase not in cards.PASSING:
            workflow.upsert_search_attributes(shown)
            self._shown = shown
        workflow.set_current_details(cards.details(self.card(), page=self._request.card_page))

    def note(self, event: str, actor: str, detail: str) -> None:
        """Put something that happened on the timeline."""
        workflow.logger.info(
            event, extra={"pr": self._request.pull_request.workflow_id, "actor": actor, "detail": detail}
        )
        entry = TimelineEntry(at=workflow.now(), event=event, actor=actor, detail=detail)
        self._state.timeline = (*self._state.timeline, entry)[-TIMELINE_LIMIT:]

    def published(self, publication: Publication) -> None:
        """Put what the forge was told, or why it was not, on the timeline."""
        event = _PUBLISHED[publication.kind] if publication.done else _NOT_PUBLISHED[publication.kind]
        self.note(event, "maestro", publication.detail)


_PUBLISHED: dict[Publishing, str] = {"comment": "commented", "merge": "merged", "status": "status told"}
_NOT_PUBLISHED: dict[Publishing, str] = {
    "comment": "not commented",
    "merge": "not merged",
    "status": "status not told",
}
