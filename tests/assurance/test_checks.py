"""What a forge's checks say, in the forms in which forges give them, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.assurance import checks_facts
from maestro.assurance.facts import ChecksFacts
from maestro.errors import BadInput, MaestroError

HEAD, OTHER = "a" * 40, "b" * 40


def run(name: str = "build", conclusion: str | None = "success", **more: object) -> dict[str, Any]:
    status = "in_progress" if conclusion is None else "completed"
    started = "2026-11-23T09:00:00Z"
    return {"name": name, "status": status, "conclusion": conclusion, "head_sha": HEAD, "started_at": started} | more


def read(document: object, *required: str) -> ChecksFacts:
    return checks_facts(json.dumps(document).encode(), required=required, head_sha=HEAD)


def runs(*entries: dict[str, Any], required: tuple[str, ...] = ()) -> ChecksFacts:
    return read({"total_count": len(entries), "check_runs": entries}, *required)


def statuses(*entries: dict[str, Any], required: tuple[str, ...] = ()) -> ChecksFacts:
    return read({"state": "any", "sha": HEAD, "total_count": len(entries), "statuses": entries}, *required)


@pytest.mark.parametrize(
    ("conclusion", "required"),
    [
        ("success", "pass"),
        ("neutral", "pass"),
        ("skipped", "pass"),
        ("failure", "fail"),
        ("cancelled", "fail"),
        ("timed_out", "fail"),
        ("action_required", "fail"),
        ("stale", "fail"),
        ("startup_failure", "fail"),
        ("something new", "fail"),
        (None, "pending"),
    ],
)
def test_a_conclusion_counts_as_github_counts_it_and_an_unknown_one_does_not_pass(
    conclusion: str | None, required: str
) -> None:
    assert runs(run(conclusion=conclusion)).required == required


@pytest.mark.parametrize("status", ["queued", "waiting", "requested", "pending", "something new"])
def test_a_run_that_has_not_completed_is_pending_whatever_its_conclusion_says(status: str) -> None:
    assert runs(run(status=status)).required == "pending"


def test_a_completed_run_without_a_conclusion_is_no_pass() -> None:
    assert runs(run() | {"conclusion": None}).required == "pending"


@pytest.mark.parametrize(
    ("said", "required"),
    [
        ("success", "pass"),
        ("pending", "pending"),
        ("failure", "fail"),
        ("error", "fail"),
        ("warning", "fail"),
        ("", "fail"),
    ],
)
@pytest.mark.parametrize("field", [pytest.param("state", id="GitHub"), pytest.param("status", id="Gitea")])
def test_a_commit_status_is_read_in_the_form_of_either_forge(field: str, said: str, required: str) -> None:
    assert statuses({"context": "ci", field: said}).required == required


def test_the_facts_count_and_name_what_was_reported() -> None:
    facts = runs(run("a"), run("c", "failure"), run("b", "failure"), run("d", None), required=("a", "z"))
    assert facts == ChecksFacts(
        reported=True, required="missing", total=4, passed=1, failed=("b", "c"), pending=("d",), missing=("z",)
    )


@pytest.mark.parametrize(
    ("required", "state"),
    [
        pytest.param(("a",), "pass", id="what is not required does not matter"),
        pytest.param(("a", "b"), "fail", id="one failed"),
        pytest.param(("a", "c"), "pending", id="one runs"),
        pytest.param(("a", "z"), "missing", id="one was never reported"),
        pytest.param(("c", "z"), "pending", id="one runs and one was never reported"),
        pytest.param(("b", "c", "z"), "fail", id="a failure weighs most"),
        pytest.param((), "fail", id="all that are reported are required"),
        pytest.param(("A",), "missing", id="names are compared letter by letter"),
    ],
)
def test_the_worst_of_the_required_checks_counts(required: tuple[str, ...], state: str) -> None:
    assert runs(run("a"), run("b", "failure"), run("c", None), required=required).required == state


def test_of_no_checks_nobody_can_say_that_they_passed() -> None:
    facts = runs()
    assert (facts.reported, facts.required, facts.total) == (False, None, 0)
    assert runs(required=("a",)).required == "missing"


@pytest.mark.parametrize("latest_first", [True, False])
@pytest.mark.parametrize(
    ("older", "newer", "state"),
    [
        pytest.param(run(), run(conclusion="failure", started_at="2026-11-23T09:00:01Z"), "fail", id="by the start"),
        pytest.param(run(conclusion="failure"), run(started_at="2026-11-23T09:00:01Z"), "pass", id="mended since"),
        pytest.param(run(), run(conclusion="failure", started_at="2026-11-23T10:30:00+01:00"), "fail", id="in zones"),
        pytest.param(run(id=9), run(conclusion="failure", id=10), "fail", id="by the number, at the same second"),
        pytest.param(run(), run(conclusion=None, started_at=None), "pending", id="asked for again"),
        pytest.param(run(started_at=None), run(conclusion="failure"), "fail", id="one without a start is the older"),
    ],
)
def test_of_several_runs_of_a_check_the_latest_counts(
    older: dict[str, Any], newer: dict[str, Any], state: str, *, latest_first: bool
) -> None:
    entries = (newer, older) if latest_first else (older, newer)
    assert runs(*entries).required == state


def test_where_nothing_tells_which_run_is_later_the_worse_one_counts() -> None:
    assert runs(run(), run(conclusion="failure")).required == "fail"
    assert runs(run(conclusion="failure"), run()).required == "fail"


def test_another_application_cannot_pass_a_check_by_taking_its_name() -> None:
    failed = run(conclusion="failure", app={"id": 1})
    taken = run(started_at="2026-11-23T12:00:00Z", app={"id": 2})
    assert runs(failed, taken).required == "fail"


def test_runs_and_statuses_can_be_given_together() -> None:
    facts = read({"check_runs": [run("a")], "statuses": [{"context": "b", "state": "failure"}], "sha": HEAD})
    assert (facts.passed, facts.failed) == (1, ("b",))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param({"check_runs": [run("lint", head_sha=OTHER)]}, f"'lint' is about {OTHER}", id="another head"),
        pytest.param({"sha": OTHER, "statuses": []}, f"is about {OTHER}", id="the statuses of another head"),
        pytest.param({"statuses": []}, "about no commit", id="statuses of no commit"),
        pytest.param({"total_count": 31, "check_runs": [run()]}, "knows 31 checks", id="the first page of several"),
        pytest.param({}, "neither check_runs nor statuses", id="something else"),
        pytest.param([run()], "it: ", id="a list"),
        pytest.param({"check_runs": [{"name": "x"}]}, "check_runs.0.status", id="a run without a status"),
        pytest.param({"check_runs": [run("")]}, "check_runs.0.name", id="a check without a name"),
        pytest.param({"check_runs": [run(started_at="soon")]}, "started_at", id="a date that is none"),
        pytest.param({"check_runs": [run(f"{n}") for n in range(10_001)]}, "at most 10000", id="too many"),
    ],
)
def test_what_is_not_about_this_head_or_not_whole_is_refused(document: object, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(document)
    assert says in caught.value.message
    assert (caught.value.field, bool(caught.value.fix)) == ("checks", True)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param(b'{"check_runs":' + b"[" * 100_000, "nested too deeply", id="deep nesting"),
        pytest.param(b" " * 10_000_001, "more than 10000000", id="too large"),
        pytest.param(b'{"check_runs": [], "check_runs": []}', "a key is given twice", id="a repeated key"),
        pytest.param(b"\xff", "cannot be read", id="no text"),
        pytest.param(b"", "cannot be read", id="nothing"),
        pytest.param(b'{"total_count": 1' + b"0" * 5_000 + b"}", "cannot be read", id="a number without end"),
    ],
)
def test_a_hostile_document_is_refused(document: bytes, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        checks_facts(document, required=(), head_sha=HEAD)
    assert says in caught.value.message


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(HEAD),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["check_runs", "statuses", "sha", "name", "status", "context", "app"]), inner)
    ),
    max_leaves=12,
)


@given(document=anything, wrapped=st.booleans())
def test_whatever_is_given_is_facts_or_refused(document: object, *, wrapped: bool) -> None:
    given_document = {"check_runs": document, "sha": HEAD} if wrapped else document
    try:
        facts = read(given_document)
    except MaestroError:
        return
    assert facts.required != "pass" or not (facts.failed or facts.pending or facts.missing)
