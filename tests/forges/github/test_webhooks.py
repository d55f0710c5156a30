"""Deliveries of GitHub's: believed by their signature alone, and read as what they mean."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.forges.events import (
    EVENT_LIMIT_BYTES,
    Act,
    Closed,
    Conduct,
    Event,
    Ignored,
    NotSignedError,
    Pushed,
    QueueHead,
    QueueLeft,
    Relabelled,
    Rerun,
    Reviewed,
    TooLargeError,
    Verdict,
)
from maestro.forges.github import read_webhook
from maestro.forges.http import Secret
from maestro.model.decision import ActionKind
from maestro.model.pull_request import AuthorKind
from tests.forges.github import examples
from tests.forges.github.examples import SECRET, headers, read, sign

HEAD, BASE, ZEROS = "a" * 40, "b" * 40, "0" * 40
REPOSITORY = {"id": 1, "full_name": "acme/shop", "clone_url": "https://github.com/acme/shop.git"}
ADA = {"login": "ada", "id": 5, "type": "User"}
KEY = f"status/acme/shop/7/{HEAD}/2.success"


def pull(**changes: Any) -> dict[str, Any]:
    return {
        "number": 7,
        "state": "open",
        "title": "Change",
        "user": ADA,
        "head": {"ref": "feature", "sha": HEAD, "repo": {"id": 1}},
        "base": {"ref": "main", "sha": BASE, "repo": {"id": 1}},
        "labels": [{"name": "urgent"}],
        "draft": False,
        "merged": False,
        "merge_commit_sha": None,
    } | changes


def pull_event(action: str, **changes: Any) -> Event:
    payload = {"action": action, "number": 7, "pull_request": pull(), "repository": REPOSITORY, "sender": ADA}
    return read("pull_request", payload | changes)


def run_event(action: str, *, external_id: str = KEY, **changes: Any) -> dict[str, Any]:
    run = {"head_sha": HEAD, "external_id": external_id, "pull_requests": [{"number": 7}], "app": {"id": 4_711}}
    return {"action": action, "check_run": run, "repository": REPOSITORY, "sender": ADA} | changes


@pytest.mark.parametrize(
    ("action", "because"),
    [("opened", "opened"), ("reopened", "reopened"), ("synchronize", "new_head"), ("ready_for_review", "ready")],
)
def test_a_head_that_is_new_or_ready_is_conducted(action: str, because: str) -> None:
    found = pull_event(action)
    assert isinstance(found.meaning, Conduct)
    assert found.meaning.because == because
    seen = found.meaning.pull_request
    assert (seen.repo, seen.pr, seen.head_sha, seen.base_sha, seen.base_ref) == ("acme/shop", "7", HEAD, BASE, "main")
    assert (seen.repository, seen.labels) == ("https://github.com/acme/shop.git", ("urgent",))
    assert (seen.author.login, seen.author.kind, seen.is_from_fork) == ("ada", AuthorKind.HUMAN, False)


def test_another_base_is_conducted_and_another_title_is_not() -> None:
    moved = pull_event("edited", changes={"base": {"ref": {"from": "old"}, "sha": {"from": BASE}}})
    assert isinstance(moved.meaning, Conduct)
    assert moved.meaning.because == "new_base"
    assert isinstance(pull_event("edited", changes={"title": {"from": "old"}}).meaning, Ignored)


def test_labels_that_come_and_go_are_told() -> None:
    added = pull_event("labeled", label={"name": "risky"}).meaning
    removed = pull_event("unlabeled", label={"name": "risky"}).meaning
    assert isinstance(added, Relabelled)
    assert isinstance(removed, Relabelled)
    assert (added.added, added.removed, removed.added, removed.removed) == (("risky",), (), (), ("risky",))


@pytest.mark.parametrize("action", ["labeled", "synchronize", "edited"])
def test_nothing_more_is_done_for_what_is_closed(action: str) -> None:
    found = pull_event(action, pull_request=pull(state="closed"), changes={"base": {"ref": {"from": "old"}}})
    assert found.meaning == Ignored(reason="the pull request is closed")


def test_what_is_closed_says_whether_it_landed() -> None:
    merged = pull_event("closed", pull_request=pull(state="closed", merged=True, merge_commit_sha=BASE)).meaning
    left = pull_event("closed", pull_request=pull(state="closed", merge_commit_sha=BASE)).meaning
    assert isinstance(merged, Closed)
    assert isinstance(left, Closed)
    assert (merged.merged_sha, left.merged_sha) == (BASE, "")


def test_a_fork_that_is_gone_and_an_author_who_is_gone_are_read() -> None:
    gone = pull(user=None, head={"ref": "feature", "sha": HEAD, "repo": None})
    found = pull_event("opened", pull_request=gone).meaning
    assert isinstance(found, Conduct)
    assert (found.pull_request.author.login, found.pull_request.is_from_fork) == ("ghost", True)


def test_a_program_is_no_person() -> None:
    found = pull_event("opened", pull_request=pull(user={"login": "dependabot[bot]", "id": 9, "type": "Bot"})).meaning
    assert isinstance(found, Conduct)
    assert found.pull_request.author.kind is AuthorKind.AGENT


def test_text_of_a_stranger_has_nothing_in_it_that_a_terminal_obeys() -> None:
    found = pull_event("opened", pull_request=pull(title="a\x1b[2J\u202eb\n" + "c" * 5_000)).meaning
    assert isinstance(found, Conduct)
    assert found.pull_request.title.startswith("a [2J b c")
    assert len(found.pull_request.title) == 1_000


@pytest.mark.parametrize(
    ("action", "state", "verdict"),
    [
        ("submitted", "approved", Verdict.APPROVED),
        ("submitted", "APPROVED", Verdict.APPROVED),
        ("submitted", "changes_requested", Verdict.CHANGES_REQUESTED),
        ("dismissed", "dismissed", Verdict.DISMISSED),
    ],
)
def test_a_review_says_who_found_what_of_which_commit(action: str, state: str, verdict: Verdict) -> None:
    review = {"state": state, "user": ADA, "commit_id": BASE, "author_association": "MEMBER"}
    payload = {"action": action, "review": review, "pull_request": pull(), "repository": REPOSITORY, "sender": ADA}
    found = read("pull_request_review", payload).meaning
    assert isinstance(found, Reviewed)
    assert (found.reviewer.login, found.verdict, found.sha) == ("ada", verdict, BASE)
    assert found.pull_request.head_sha == HEAD


@pytest.mark.parametrize(("action", "state"), [("submitted", "commented"), ("edited", "approved")])
def test_a_review_without_a_verdict_says_nothing(action: str, state: str) -> None:
    review = {"state": state, "user": ADA, "commit_id": BASE}
    payload = {"action": action, "review": review, "pull_request": pull(), "repository": REPOSITORY}
    assert isinstance(read("pull_request_review", payload).meaning, Ignored)


@pytest.mark.parametrize("kind", list(ActionKind))
def test_a_button_is_an_action_of_its_sender(kind: ActionKind) -> None:
    found = read("check_run", run_event("requested_action", requested_action={"identifier": kind.value}))
    assert found.meaning == Act(repo="acme/shop", head_sha=HEAD, prs=("7",), key=KEY, action=kind)
    assert found.sender is not None
    assert found.sender.login == "ada"


def test_a_button_that_we_did_not_make_is_none() -> None:
    payload = run_event("requested_action", requested_action={"identifier": "merge_everything"})
    assert isinstance(read("check_run", payload).meaning, Ignored)
    assert isinstance(read("check_run", run_event("requested_action")).meaning, Ignored)


def test_a_check_may_be_asked_for_again() -> None:
    assert read("check_run", run_event("rerequested")).meaning == Rerun(
        repo="acme/shop", head_sha=HEAD, prs=("7",), key=KEY
    )
    unknown = read("check_run", run_event("rerequested", external_id="<script>")).meaning
    assert isinstance(unknown, Rerun)
    assert unknown.key == ""
    suite = {"head_sha": HEAD, "pull_requests": [], "app": {"id": 4_711}}
    payload = {"action": "rerequested", "check_suite": suite, "repository": REPOSITORY}
    assert read("check_suite", payload).meaning == Rerun(repo="acme/shop", head_sha=HEAD)


def test_another_app_s_check_is_not_ours() -> None:
    assert isinstance(read("check_run", run_event("rerequested"), app_id=4_711).meaning, Rerun)
    assert read("check_run", run_event("rerequested"), app_id=5).meaning == Ignored(reason="the check is another App's")


def test_a_queue_asks_for_a_commit_of_its_own() -> None:
    group = {"head_sha": HEAD, "head_ref": "refs/heads/queue/main/7", "base_sha": BASE, "base_ref": "refs/heads/main"}
    payload = {"action": "checks_requested", "merge_group": group, "repository": REPOSITORY}
    found = read("merge_group", payload).meaning
    assert isinstance(found, QueueHead)
    assert (found.head_ref, found.base_ref, found.head_sha) == ("queue/main/7", "main", HEAD)
    left = read("merge_group", payload | {"action": "destroyed", "reason": "dequeued"}).meaning
    assert left == QueueLeft(repo="acme/shop", head_sha=HEAD, reason="dequeued")


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(BASE, HEAD, (BASE, HEAD)), (ZEROS, HEAD, ("", HEAD)), (BASE, ZEROS, (BASE, ""))]
)
def test_a_branch_that_moved_says_from_where_to_where(before: str, after: str, expected: tuple[str, str]) -> None:
    payload = {"ref": "refs/heads/release/1", "before": before, "after": after, "forced": True}
    found = read("push", payload | {"repository": REPOSITORY}).meaning
    assert isinstance(found, Pushed)
    assert (found.branch, found.before, found.after, found.is_forced) == ("release/1", *expected, True)


# Who may speak.


def test_github_s_own_example_of_a_signature_fits() -> None:
    assert sign(b"Hello, World!") == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("", id="none"),
        pytest.param("sha256=", id="an empty one"),
        pytest.param("sha256=" + "0" * 64, id="a wrong one"),
        pytest.param("sha1=" + "0" * 40, id="an old kind"),
        pytest.param(sign(b"{}").upper(), id="in capitals"),
        pytest.param(sign(b"{}")[:-1], id="a short one"),
        pytest.param(sign(b"{}") + " ", id="with a space"),
        pytest.param("sha256=" + "é" * 64, id="no hexadecimal"),
        pytest.param(sign(b"{}", secret="another"), id="by another secret"),
        pytest.param(sign(b"{ }"), id="of another body"),
    ],
)
def test_what_is_not_signed_is_not_read(signature: str) -> None:
    with pytest.raises(NotSignedError) as refused:
        read_webhook(headers("push", b"{}", X_Hub_Signature_256=signature), b"{}", Secret(SECRET))
    assert SECRET not in str(refused.value)


def test_a_secret_is_replaced_without_losing_a_delivery() -> None:
    body = json.dumps({"zen": "Keep it simple."}).encode()
    old, new = Secret(SECRET), Secret("new")
    for secrets in ((new, old), (old, new)):
        assert read_webhook(headers("ping", body), body, secrets).name == "ping"
    with pytest.raises(NotSignedError):
        read_webhook(headers("ping", body), body, (new,))
    with pytest.raises(NotSignedError):
        read_webhook(headers("ping", body), body, ())


def test_what_is_too_large_is_not_even_signed() -> None:
    body = b" " * (EVENT_LIMIT_BYTES + 1)
    with pytest.raises(TooLargeError):
        read_webhook(headers("push", body), body, Secret(SECRET))


def test_the_largest_delivery_is_read() -> None:
    body = json.dumps({"zen": "x" * (EVENT_LIMIT_BYTES - 20)}).encode()
    assert isinstance(read_webhook(headers("ping", body), body, Secret(SECRET)).meaning, Ignored)


def test_one_delivery_is_told_from_another_by_what_is_signed() -> None:
    body = json.dumps({"zen": "Keep it simple."}).encode()
    first, again = (
        read_webhook(headers("ping", body, X_GitHub_Delivery=name), body, Secret(SECRET)) for name in ("a-1", "a-2")
    )
    assert (first.delivery, again.delivery) == ("a-1", "a-2")
    assert first.digest == again.digest


def test_names_of_headers_may_be_written_in_any_way() -> None:
    body = b'{"zen": "x"}'
    named = {name.upper(): value for name, value in headers("ping", body).items()}
    assert read_webhook(named, body, Secret(SECRET)).name == "ping"


@pytest.mark.parametrize(
    ("event", "body"),
    [
        pytest.param("push", b"", id="nothing"),
        pytest.param("push", b"Hello, World!", id="no JSON"),
        pytest.param("push", b"[]", id="a list"),
        pytest.param("push", b'{"a": ' * 40 + b"1" + b"}" * 40, id="nested without end"),
        pytest.param("push", b"[" * 100_000, id="nested until it breaks"),
        pytest.param("push", b'{"ref": "refs/heads/a", "ref": "refs/heads/b"}', id="a name given twice"),
        pytest.param("push", b'{"ref": NaN}', id="no number"),
        pytest.param("push", b"\xff", id="no text"),
        pytest.param("push", b"{}", id="nothing of what belongs there"),
        pytest.param("pull_request", b'{"action": 5}', id="a number for a word"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(event: str, body: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        read_webhook(headers(event, body), body, Secret(SECRET))
    assert refused.value.field
    assert refused.value.fix


@pytest.mark.parametrize(
    "changes",
    [
        {"head": {"ref": "x", "sha": "HEAD", "repo": None}},
        {"head": {"ref": "x", "sha": HEAD + "\n", "repo": None}},
        {"number": "7"},
        {"number": -1},
        {"draft": "no"},
        {"labels": "urgent"},
        {"title": None},
    ],
)
def test_a_pull_request_that_no_forge_has_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        pull_event("opened", pull_request=pull(**changes))


@pytest.mark.parametrize(
    "changes", [{"clone_url": "ext::sh -c id"}, {"full_name": "acme/shop\x1b"}, {"full_name": ".."}]
)
def test_a_repository_that_no_forge_has_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        pull_event("opened", repository=REPOSITORY | changes)


@pytest.mark.parametrize("event", ["", "pull request", "../push", "x" * 65])
def test_a_header_that_github_does_not_send_is_refused(event: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_webhook(headers(event, b"{}"), b"{}", Secret(SECRET))
    assert refused.value.field == "x-github-event"


def test_a_delivery_as_a_form_says_what_to_set() -> None:
    body = b"payload=%7B%7D"
    named = headers("push", body) | {"Content-Type": "application/x-www-form-urlencoded"}
    with pytest.raises(BadInput, match="no JSON"):
        read_webhook(named, body, Secret(SECRET))


def test_one_event_does_not_pass_for_another() -> None:
    """The name of the event stands in a header, which the signature does not cover."""
    review = {"state": "approved", "user": ADA, "commit_id": BASE}
    payload = {"action": "opened", "review": review, "pull_request": pull(), "repository": REPOSITORY}
    with pytest.raises(BadInput):
        read("pull_request", payload)


_NAMES = st.sampled_from(sorted(examples._KEPT))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(
    event=st.sampled_from(["pull_request", "pull_request_review", "check_run", "check_suite", "merge_group", "push"]),
    base=st.sampled_from(examples.vendored()),
    changed=st.dictionaries(_NAMES, _JSON, max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_signed_is_read_or_refused(event: str, base: dict[str, Any], changed: dict[str, Any]) -> None:
    for name in (event, base["event"]):
        try:
            assert isinstance(read(name, base["payload"] | changed), Event)
        except BadInput as refused:
            assert refused.fix  # noqa: PT017 - either is right


# GitHub's own examples.


@pytest.mark.parametrize(
    "example", examples.vendored(), ids=lambda each: f"{each['event']} {each['payload'].get('action')}"
)
def test_every_example_is_handled_or_ignored_with_a_reason(example: dict[str, Any]) -> None:
    row = examples.row(example["event"], example["payload"])
    assert row.meaning or row.reason


def test_the_examples_stand_for_all_of_github_s() -> None:
    assert sum(example["stands_for"] for example in examples.vendored()) == 329
    assert len({example["event"] for example in examples.vendored()}) == 58


def test_the_page_has_the_table_of_what_follows_from_each() -> None:
    page = Path(__file__).parents[3] / "docs" / "forges" / "github.md"
    assert examples.table(examples.vendored()) in page.read_text(encoding="utf-8")
