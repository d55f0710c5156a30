"""render: the narrative and the card, stored; whoever looks at a pull request finds them by digest."""

from temporalio import activity

from activities.services import Services
from maestro.model.conduct import RenderRequest
from maestro.model.decision import Links, Phase
from maestro.render.documents import card_html, card_json, narrative


class RenderActivities:
    """Renders what a person reads."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn
    def render(self, request: RenderRequest) -> Links:
        """The stored narrative and card. The same card gives the same bytes, so a second time stores nothing new."""
        store = self._services.artifacts
        card = request.card
        if card.phase is Phase.DONE:
            # Nothing of it would have to be started again after a failover.
            self._services.ledger.starts.end(card.pull_request.workflow_id)
        text = narrative(card)
        links = card.links.model_copy(
            update={
                "narrative_markdown": store.put(
                    text.markdown.encode(), media_type="text/markdown", name="narrative.md"
                ),
                "narrative_html": store.put(text.html.encode(), media_type="text/html", name="narrative.html"),
            }
        )
        # The card names the narrative that belongs to it; it cannot name itself.
        card = card.model_copy(update={"links": links})
        return links.model_copy(
            update={
                "card_json": store.put(card_json(card).encode(), media_type="application/json", name="card.json"),
                "card_html": store.put(card_html(card).encode(), media_type="text/html", name="card.html"),
            }
        )
