"""A replay on a real stack: what a risky plan left out and broke is found after the decision, before any night."""

from dataclasses import replace
from pathlib import Path

from maestro.canonical import digest
from maestro.model.decision import DecisionState
from maestro.model.night import NightTaskResult
from maestro.model.record import RecordKind
from tests.drills.stand import Stand
from tests.drills.test_night import ESCAPE, MAIN, PRICE
from tests.execution.repositories import Repository


async def test_a_replay_finds_what_was_left_out_and_broken_after_the_decision(stand: Stand, tmp_path: Path) -> None:
    # A repository of its own: of the shared one a night has recorded which test reads the price, so it is not left out.
    repository = Repository(tmp_path / "replayed")
    stand = replace(stand, repository=repository)
    repository.commit(MAIN, message="a shop")
    head = stand.propose("dearest", {"shop/price.py": PRICE.format(value=3)})
    outcome = await stand.ended(await stand.start(head, "--label", "full-suite"))
    pull_request = outcome.pull_request
    assert outcome.decision.state is DecisionState.GREEN
    assert outcome.card.plan is not None
    assert outcome.card.plan.replay is not None

    replay = stand.client.get_workflow_handle(pull_request.key("replay"), result_type=NightTaskResult)
    result = await replay.result()

    assert result.escapes == (ESCAPE,)
    assert stand.ledger.night.owed(pull_request.repo) == {}
    kinds = {stored.record.kind for stored in stand.ledger.records.list(repo=pull_request.repo, head_sha=head)}
    assert {RecordKind.SELECTION, RecordKind.ESCAPE, RecordKind.NIGHTLY} <= kinds


async def test_tau_and_what_moved_it_stand_on_the_card_and_in_the_ledger(stand: Stand) -> None:
    head = stand.propose("an-agents", {"tests/test_agents.py": "def test_it(): assert True\n"})
    handle = await stand.start(head, "--agent", "--label", "security")
    card = await stand.card_that(handle, lambda card: card.plan is not None, what="a plan is there")
    assert card.plan is not None
    assert card.plan.risk is not None
    terms = {term.name: term for term in card.plan.risk.tau_terms}
    assert terms["author"].factor < 1
    assert terms["criticality"].reason == "it is labelled security"
    [selection] = stand.ledger.records.list(head_sha=head, kind=RecordKind.SELECTION)
    assert "it is labelled security" in selection.record.reason
    assert selection.record.inputs["risk"] == digest(card.plan.risk)
    assert selection.record.version.startswith("sha256:")
