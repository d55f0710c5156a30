"""What a reader of a bundle's narrative is told, in which order, and how long it takes."""

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.evidence.contents import Role
from maestro.model.decision import Decision, DecisionCard, DecisionState
from maestro.model.evidence import ControlFinding, FindingState
from maestro.model.tests import TestOutcome, Verdict
from maestro.render.documents import narrative
from maestro.render.linked import ANNEX, unproven
from maestro.render.narrated import reading_seconds
from maestro.render.narrative import bundle_narrative, narrative_members
from maestro.resources import resource_dir
from tests.render.bundles import CARDS, dossier_of, members_of, paths_of
from tests.render.sample_cards import BLOCKED, CANCELLED, GREEN, NEEDS_PERSON, NOT_APPLICABLE, PULL_REQUEST, RED_REPORT
from tests.render.sample_cards import CARDS as EVERY_CARD
from tests.render.sample_findings import finding, ref

HOSTILE = "# h\n</p><script>alert(1)</script> [x](http://evil.example) $a$ | `b` \x1b[2J\u202e ![i](y) <b>"
LONG = "tests/" + "a_long_folder/" * 20 + "test_x.py::test_" + "b" * 300

every_card = pytest.mark.parametrize("card", [pytest.param(card, id=name) for name, card in EVERY_CARD.items()])


def markdown_of(card: DecisionCard) -> str:
    return bundle_narrative(dossier_of(card).contents).markdown


def main_of(markdown: str) -> str:
    return markdown.split(f"\n## {ANNEX}\n", maxsplit=1)[0]


def many(number: int, state: FindingState = FindingState.PASS) -> tuple[ControlFinding, ...]:
    return tuple(
        finding(
            f"MC-XX-{n:03}", f"The promise number {n} is kept by everybody", n % 3 + 1, state, "Broken promises: 0."
        )
        for n in range(number)
    )


@pytest.mark.parametrize(
    ("card", "heading", "verdict"),
    [
        (GREEN, "Why this passed", "Ready to merge"),
        (BLOCKED, "Why this was blocked", "Blocked"),
        (NEEDS_PERSON, "Why this needs a person", "Needs a person"),
        (CANCELLED, "Why this was cancelled", "Cancelled"),
    ],
)
def test_verdict_and_scope_stand_in_the_first_three_lines(card: DecisionCard, heading: str, verdict: str) -> None:
    first, second, third = markdown_of(card).splitlines()[:3]
    assert first == f"# {heading}"
    assert second.startswith(f"**{verdict}**: pull request 1482 of shop/checkout, “")
    assert "head 9ac39ac39ac3" in second
    assert "base 4b1d4b1d4b1d" in second
    actor = "ada" if card is CANCELLED else "policy"
    assert third.replace("\\", "").startswith(f"Decided by {actor} on 2026-11-23 at 09:40:00 UTC ([records]")


def test_it_is_told_in_the_order_in_which_it_is_read() -> None:
    text = markdown_of(BLOCKED)
    order = [
        "# Why this was blocked",
        "Reading time:",
        "2 of the 122 tests that this change can reach fail",
        "next step",
    ]
    order += [
        "## Controls",
        "| MC-QA-01",
        "| MC-AC-01",
        "## Tests and risk",
        "## Where it ran",
        "## Timeline",
        "## How to",
    ]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)


def test_each_control_has_its_answer_its_reason_its_evidence_and_for_a_failure_the_fix() -> None:
    rows = {row.split()[1]: row for row in markdown_of(NEEDS_PERSON).splitlines() if row.startswith("| MC-")}
    assert len(rows) == len(NEEDS_PERSON.findings)
    assert list(rows)[:2] == ["MC-AC-02", "MC-BR-01"], "failures, then what could not be evaluated"
    assert "**fail**" in rows["MC-AC-02"]
    assert "**Fix:** Read the named files yourself" in rows["MC-AC-02"]
    assert "**not evaluated**" in rows["MC-BR-01"]
    assert "Nothing established tests.isolated." in rows["MC-BR-01"]
    assert all(f"](artifacts/{'b' * 64})" in row for row in rows.values())


def test_the_timeline_names_who_did_what_when() -> None:
    text = markdown_of(GREEN).replace("\\", "")
    assert "| [2026-11-23 09:31:07](card.json) | ada | Opened: head 9ac39ac39ac3 |" in text


def test_what_landed_is_told_and_whether_it_is_what_was_tested() -> None:
    whole = dossier_of(GREEN)
    assert whole.contents.landing is not None
    other = whole.contents.landing.model_copy(update={"tree": "0" * 40})
    moved = dataclasses.replace(whole, contents=whole.contents.model_copy(update={"landing": other}))
    assert "it landed on main as 9ac39ac39ac3, with another tree than was tested" in (
        narrative_members(moved)[0].content.decode()
    )
    assert ", as tested" not in narrative_members(moved)[0].content.decode()


def test_markdown_page_and_pdf_are_members_of_the_bundle_with_the_same_bytes_each_time() -> None:
    whole = dossier_of(BLOCKED)
    members = narrative_members(whole)
    assert [member.path for member in members] == ["narrative.md", "narrative.html", "narrative.pdf"]
    assert {member.role for member in members} == {Role.NARRATIVE}
    assert narrative_members(whole) == members


@every_card
def test_every_sentence_of_every_narrative_is_linked(card: DecisionCard) -> None:
    for member in members_of(card).values():
        if member.media_type != "application/pdf":
            assert unproven(member.content, member.media_type, paths_of(card)) == ()


@every_card
def test_every_narrative_says_how_long_it_takes_and_is_right(card: DecisionCard) -> None:
    for text in (markdown_of(card), narrative(card).markdown):
        printed = re.search(r"Reading time: (?:(\d+) min )?(\d+) s\.", text)
        assert printed is not None
        told = int(printed[1] or 0) * 60 + int(printed[2])
        assert abs(told - reading_seconds(text)) <= 1, "the figure itself is read, too"
        assert told <= 180


@pytest.mark.parametrize(
    "findings",
    [
        pytest.param(many(41), id="41 pass"),
        pytest.param(many(100), id="100 pass"),
        pytest.param(many(100, FindingState.FAIL), id="100 fail"),
        pytest.param((*many(60, FindingState.NOT_EVALUATED), *many(40, FindingState.NOT_APPLICABLE)), id="none passes"),
    ],
)
def test_many_controls_and_a_long_timeline_are_still_read_in_three_minutes(
    findings: tuple[ControlFinding, ...],
) -> None:
    card = GREEN.model_copy(update={"findings": findings, "timeline": GREEN.timeline[:5] * 100})
    text = markdown_of(card)
    main, annex = text.split(f"\n## {ANNEX}\n")
    assert reading_seconds(text) <= 180
    assert f"Of {len(findings)} controls" in main
    assert "entries between these stand in the annex" in main
    assert annex.count("](card.json) | ") == 500, "the annex has the whole timeline"
    assert sum(line.startswith("| MC-XX-") for line in annex.splitlines()) == len(findings)
    assert unproven(text.encode(), "text/markdown", paths_of(card)) == ()


def test_forty_one_passing_controls_each_keep_their_name_in_the_main_part() -> None:
    main = main_of(markdown_of(GREEN.model_copy(update={"findings": many(41)})))
    assert all(f"MC-XX-{n:03}" in main for n in range(41))


def test_what_the_main_part_shortens_stands_whole_in_the_annex() -> None:
    reasons = tuple(f"Reason {n} " + "with very many words that somebody wrote down here " * 7 for n in range(20))
    decision = Decision(state=DecisionState.BLOCKED, reasons=reasons)
    text = markdown_of(BLOCKED.model_copy(update={"decision": decision, "why": ""}))
    assert reading_seconds(text) <= 180
    assert all(f"Reason {n} with very many words" in text.split(f"\n## {ANNEX}\n")[1] for n in range(5, 20))


LINKS = "see https://example.org and www.example.org"
words = st.text(st.characters(exclude_categories=()), max_size=100) | st.sampled_from(
    ["字" * 400, LINKS, "://0", "a " * 300, LONG, HOSTILE, "`" * 9, "|" * 50, "\\" * 20, "", " "]
)


@settings(max_examples=10, deadline=None)
@given(title=words, reason=words, note=words, test=words, count=st.integers(0, 60))
def test_whatever_anybody_writes_it_is_read_in_three_minutes_and_every_sentence_keeps_its_link(
    title: str, reason: str, note: str, test: str, count: int
) -> None:
    controls = tuple(
        ControlFinding(
            control=f"C-{n}", title=title, tier=n % 3, state=list(FindingState)[n % 4], reason=reason, fix=note,
            evidence=(ref("b", test), ref("c", title)),
        )
        for n in range(count)
    )  # fmt: skip
    failed = tuple(TestOutcome(test=test, verdict=Verdict.FAIL, message=reason) for _ in range(min(count, 20)))
    card = BLOCKED.model_copy(
        update={
            "pull_request": PULL_REQUEST.model_copy(update={"title": title, "author": note, "notes": (note,) * 9}),
            "decision": BLOCKED.decision.model_copy(update={"reasons": (reason,) * count or (title,), "actor": test}),
            "why": reason,
            "risk": title,
            "findings": controls,
            "report": RED_REPORT.model_copy(update={"failed": failed, "failed_count": count}),
            "timeline": tuple(
                entry.model_copy(update={"event": title, "detail": note, "actor": test}) for entry in BLOCKED.timeline
            ),
        }
    )
    told = bundle_narrative(dossier_of(card).contents)
    assert reading_seconds(told.markdown) <= 180
    assert unproven(told.markdown.encode(), "text/markdown", paths_of(card)) == ()
    assert unproven(told.html.encode(), "text/html", paths_of(card)) == ()


def test_hostile_text_stays_text_in_every_format() -> None:
    pull_request = PULL_REQUEST.model_copy(update={"title": HOSTILE, "author": HOSTILE, "notes": (HOSTILE,)})
    card = BLOCKED.model_copy(
        update={
            "pull_request": pull_request,
            "why": HOSTILE,
            "findings": tuple(f.model_copy(update={"reason": HOSTILE, "fix": HOSTILE}) for f in BLOCKED.findings),
        }
    )
    members = members_of(card)
    page = members["narrative.html"].content.decode()
    assert "<script" not in page
    assert "alert(1)" in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert unproven(members["narrative.md"].content, "text/markdown", paths_of(card)) == ()


def test_the_narrative_of_a_card_names_artifacts_by_digest_and_links_nowhere() -> None:
    told = narrative(BLOCKED)
    assert "results of shard 0 `sha256:bbbbbbbbbbbb`" in told.markdown
    assert "](" not in told.markdown
    assert "<a " not in told.html


@pytest.mark.parametrize("template", ["narrative.md.j2", "narrative.html.j2", "narrative.typ"])
def test_a_template_with_an_unknown_name_is_refused_with_its_file_line_and_name(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    shipped = (resource_dir("templates") / template).read_text()
    wrong = "#story.nonsense" if template.endswith(".typ") else "{{ story.nonsense }}"
    (own / template).write_text(f"{shipped}{wrong}\n")
    monkeypatch.setenv("MAESTRO_TEMPLATES", str(own))
    with pytest.raises(BadInput, match="nonsense") as refused:
        members_of(GREEN)
    assert refused.value.field == f"{template}:{len(shipped.splitlines()) + 1}"
    assert refused.value.fix


def test_a_template_that_is_not_well_written_is_refused_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "narrative.md.j2").write_text("# one\n{% if story %}\n")
    monkeypatch.setenv("MAESTRO_TEMPLATES", str(tmp_path))
    with pytest.raises(BadInput) as refused:
        narrative(GREEN)
    assert refused.value.field == "narrative.md.j2:2"


def test_a_folder_of_templates_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_TEMPLATES", "/nowhere/at/all")
    with pytest.raises(BadInput, match="no such folder"):
        narrative(GREEN)


def test_a_pull_request_that_affects_no_test_says_why_controls_do_not_apply() -> None:
    text = markdown_of(NOT_APPLICABLE)
    assert "| **not applicable** | Tests are affected by the pull request: no. | [facts](facts.json) |" in text


def test_the_states_that_a_bundle_can_have_are_all_tried() -> None:
    assert set(CARDS) | {DecisionState.PENDING, DecisionState.CANCELLED} == set(DecisionState)
