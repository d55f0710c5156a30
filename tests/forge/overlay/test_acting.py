"""What a reviewer does on the overlay: asked once, sent once, told what changed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from gateway.web.problems import Problem
from tests.forge.overlay.conftest import CARD, Opener
from tests.gateway.overlay.stage import Running, Stage
from tests.render.sample_cards import GREEN, OFFERED

Axe = Callable[[Page], list[str]]


def opened(page: Page, action: str) -> Locator:
    """The dialog of an action."""
    page.get_by_role("button", name=action).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def test_an_action_is_sent_once_and_says_what_it_changed(stage: Stage, open_page: Opener, violations: Axe) -> None:
    page, second = open_page(), open_page()
    dialog = opened(page, "Approve")
    expect(dialog.get_by_label("Reason (optional)")).to_be_focused()
    expect(dialog).to_contain_text("For shop/checkout 1482, head 9ac39ac39ac3, card version 7.")
    assert violations(page) == []
    dialog.get_by_label("Reason (optional)").fill("I have read it.")
    dialog.get_by_role("button", name="Approve").dblclick()
    expect(page.locator("#result")).to_have_text("Approve: approve was done (card version 8)")
    expect(page.locator("#result")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    [(kind, body, key)] = stage.sent
    visit = body.pop("visit")
    assert (kind, body) == (
        "approve",
        {"pull_request": stage.card.pull_request.workflow_id, "card_version": 7, "reason": "I have read it."},
    )
    assert visit in {one["visit"] for one in stage.beacons}
    assert len(key) == 36
    expect(second.locator("#timeline + ol")).to_contain_text("approve by grace")


@pytest.mark.parametrize(
    ("label", "kind", "mode"),
    [
        pytest.param("Run every test", "tests", "all", id="run every test"),
        pytest.param("Retry", "retry", None, id="retry"),
        pytest.param("Cancel", "cancel", None, id="cancel"),
    ],
)
def test_each_action_goes_to_its_own_address(
    stage: Stage, open_page: Opener, label: str, kind: str, mode: str | None
) -> None:
    page = open_page()
    opened(page, label).get_by_role("button", name=label).click()
    expect(page.locator("#result")).to_be_visible()
    [(sent, body, _)] = stage.sent
    assert (sent, body.get("mode")) == (kind, mode)


def test_a_rejection_without_a_reason_is_not_sent(stage: Stage, open_page: Opener) -> None:
    page = open_page()
    dialog = opened(page, "Reject")
    dialog.get_by_role("button", name="Reject").click()
    expect(dialog.get_by_role("alert")).to_have_text("Say why.")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    assert stage.sent == []
    dialog.get_by_label("Reason").fill("x" * 2_001)
    dialog.get_by_role("button", name="Reject").click()
    expect(dialog.get_by_role("alert")).to_contain_text("at most 2000 characters")
    dialog.get_by_label("Reason").fill("It rounds twice.")
    dialog.get_by_role("button", name="Reject").click()
    expect(page.locator("#result")).to_be_visible()
    assert [body["reason"] for _, body, _ in stage.sent] == ["It rounds twice."]


def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_done_twice(stage: Stage, open_page: Opener) -> None:
    page = open_page()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/decision/**", lose, times=1)
    dialog = opened(page, "Approve")
    dialog.get_by_label("Reason (optional)").fill("Read.")
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Sending it again does not do it twice.")
    expect(dialog.get_by_label("Reason (optional)")).to_be_disabled()
    page.keyboard.press("Escape")
    again = opened(page, "Approve")
    expect(again.get_by_label("Reason (optional)")).to_have_value("Read.")
    again.get_by_role("button", name="Send again").click()
    expect(page.locator("#result")).to_contain_text("approve was done")
    assert len(stage.sent) == 2
    assert len({key for _, _, key in stage.sent}) == 1
    assert len(stage.done) == 1
    assert stage.card.version == 8


def test_an_action_while_the_gateway_restarts_waits_for_the_person(
    stage: Stage, gateway: Running, open_page: Opener
) -> None:
    page = open_page()
    dialog = opened(page, "Approve")
    gateway.kill()
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The gateway cannot be reached")
    gateway.start()
    dialog.get_by_role("button", name="Send again").click()
    expect(page.locator("#result")).to_contain_text("approve was done")
    assert len(stage.done) == 1


def test_a_card_that_changes_under_the_reviewer_is_shown_before_anything_is_sent(
    stage: Stage, open_page: Opener, violations: Axe
) -> None:
    page = open_page()
    dialog = opened(page, "Approve")
    stage.change(happened="A control fails now", why="Something else is the matter.")
    expect(dialog.get_by_text("The card has changed since you opened this:")).to_be_visible()
    expect(dialog).to_contain_text("Something else is the matter.")
    expect(dialog).to_contain_text("A control fails now")
    assert violations(page) == []
    dialog.get_by_role("button", name="Continue with version 8").click()
    assert stage.sent == []
    dialog.get_by_role("button", name="Approve").click()
    expect(page.locator("#result")).to_be_visible()
    assert [body["card_version"] for _, body, _ in stage.sent] == [8]


def test_a_stale_card_that_only_the_gateway_knows_of_is_shown_and_asked_about_again(
    stage: Stage, gateway: Running, open_page: Opener
) -> None:
    page = open_page("about:blank")
    page.route("**/events", lambda route: route.abort())
    page.goto(gateway.url + CARD)
    expect(page.locator("h1")).to_have_text("Needs a person")
    page.route("**/api/pull-requests/**", lambda route: route.abort())
    dialog = opened(page, "Reject")
    dialog.get_by_label("Reason").fill("No.")
    for version, happened in ((8, "A control fails now"), (9, "And another")):
        stage.change(happened=happened)
        dialog.get_by_role("button", name="Reject").click()
        expect(dialog.get_by_role("alert")).to_contain_text("The card has changed")
        expect(dialog).to_contain_text(happened)
        dialog.get_by_role("button", name=f"Continue with version {version}").click()
    expect(dialog.get_by_label("Reason")).to_have_value("No.")
    dialog.get_by_role("button", name="Reject").click()
    expect(page.locator("#result")).to_contain_text("reject was done")
    assert [body["card_version"] for _, body, _ in stage.sent] == [7, 8, 9]
    assert len({key for _, _, key in stage.sent}) == 3


def test_an_action_that_is_no_longer_offered_cannot_be_sent(stage: Stage, open_page: Opener) -> None:
    page = open_page()
    dialog = opened(page, "Approve")
    stage.change(decision=GREEN.decision, actions=GREEN.actions)
    expect(dialog.get_by_role("alert")).to_have_text("This can no longer be done.")
    expect(dialog.get_by_role("button", name="Approve")).to_have_count(0)
    dialog.get_by_role("button", name="Close").click()
    assert stage.sent == []


def test_what_this_reviewer_may_not_do_says_why_and_does_nothing(stage: Stage, open_page: Opener) -> None:
    stage.forbidden = {"approve": "You are the author; somebody else has to approve."}
    page = open_page()
    button = page.get_by_role("button", name="Approve")
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description(
        "Takes responsibility in your name; the decision becomes green. "
        "You are the author; somebody else has to approve."
    )
    button.click(force=True)
    page.keyboard.press("a")
    assert page.get_by_role("dialog").count() == 0
    assert stage.sent == []


def test_what_is_not_configured_says_why(open_page: Opener) -> None:
    page = open_page()
    page.get_by_text("Not configured here").click()
    part = page.locator("#unavailable")
    for words in ("No arms are configured", "No budgets are configured", "No plugins are configured"):
        expect(part).to_contain_text(words)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        pytest.param(
            Problem(409, "The action is refused", "It is merged.", type="/problems/refused", fix="Open `another`."),
            ("The action is refused", "It is merged.", "Fix Open another."),
            id="refused",
        ),
        pytest.param(Problem(429, "Too many requests"), ("Too many requests",), id="too often"),
        pytest.param(Problem(422, "", "wrong", field="reason"), ("Unprocessable", "wrong"), id="not valid"),
        pytest.param(
            Problem(403, "", "Your role does not allow this."), ("Your role does not allow this.",), id="not allowed"
        ),
        pytest.param(
            Problem(503, "", "Temporal is away."), ("Temporal is away.", "does not do it twice"), id="unavailable"
        ),
    ],
)
def test_a_refusal_says_what_why_and_what_to_do(
    stage: Stage, open_page: Opener, problem: Problem, words: tuple[str, ...]
) -> None:
    stage.refusal = problem
    page = open_page()
    dialog = opened(page, "Approve")
    dialog.get_by_role("button", name="Approve").click()
    for word in words:
        expect(dialog.get_by_role("alert")).to_contain_text(word)
    stage.refusal = None
    dialog.locator("[data-do=send]").click()
    expect(page.locator("#result")).to_contain_text("approve was done")
    assert len(stage.done) == 1


def test_a_login_that_ended_meanwhile_is_asked_for_and_the_action_is_kept(stage: Stage, open_page: Opener) -> None:
    page = open_page()
    dialog = opened(page, "Approve")
    stage.logged_in = False
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog.get_by_role("link", name="Log in")).to_have_attribute("target", "_blank")
    stage.logged_in, stage.csrf = True, "token-2"
    dialog.get_by_role("button", name="Send again").click()
    expect(page.locator("#result")).to_contain_text("approve was done")
    assert len({key for _, _, key in stage.sent}) == 1


def test_keys_open_dialogs_and_can_be_turned_off(stage: Stage, open_page: Opener, violations: Axe) -> None:
    page = open_page()
    expect(page.locator("h1")).to_have_text("Needs a person")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys and help")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.get_by_role("dialog", name="Run every test")).to_be_visible()
    page.keyboard.type("ax?")
    expect(page.get_by_label("Reason (optional)")).to_have_value("ax?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Keys and help").click()
    page.get_by_label("Single keys do this").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    expect(page.locator("h1")).to_have_text("Needs a person")
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert stage.sent == []


def test_everything_can_be_done_by_keyboard_and_the_focus_stays_in_the_dialog(stage: Stage, open_page: Opener) -> None:
    page = open_page(CARD)
    expect(page.locator("h1")).to_have_text("Needs a person")
    page.get_by_role("button", name="Reject").focus()
    page.keyboard.press("Enter")
    within = (
        "document.querySelector('#dialog').contains(document.activeElement) || document.activeElement === document.body"
    )
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(within)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Reject")).to_be_focused()


def test_an_address_of_an_action_elsewhere_is_never_asked(stage: Stage, open_page: Opener) -> None:
    page = open_page()
    expect(page.locator("h1")).to_have_text("Needs a person")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route(
        f"**{CARD}/*",
        lambda route: route.fulfill(json=stage.view() | {"actions": [_offer("http://127.0.0.1:9/steal")]}),
    )
    page.route("**/events", lambda route: route.abort())
    page.reload()
    opened(page, "Approve").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("no address of this gateway")
    assert not any("steal" in address for address in asked)


def _offer(url: str) -> dict[str, object]:
    offer = next(iter(OFFERED.values()))
    return {"kind": offer.kind.value, "label": offer.label, "effect": offer.effect, "url": url, "allowed": True}
