"""What a forge shows of a card: one line that says it all, nobody's markup, and nothing final that stays open."""

from datetime import UTC, datetime
from typing import Any

import pytest

from maestro.forges import StatusState
from maestro.model.artifact import ArtifactRef
from maestro.model.conduct import StatusRequest
from maestro.model.decision import Decision, DecisionCard, DecisionState, Phase, Publication, Sealing
from maestro.model.pull_request import PullRequest
from maestro.model.tests import RiskStatement, SelectionMode, TestPlan
from maestro.render.status import status_of

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEALED = Sealing(done=True, detail="the evidence is sealed")
BODY = ArtifactRef(digest="sha256:" + "0" * 64, media_type="application/json", bytes=2, name="plan")
SHA = "a" * 40


def plan(*, left_out: int = 328, certified: bool = True, risk: float = 0.003) -> TestPlan:
    statement = RiskStatement(
        tau=0.01,
        residual_risk=risk,
        low=0,
        high=1,
        unconditional_risk=risk,
        method="conformal",
        certified=certified,
        red_builds=400,
        promise="it holds",
    )
    return TestPlan(
        applicable=True,
        reason="12 tests import the change",
        mode=SelectionMode.STANDARD,
        selected_count=12,
        left_out_count=left_out,
        body=BODY,
        risk=statement,
    )


def request(
    state: DecisionState = DecisionState.GREEN, *, reason: str = "every test passed", **more: Any
) -> StatusRequest:
    asked = {name: more.pop(name) for name in ("final", "problem", "version") if name in more}
    card = DecisionCard(
        pull_request=PullRequest(
            repository="/srv/shop", repo="acme/shop", pr="7", base_sha=SHA, head_sha=SHA, merge_base_sha=SHA
        ),
        phase=Phase.RENDER,
        decision=Decision(state=state, reasons=(reason,)),
        generated_at=AT,
    ).model_copy(update=more)
    return StatusRequest.model_validate({"card": card, "version": 1, "at": AT, "final": True} | asked)


@pytest.mark.parametrize(
    ("chosen", "title"),
    [
        pytest.param(plan(), "Green: 12 of 340 tests, risk 0.3 % below 1 %", id="a certified risk"),
        pytest.param(plan(risk=0.01), "Green: 12 of 340 tests, risk 1 % at a bound of 1 %", id="a risk at its bound"),
        pytest.param(plan(certified=False), "Green: 12 of 340 tests", id="a risk that is not certified is not claimed"),
        pytest.param(plan(left_out=0), "Green: 12 of 12 tests", id="nothing left out"),
    ],
)
def test_the_title_of_a_green_head_says_what_ran_and_what_that_leaves_open(chosen: TestPlan, title: str) -> None:
    status = status_of(request(plan=chosen, sealing=SEALED), link="")
    assert (status.state, status.title) == (StatusState.SUCCESS, title)


@pytest.mark.parametrize("state", list(DecisionState))
@pytest.mark.parametrize("sealing", [None, SEALED, Sealing(done=False, detail="evidence not sealed: it is gone")])
@pytest.mark.parametrize("phase", list(Phase))
def test_nothing_final_stays_open_and_only_what_is_green_and_on_record_passes(
    state: DecisionState, sealing: Sealing | None, phase: Phase
) -> None:
    status = status_of(request(state, sealing=sealing, phase=phase), link="")
    assert status.state not in {StatusState.IN_PROGRESS, StatusState.ACTION_REQUIRED}
    is_success = state is DecisionState.GREEN and sealing is SEALED
    assert (status.state is StatusState.SUCCESS) is is_success
    assert status.buttons == ()


def test_what_has_landed_stays_a_success_though_its_second_bundle_is_missing() -> None:
    merged = Publication(kind="merge", done=True, detail="main is at aaa")
    unsealed = Sealing(done=False, detail="evidence not sealed: it is gone")
    assert status_of(request(sealing=unsealed, publications=(merged,)), link="").state is StatusState.SUCCESS


def test_text_of_a_pull_request_is_no_markup_and_no_flood() -> None:
    reason = "**bold** @everyone <script>\u202e\x1b[31m\n# heading " + "x" * 10_000
    status = status_of(request(DecisionState.BLOCKED, reason=reason), link="")
    assert len(status.title) <= 120
    assert not set("\n\x1b\u202e") & set(status.title)
    assert "<script>" not in status.summary
    assert "@everyone" not in status.summary
    assert "\x1b" not in status.summary


def test_a_problem_is_told_as_text() -> None:
    status = status_of(request(DecisionState.PENDING, problem="the disk is full: **x**"), link="")
    assert (status.state, status.title) == (StatusState.FAILURE, "Not decided: the disk is full: **x**")
    assert "**x**" not in status.summary


def test_what_says_something_else_has_another_key_of_the_form_that_webhooks_send_back() -> None:
    one, other = (status_of(request(reason=reason), link="") for reason in ("one", "other"))
    assert one.key != other.key
    assert one.key.startswith(f"status/acme/shop/7/{SHA}/1.")
