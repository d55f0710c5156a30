"""What a reader of the documents sees, and what a hostile pull request cannot do to them."""

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import jsonschema
import pytest

from maestro.model.decision import DecisionCard
from maestro.model.region import RegionAssessment
from maestro.model.tests import TestReport
from maestro.render import card_html, card_json, card_schema, step_summary
from maestro.render.documents import SCHEMA_FILE, narrative, pretty
from maestro.resources import resource_dir
from tests.render.sample_cards import (
    BLOCKED,
    BROKEN_RUNNER,
    CANCELLED,
    CARDS,
    GREEN,
    NEEDS_PERSON,
    NOT_APPLICABLE,
    PLACEMENT,
    PULL_REQUEST,
    RED_REPORT,
    REPORT,
    WAITING,
)
from tests.render.sample_findings import FINDINGS

VOID = {"meta", "rect", "path", "circle"}
HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=a>\x1b[2J\u202e{{7*7}}\n# h\n[l](javascript:a)"


class Page(HTMLParser):
    """The tags, attributes and visible text of a page; fails on a tag that is not closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, key, value) for key, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data


def hostile(card: DecisionCard) -> DecisionCard:
    failed = tuple(outcome.model_copy(update={"test": HOSTILE, "message": HOSTILE}) for outcome in RED_REPORT.failed)
    return card.model_copy(
        update={
            "pull_request": PULL_REQUEST.model_copy(update={"title": HOSTILE, "author": HOSTILE, "notes": (HOSTILE,)}),
            "why": HOSTILE,
            "report": RED_REPORT.model_copy(update={"failed": failed}),
            "findings": tuple(f.model_copy(update={"reason": HOSTILE, "fix": HOSTILE}) for f in card.findings),
            "links": card.links.model_copy(update={"temporal_ui": "javascript:alert(1)"}),
        }
    )


every_card = pytest.mark.parametrize("card", [pytest.param(card, id=name) for name, card in CARDS.items()])


@every_card
def test_a_page_is_well_formed_and_asks_nothing_of_the_network(card: DecisionCard) -> None:
    for source in (card_html(card), narrative(card).html):
        page = Page(source)
        assert not {"script", "img", "link", "iframe", "form", "object", "base"} & set(page.tags)
        assert not [found for found in page.attributes if found[1].startswith("on") or found[1] in {"style", "src"}]
        assert page.tags.count("h1") == 1


@every_card
def test_the_headings_of_a_page_skip_no_level(card: DecisionCard) -> None:
    levels = [int(tag[1]) for tag in Page(card_html(card)).tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@every_card
def test_the_ids_of_a_page_are_unique_and_every_reference_finds_one(card: DecisionCard) -> None:
    attributes = Page(card_html(card)).attributes
    ids = [value for _, key, value in attributes if key == "id"]
    wanted = {value for _, key, value in attributes if key == "aria-labelledby"}
    wanted |= {value.removeprefix("#") for _, key, value in attributes if key == "href" and value and value[0] == "#"}
    assert len(ids) == len(set(ids))
    assert wanted <= set(ids)


@every_card
def test_only_the_style_of_the_page_is_allowed_by_its_policy(card: DecisionCard) -> None:
    source = card_html(card)
    style = source.split("<style>")[1].split("</style>", maxsplit=1)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in source


@every_card
def test_the_same_card_gives_the_same_bytes(card: DecisionCard) -> None:
    assert card_html(card) == card_html(card)
    assert narrative(card) == narrative(card)


def test_the_card_reads_verdict_first_and_actions_last() -> None:
    text = Page(card_html(BLOCKED)).text
    order = ["Blocked", "Why this was blocked", "smallest safe next step", "Risk", "Region:", "Chosen because"]
    order += ["Saved by", "Tests that failed: 2.", "Timeline", "Runs the 122 selected tests again"]
    places = [text.index(words, text.index("Why this was blocked") if n > 1 else 0) for n, words in enumerate(order)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("card", "verdict", "heading"),
    [
        (GREEN, "Ready to merge", "Why this passed"),
        (NOT_APPLICABLE, "Ready to merge: no test applies", "Why this passed"),
        (NEEDS_PERSON, "Needs a person", "Why this needs a person"),
        (BLOCKED, "Blocked", "Why this was blocked"),
        (WAITING, "Waiting for a region", "What is happening now"),
        (CANCELLED, "Cancelled", "Why this was cancelled"),
    ],
)
def test_each_decision_has_its_words(card: DecisionCard, verdict: str, heading: str) -> None:
    page = Page(card_html(card)).text
    told = narrative(card)
    assert verdict in page
    assert heading in page
    assert told.markdown.startswith(f"# {heading}\n")
    assert step_summary(card).startswith(f"## {verdict}: ")


def test_a_blocked_card_names_the_failing_test_its_message_and_the_fix() -> None:
    for text in (Page(card_html(BLOCKED)).text, Page(narrative(BLOCKED).html).text, narrative(BLOCKED).markdown):
        assert "test_a_discount_is_rounded_once" in text
        assert "assert Decimal('17.93') == Decimal('17.92')" in text
        assert "Mend the failing tests" in text
    assert "test_a_discount_is_rounded_once" in step_summary(BLOCKED)


def test_every_region_shows_each_term_of_its_cost_and_why_it_was_refused() -> None:
    text = Page(card_html(GREEN)).text
    for words in ("$0.0155", "$0.0131", "<$0.0001", "$0.0024", "refused by policy", "may not run in us-east"):
        assert words in text


def test_a_runner_that_could_not_start_is_told_with_its_fix() -> None:
    for text in (Page(card_html(BROKEN_RUNNER)).text, step_summary(BROKEN_RUNNER)):
        assert "pytest is not installed." in text
        assert "Add it to the test extra." in text


def test_every_offered_action_comes_with_its_command_line() -> None:
    text = Page(card_html(NEEDS_PERSON)).text
    for kind in ("approve", "reject", "escalate_tests", "retry", "cancel"):
        assert f"maestro pr act {kind} {PULL_REQUEST.workflow_id} --card-version 3" in text


def test_a_hostile_pull_request_stays_text_on_the_page() -> None:
    for source in (card_html(hostile(BLOCKED)), narrative(hostile(BLOCKED)).html):
        page = Page(source)
        assert not {"script", "img"} & set(page.tags)
        assert "alert(1)" in page.text
        assert "javascript:alert" not in source
        assert "\x1b" not in source
        assert "\u202e" not in source


def test_a_hostile_pull_request_stays_text_in_markdown() -> None:
    for source in (narrative(hostile(BLOCKED)).markdown, step_summary(hostile(BLOCKED))):
        outside_code = re.sub(r"```text\n.*?\n```|`[^`]*`", "", source, flags=re.DOTALL)
        assert not re.search(r"(?<!\\)<(?!/?(details|summary)>)", outside_code)
        assert not re.search(r"(?<!\\)\[(?!!)", outside_code)
        assert "\n# h" not in outside_code
        assert "\x1b" not in source


def test_the_published_schema_is_current() -> None:
    published = (resource_dir("templates") / SCHEMA_FILE).read_text(encoding="utf-8")
    assert published == pretty(card_schema()), "run: python -m maestro.render.schema"


@every_card
def test_every_card_is_valid_by_the_published_schema(card: DecisionCard) -> None:
    schema = json.loads((resource_dir("templates") / SCHEMA_FILE).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(card_json(card)))


@every_card
def test_a_card_comes_back_whole_from_its_json(card: DecisionCard) -> None:
    assert DecisionCard.model_validate_json(card_json(card)) == card


def test_a_card_with_an_unknown_decision_is_not_valid() -> None:
    card = json.loads(card_json(GREEN))
    card["decision"]["state"] = "maybe"
    assert not jsonschema.Draft202012Validator(card_schema()).is_valid(card)


def test_the_json_of_a_file_name_that_is_not_utf8_can_be_written_anywhere() -> None:
    odd = GREEN.model_copy(update={"why": "na\udcefve \x1b[2J"})
    assert card_json(odd).isascii()
    assert "\x1b" not in card_json(odd)


def test_a_pull_request_that_affects_no_test_shows_no_run_even_with_an_empty_report() -> None:
    text = Page(card_html(NOT_APPLICABLE.model_copy(update={"report": TestReport()}))).text
    assert "none is affected" in text
    assert "0 passed" not in text


def test_a_test_that_passed_only_when_retried_is_named() -> None:
    flaky = GREEN.model_copy(update={"report": REPORT.model_copy(update={"flaky": ("tests/test_a.py::test_b",)})})
    text = Page(card_html(flaky)).text
    assert "Passed only when retried" in text
    assert "tests/test_a.py::test_b" in text


def test_a_region_whose_cost_was_never_reckoned_is_not_shown_as_free() -> None:
    refused = RegionAssessment(region="moon", healthy=True, allowed=False, reasons=("The moon is not allowed.",))
    placement = PLACEMENT.model_copy(update={"assessments": (*PLACEMENT.assessments, refused)})
    text = Page(card_html(GREEN.model_copy(update={"placement": placement}))).text
    assert "not reckoned" in text
    assert "The moon is not allowed." in text


def test_many_artifacts_of_a_finding_are_counted_not_listed() -> None:
    finding = FINDINGS[0].model_copy(update={"evidence": FINDINGS[0].evidence * 20})
    assert "37 more" in Page(card_html(GREEN.model_copy(update={"findings": (finding,)}))).text
