"""What a reviewer sees of a card: the words of the static one, live, and readable for everybody."""

import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from maestro.model.decision import Decision, DecisionCard, DecisionState, Phase
from maestro.render import people, untrusted
from maestro.render.card import card_view
from maestro.resources import resource_dir
from tests.forge.overlay.conftest import CARD, Opener
from tests.gateway.overlay.stage import TESTS, Running, Stage
from tests.render.sample_cards import BLOCKED, CARDS, GREEN, NEEDS_PERSON

Axe = Callable[[Page], list[str]]

LIVE = "Live: this card changes by itself."
NASTY = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202egnp.exe\u2066 \x1b[31m\u200b'

LOOKS = [
    pytest.param({"viewport": {"width": 1280, "height": 900}}, id="light"),
    pytest.param({"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"}, id="dark"),
    pytest.param({"viewport": {"width": 320, "height": 640}}, id="a phone"),
    pytest.param({"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"}, id="a phone in the dark"),
    pytest.param({"viewport": {"width": 1280, "height": 900}, "forced_colors": "active"}, id="colours of one's own"),
]


@pytest.mark.parametrize("card", [pytest.param(card, id=name) for name, card in CARDS.items()])
def test_the_overlay_says_everything_that_the_static_card_says_in_its_words(
    stage: Stage, open_page: Opener, card: DecisionCard
) -> None:
    stage.card = card.model_copy(update={"version": 7})
    page = open_page()
    expect(page.locator("#status-words")).to_have_text(LIVE)
    shown = _squeezed(page.locator("body").evaluate("body => body.textContent"))
    missing = [text for text in _texts(card_view(stage.card)) if _squeezed(text) not in shown]
    assert missing == []


def _texts(view: object) -> Iterator[str]:
    """Every text of the static card's view but the commands, which the overlay has buttons for."""
    match view:
        case str():
            yield view
        case tuple():
            for part in view:
                yield from _texts(part)
        case _ if is_dataclass(view):
            for part in fields(view):
                if part.name not in {"command", "tone", "state", "term", "temporal_ui", "media"}:
                    yield from _texts(getattr(view, part.name))


def _squeezed(text: str) -> str:
    return re.sub(r"[\s`]+", "", text)


def _part(browser: Browser, *names: str) -> Page:
    page = browser.new_page()
    for name in names:
        page.add_script_tag(content=resource_dir("templates").joinpath("overlay", name).read_text(encoding="utf-8"))
    return page


def test_figures_are_written_as_everywhere_else(browser: Browser) -> None:
    page = _part(browser, "people.js")
    amounts = [0, 0.01, 0.04, 0.05, 0.25, 9.949, 59.94, 59.95, 60, 112.5, 119.5, 3599.4, 3600, 3661, 86399, 90061, 1e7]
    dollars = ["0", "0.00001", "0.0001", "0.00005", "0.0155", "0.00125", "0.099951", "0.1", "0.125", "-2.5", "1234.565"]
    grams = [0, 0.001, 0.05, 0.1, 3.45, 999.94, 999.96, 12_345.6]
    parts = [0, 0.001, 0.0001, 0.005, 0.0325, 0.05, 0.0999, 0.125, 0.3333, 0.99, 0.995, 0.99999, 1]
    assert page.evaluate("all => all.map(seconds)", amounts) == [people.seconds(amount) for amount in amounts]
    assert page.evaluate("all => all.map(money)", dollars) == [people.money(Decimal(amount)) for amount in dollars]
    assert page.evaluate("all => all.map(carbon)", grams) == [people.carbon(amount) for amount in grams]
    assert page.evaluate("all => all.map(share)", parts) == [people.share(part) for part in parts]
    assert page.evaluate("all => all.map(probability)", parts) == [people.probability(part) for part in parts]
    page.close()


def test_what_is_no_visible_character_is_shown_as_everywhere_else(browser: Browser) -> None:
    page = _part(browser, "text.js")
    texts = [
        NASTY,
        "a\u0301\u0301\u0301\u0301\u0301\u0301b",
        "x" * 500,
        " two  words ",
        "\U000e0041",
        "emoji 🎉",
        "a\x85b\u2028c",
    ]
    assert page.evaluate("all => all.map((one) => line(one))", texts) == [untrusted.line(text) for text in texts]
    assert page.evaluate("all => all.map((one) => name(one))", texts) == [untrusted.name(text) for text in texts]
    page.close()


def test_text_of_a_pull_request_is_never_markup_and_hides_nothing(stage: Stage, open_page: Opener) -> None:
    asked = stage.card.pull_request.model_copy(update={"title": NASTY, "author": NASTY, "notes": (NASTY,)})
    outcome = BLOCKED.report.failed[0].model_copy(update={"test": NASTY, "message": NASTY}) if BLOCKED.report else None
    report = BLOCKED.report.model_copy(update={"failed": (outcome,)}) if BLOCKED.report else None
    decision = Decision(state=DecisionState.BLOCKED, reasons=(NASTY,))
    stage.change(happened=NASTY, pull_request=asked, why=NASTY, risk=NASTY, report=report, decision=decision)
    stage.temporal_ui = "javascript:window.hacked=1"
    stage.forbidden = {"approve": NASTY}
    page = open_page()
    expect(page.locator(".title")).to_contain_text("<img src=x onerror=")
    expect(page.locator(".title")).to_contain_text("\\u202egnp.exe\\u2066 \\x1b[31m\\u200b")
    assert page.locator("#card img, #card script, #card a[href^=javascript]").count() == 0
    assert page.get_by_text("Open the workflow in Temporal").count() == 0
    assert page.evaluate("window.hacked") is None
    assert "\u202e" not in page.title()


def test_the_browser_itself_refuses_text_as_markup(open_page: Opener) -> None:
    page = open_page()
    expect(page.locator("#status-words")).to_have_text(LIVE)
    with pytest.raises(Exception, match="text is never markup here"):
        page.evaluate("document.querySelector('#card').innerHTML = '<b>x</b>'")
    expect(page.locator("#status-words")).to_have_text(LIVE)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "card", [pytest.param(CARDS[name], id=name) for name in ("green", "blocked", "needs_person", "waiting")]
)
def test_axe_has_nothing_to_object_to(
    stage: Stage, open_page: Opener, violations: Axe, card: DecisionCard, look: dict[str, object]
) -> None:
    stage.card = card.model_copy(update={"version": 7})
    stage.forbidden = {"reject": "You are the author; somebody else has to."}
    page = open_page(**look)
    expect(page.locator("#status-words")).to_have_text(LIVE)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    expect(page.locator("#card")).not_to_contain_text("Show more of the unknown")
    assert violations(page) == []


@pytest.mark.parametrize("text", [pytest.param(100, id="text as it is"), pytest.param(200, id="text twice as large")])
def test_a_phone_scrolls_one_way_only(stage: Stage, open_page: Opener, text: int) -> None:
    stage.card = BLOCKED.model_copy(update={"actions": NEEDS_PERSON.actions})
    page = open_page(viewport={"width": 320, "height": 640})
    expect(page.locator("#status-words")).to_have_text(LIVE)
    page.evaluate("size => document.documentElement.style.fontSize = `${size}%`", text)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.keyboard.press("?")
    assert page.evaluate("document.querySelector('#help').scrollWidth <= document.querySelector('#help').clientWidth")


def test_everything_to_press_is_large_enough(stage: Stage, open_page: Opener) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    expect(page.locator("#status-words")).to_have_text(LIVE)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    small = page.evaluate(
        """() => [...document.querySelectorAll('#card button, #card a, #card summary, #status button')]
            .filter((one) => one.checkVisibility()).map((one) => [one.textContent, one.getBoundingClientRect()])
            .filter(([, box]) => box.height < 24 || box.width < 24).map(([text]) => text)"""
    )
    assert small == []


def test_headings_and_landmarks_lead_through_the_card(open_page: Opener) -> None:
    page = open_page()
    expect(page.locator("#status-words")).to_have_text(LIVE)
    levels = page.evaluate("[...document.querySelectorAll('#card :is(h1,h2,h3)')].map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("navigation", name="On this card").count() == 1
    assert page.get_by_role("region", name="What you can do now").count() == 1


def test_a_change_comes_by_itself_is_said_once_and_disturbs_nothing(stage: Stage, open_page: Opener) -> None:
    page = open_page()
    summary = page.locator("#terms > summary")
    summary.click()
    page.get_by_role("button", name="Reject").focus()
    page.evaluate("window.before = document.activeElement; window.heading = document.querySelector('#risk')")
    page.evaluate("window.scrollTo(0, 400)")
    stage.change(phase=Phase.DONE, decision=GREEN.decision, why=GREEN.why, findings=GREEN.findings)
    expect(page.locator("h1")).to_have_text("Ready to merge")
    expect(page.locator("#said")).to_have_text(f"The card has changed. Ready to merge. {GREEN.why}")
    assert page.locator("#terms").get_attribute("open") is not None
    assert page.evaluate(
        "document.activeElement === window.before && document.querySelector('#risk') === window.heading"
    )
    assert page.evaluate("window.scrollY") == 400
    assert page.title().startswith("Ready to merge: ")
    stage.change(happened="Nothing that matters")
    expect(page.locator("#timeline + ol")).to_contain_text("Nothing that matters")
    expect(page.locator("#said")).to_have_text(f"The card has changed. Ready to merge. {GREEN.why}")


def test_a_decision_that_stands_while_tests_run_again_is_said_to_be_from_before(
    stage: Stage, open_page: Opener
) -> None:
    page = open_page()
    words = page.get_by_text("Running tests. The decision above is from before, until there is a new one.")
    expect(page.locator("h1")).to_have_text("Needs a person")
    expect(words).to_have_count(0)
    stage.change(phase=Phase.RUN)
    expect(words).to_be_visible()
    stage.change(phase=Phase.WAITING_FOR_PERSON)
    expect(words).to_have_count(0)


def test_the_card_stays_while_the_gateway_restarts_and_is_new_afterwards(
    stage: Stage, gateway: Running, open_page: Opener
) -> None:
    page = open_page()
    page.locator("#terms > summary").click()
    gateway.kill()
    expect(page.locator("#status-words")).to_contain_text("Reconnecting")
    expect(page.locator("h1")).to_have_text("Needs a person")
    stage.change(decision=GREEN.decision, why=GREEN.why)
    gateway.start()
    expect(page.locator("h1")).to_have_text("Ready to merge", timeout=20_000)
    expect(page.locator("#status-words")).to_have_text(LIVE)
    assert page.locator("#terms").get_attribute("open") is not None


def test_a_card_that_is_done_says_so_and_asks_no_more(stage: Stage, open_page: Opener) -> None:
    page = open_page()
    expect(page.locator("#status-words")).to_have_text(LIVE)
    stage.running = False
    expect(page.locator("#status-words")).to_have_text("Done: this card will not change any more.")
    expect(page.get_by_role("region", name="What you can do now")).to_contain_text("Nothing is asked of you.")


def test_who_asked_for_the_newest_head_gets_it_after_a_push(stage: Stage, open_page: Opener) -> None:
    page = open_page()
    expect(page.locator("#status-words")).to_have_text(LIVE)
    pushed = stage.card.pull_request.model_copy(update={"head_sha": "5e1f" * 10})
    stage.running = False
    expect(page.locator("#status-words")).to_contain_text("Done")
    stage.card, stage.running = stage.card.model_copy(update={"pull_request": pushed}), True
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".subject")).to_contain_text("5e1f5e1f5e1f")
    expect(page.locator("#status-words")).to_have_text(LIVE)
    visits = {(one["visit"], one["pull_request"]) for one in stage.beacons}
    assert len(visits) == 2


def test_who_asked_for_one_head_is_told_of_a_newer_one(stage: Stage, open_page: Opener) -> None:
    page = open_page(f"{CARD}/{stage.head}")
    expect(page.locator("#status-words")).to_have_text(LIVE)
    stage.newest = "5e1f" * 10
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("Head 5e1f5e1f5e1f is newer than this one.")).to_be_visible()
    expect(page.locator(".subject")).to_contain_text(stage.head[:12])


def test_lists_of_tests_come_page_by_page(open_page: Opener) -> None:
    page = open_page()
    page.locator("#tests-left_out > summary").click()
    rows = page.locator("#tests-left_out li")
    expect(rows).to_have_count(50)
    more = page.get_by_role("button", name="Show more of the left-out tests")
    more.click()
    more.click()
    expect(rows).to_have_count(len(TESTS))
    expect(rows.last).to_contain_text(TESTS[-1])
    expect(more).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == "tests"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        pytest.param("/overlay", "This address names no pull request.", id="nothing"),
        pytest.param("/overlay?repo=../..&pr=12", "This address names no pull request.", id="dots"),
        pytest.param("/overlay?repo=shop/other&pr=12", "There is no card yet.", id="one that nobody conducted"),
        pytest.param(
            f"{CARD}/{'5e1f' * 10}", "There is no such card, or it is not for you to see.", id="an unknown head"
        ),
    ],
)
def test_an_address_without_a_card_says_why(open_page: Opener, violations: Axe, address: str, words: str) -> None:
    page = open_page(address)
    expect(page.locator("#status-words")).to_contain_text(words)
    expect(page.get_by_role("main")).to_contain_text(words)
    assert violations(page) == []


def test_who_is_not_logged_in_gets_a_way_in_and_then_the_card(stage: Stage, open_page: Opener, violations: Axe) -> None:
    stage.logged_in = False
    page = open_page()
    way = page.get_by_role("link", name="Log in")
    expect(way).to_be_visible()
    assert way.get_attribute("href") == f"/login?next={CARD.replace('/', '%2F')}"
    assert violations(page) == []
    stage.logged_in = True
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("h1")).to_have_text("Needs a person")


def test_how_long_the_card_was_seen_is_told(stage: Stage, open_page: Opener) -> None:
    page = open_page()
    expect(page.locator("#status-words")).to_have_text(LIVE)
    page.evaluate(
        """() => { for (const hidden of [true, false]) {
            Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
            document.dispatchEvent(new Event('visibilitychange'));
        } }"""
    )
    page.goto("about:blank")
    page.wait_for_timeout(200)
    assert [one["event"] for one in stage.beacons] == ["opened", "hidden", "shown", "closed"]
    assert len({one["visit"] for one in stage.beacons}) == 1
    assert {one["source"] for one in stage.beacons} == {"page"}
    times = [one["open_seconds"] for one in stage.beacons]
    assert times == sorted(times)
    assert times[-1] > 0
    assert timedelta(seconds=times[-1]) < timedelta(minutes=1)
