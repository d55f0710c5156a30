"""What the pusher reads at the end: the verdict, and where the rest is."""

import pytest

from gateway.hooks.telling import said_of
from maestro.config.gateway import GatewayConfig
from maestro.model.decision import DecisionCard, DecisionState, Publication
from tests.render import sample_cards

NOTED = Publication(kind="comment", done=True, detail="the head carries the comment")
CARDS = {name: card for name, card in vars(sample_cards).items() if isinstance(card, DecisionCard)}


def said(card: DecisionCard, gateway: GatewayConfig | None = None) -> str:
    return "\n".join(said_of(card, gateway or GatewayConfig()))


@pytest.mark.parametrize("name", CARDS)
def test_every_card_is_told_with_its_verdict_first_and_the_way_to_the_rest(name: str) -> None:
    card = CARDS[name]
    told = said(card)
    assert f"maestro pr show {card.pull_request.workflow_id}" in told
    assert ("maestro pr act approve" in told) == (card.decision.state is DecisionState.NEEDS_PERSON)
    assert ("-o again" in told) == (card.decision.state is DecisionState.CANCELLED)


def test_the_way_to_the_note_is_told_only_where_there_is_one() -> None:
    [card, *_] = CARDS.values()
    assert "git notes" not in said(card.model_copy(update={"publications": ()}))
    assert f"git notes --ref=maestro show {card.pull_request.head_sha}" in said(
        card.model_copy(update={"publications": (NOTED,)})
    )


def test_the_page_is_told_where_others_can_reach_it() -> None:
    [card, *_] = CARDS.values()
    public = GatewayConfig(public_url="https://maestro.example.org")
    page = f"https://maestro.example.org/pull-requests/{card.pull_request.workflow_id.removeprefix('pr/')}"
    assert page in said(card, public)
    assert "/pull-requests/" not in said(card)
