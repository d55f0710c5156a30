"""An incident on the real stack, with the shipped policy: reported by the command, held, answered, and verified."""

from maestro.model.decision import DecisionState, Phase
from maestro.model.record import RecordKind
from tests.drills.stand import Stand
from tests.drills.test_people import waiting_for_a_person

REPORT = ("pr", "act", "incident")
APPROVE = ("pr", "act", "approve")


async def test_an_incident_holds_until_somebody_answers_it_and_all_of_it_is_signed(stand: Stand) -> None:
    handle, card = await waiting_for_a_person(stand, "incident")
    pull_request = card.pull_request
    code, _, remarks = await stand.maestro(*REPORT, handle.id, "--actor", "eve@example.org")
    assert (code, "needs a reason that says what is wrong" in remarks) == (1, True)
    told = "it deleted a table"
    code, answer, remarks = await stand.maestro(*REPORT, handle.id, "--actor", "eve@example.org", "--reason", told)
    assert code == 0, remarks
    assert "nothing is merged before somebody else answers it" in answer
    held = await stand.card_that(
        handle,
        lambda card: (
            card.phase is Phase.WAITING_FOR_PERSON and bool(card.decision.reasons) and told in card.decision.reasons[0]
        ),
        what="policy holds it back",
    )
    assert held.decision.reasons[0] == "an incident is open: it deleted a table, reported by eve@example.org"
    assert held.decision.next_step is not None
    assert "look into the incident" in held.decision.next_step.description
    grace = ("--actor", "grace@example.org")
    code, _, remarks = await stand.maestro(*APPROVE, handle.id, *grace)
    assert (code, "needs a reason that answers it" in remarks) == (1, True)
    code, _, remarks = await stand.maestro(*APPROVE, handle.id, *grace, "--reason", "the table was a copy")
    assert code == 0, remarks
    outcome = await stand.ended(handle)
    assert outcome.decision.state is DecisionState.GREEN
    assert any("grace@example.org approved it all the same" in reason for reason in outcome.decision.reasons)
    found = stand.ledger.records.list(head_sha=pull_request.head_sha, kind=RecordKind.INCIDENT)
    assert [(each.record.key, each.record.actor) for each in found] == [
        (pull_request.key("incident", 0), "eve@example.org"),
        (pull_request.key("incident", "0.answered"), "grace@example.org"),
    ]
    code, verified, remarks = await stand.maestro("ledger", "verify")
    assert code == 0, remarks
    assert "signed actions of reviewers that hold: " in verified
