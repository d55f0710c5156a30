"""Deliveries of Gitea's, recorded from a real one: believed by their signature alone, and read as what they mean."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.forges.events import (
    EVENT_LIMIT_BYTES,
    Closed,
    Conduct,
    Event,
    Ignored,
    NotSignedError,
    Pushed,
    Relabelled,
    Reviewed,
    TooLargeError,
    Verdict,
)
from maestro.forges.gitea import read_webhook
from maestro.forges.http import Secret
from tests.forges.gitea import examples
from tests.forges.gitea.examples import SECRET, headers, read, sign

HEAD, BASE, ZEROS = "a" * 40, "b" * 40, "0" * 40
SHOP = {"id": 1, "full_name": "acme/shop", "clone_url": "https://gitea.example/acme/shop.git"}
ADA = {"login": "ada", "id": 5}


def pull(**changes: Any) -> dict[str, Any]:
    return {
        "number": 7,
        "state": "open",
        "title": "Change",
        "user": ADA,
        "head": {"ref": "feature", "sha": HEAD, "repo_id": 1},
        "base": {"ref": "main", "sha": BASE, "repo_id": 1, "repo": SHOP},
        "labels": [{"name": "urgent"}],
        "draft": False,
        "merged": False,
        "merge_commit_sha": None,
        "merge_base": BASE,
    } | changes


def event(action: str, name: str = "pull_request", **changes: Any) -> Event:
    payload = {"action": action, "number": 7, "pull_request": pull(), "repository": SHOP, "sender": ADA, "review": None}
    return read(name, payload | changes)


def step(name: str) -> Event:
    """The recorded delivery of a step."""
    found = next(each for each in examples.recorded() if each["step"] == name)
    return read(found["event"], found["payload"])


@pytest.mark.parametrize(
    ("name", "because", "is_draft"),
    [
        ("a draft is opened", "opened", True),
        ("the draft is ready", "ready", False),
        ("another head is pushed", "new_head", False),
        ("the base is another", "new_base", False),
        ("it is opened again", "reopened", False),
        ("one is opened by a push to `refs/for/main`", "opened", False),
    ],
)
def test_a_head_that_is_new_or_ready_is_conducted(name: str, because: str, is_draft: bool) -> None:
    found = step(name).meaning
    assert isinstance(found, Conduct)
    seen = found.pull_request
    assert (found.because, seen.is_draft) == (because, is_draft)
    assert (seen.repo, seen.repository) == ("acme/shop", "https://gitea.example/acme/shop.git")
    assert seen.author.login == "ada"


@pytest.mark.parametrize(
    ("before", "now", "is_ready"),
    [
        pytest.param("WIP: Change", "Change", True, id="the usual prefix"),
        pytest.param("[wip] Change", "Something else", True, id="another usual prefix, and another title"),
        pytest.param("Entwurf: Change", "Change", True, id="a prefix of this Gitea's own"),
        pytest.param("Change", "Another", False, id="another title"),
    ],
)
def test_a_title_that_is_no_draft_s_any_more_makes_it_ready(before: str, now: str, is_ready: bool) -> None:
    found = event("edited", pull_request=pull(title=now), changes={"title": {"from": before}}).meaning
    assert isinstance(found, Conduct if is_ready else Ignored)
    still = event("edited", pull_request=pull(title=now, draft=True), changes={"title": {"from": before}}).meaning
    assert isinstance(still, Ignored)


def test_labels_are_those_of_now() -> None:
    added, none, cleared = (
        step(name).meaning for name in ("a label is added", "a label is taken away", "all labels are taken away")
    )
    assert isinstance(added, Relabelled)
    assert isinstance(none, Relabelled)
    assert isinstance(cleared, Relabelled)
    labels = [meaning.pull_request.labels for meaning in (added, none, cleared)]
    assert labels == [("risky",), (), ()]


def test_what_is_closed_says_whether_it_landed() -> None:
    closed, merged = step("it is closed").meaning, step("it is merged").meaning
    assert isinstance(closed, Closed)
    assert isinstance(merged, Closed)
    assert (closed.merged_sha, merged.merged_sha) == ("", merged.pull_request.head_sha)


def test_a_fork_is_told_from_the_repository_also_when_it_is_gone() -> None:
    opened, gone = step("one from a fork is opened").meaning, step("its fork is deleted").meaning
    assert isinstance(opened, Conduct)
    assert isinstance(gone, Closed)
    assert (opened.pull_request.is_from_fork, gone.pull_request.is_from_fork) == (True, True)
    assert opened.pull_request.repository == "https://gitea.example/acme/shop.git"


@pytest.mark.parametrize("action", ["synchronized", "label_updated"])
def test_nothing_more_is_done_for_what_is_closed(action: str) -> None:
    assert event(action, pull_request=pull(state="closed")).meaning == Ignored(reason="the pull request is closed")


def test_a_base_that_is_gone_is_read_by_where_the_two_met() -> None:
    gone = pull(base={"ref": "old", "sha": "", "repo_id": 1, "repo": SHOP}, merge_base=BASE)
    found = event("closed", pull_request=gone).meaning
    assert isinstance(found, Closed)
    assert found.pull_request.base_sha == BASE


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("a reviewer approves", Verdict.APPROVED), ("a reviewer wants changes", Verdict.CHANGES_REQUESTED)],
)
def test_a_review_says_who_found_what_and_not_of_which_commit(name: str, verdict: Verdict) -> None:
    found = step(name).meaning
    assert isinstance(found, Reviewed)
    assert (found.reviewer.login, found.verdict, found.sha) == ("grace", verdict, "")


def test_a_verdict_stands_in_the_body_and_not_in_a_header() -> None:
    """The name of the event stands in a header, which the signature does not cover."""
    review = {"type": "pull_request_review_rejected", "content": "No."}
    found = event("reviewed", "pull_request_approved", review=review).meaning
    assert isinstance(found, Reviewed)
    assert found.verdict is Verdict.CHANGES_REQUESTED
    assert isinstance(event("reviewed", "pull_request", review=review).meaning, Ignored)
    for name in ("pull_request_approved", "push", "delete"):
        with pytest.raises(BadInput):
            event("opened", name)
    created = {"ref": "other", "ref_type": "branch", "sha": HEAD, "repository": SHOP, "sender": ADA}
    with pytest.raises(BadInput):
        read("delete", created)


def test_a_branch_that_moved_or_went_is_told() -> None:
    pushed, deleted, tag = (
        step(name).meaning for name in ("a branch is pushed to", "a branch is deleted", "a tag is pushed")
    )
    assert isinstance(pushed, Pushed)
    assert (pushed.branch, len(pushed.before), len(pushed.after)) == ("other", 40, 40)
    assert deleted == Pushed(repo="acme/shop", branch="other", before="", after="")
    assert isinstance(tag, Ignored)


def test_an_author_who_is_gone_is_read() -> None:
    found = event("opened", pull_request=pull(user=None, labels=None)).meaning
    assert isinstance(found, Conduct)
    assert (found.pull_request.author.login, found.pull_request.labels) == ("Ghost", ())


def test_text_of_a_stranger_has_nothing_in_it_that_a_terminal_obeys() -> None:
    found = event("opened", pull_request=pull(title="a\x1b[2J\u202eb\n" + "c" * 5_000)).meaning
    assert isinstance(found, Conduct)
    assert found.pull_request.title.startswith("a [2J b c")
    assert len(found.pull_request.title) == 1_000


# Who may speak.


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("", id="none"),
        pytest.param("sha256=", id="that of a webhook without a secret"),
        pytest.param("sha256=" + "0" * 64, id="a wrong one"),
        pytest.param(sign(b"{}").removeprefix("sha256="), id="without its kind"),
        pytest.param(sign(b"{}", secret="another"), id="by another secret"),
        pytest.param(sign(b"{ }"), id="of another body"),
    ],
)
def test_what_is_not_signed_is_not_read(signature: str) -> None:
    with pytest.raises(NotSignedError) as refused:
        read_webhook(headers("push", b"{}", X_Hub_Signature_256=signature), b"{}", Secret(SECRET))
    assert "Gitea" in refused.value.fix
    assert SECRET not in str(refused.value)


def test_a_secret_is_replaced_without_losing_a_delivery() -> None:
    body = b"{}"
    for secrets in ((Secret("new"), Secret(SECRET)), (Secret(SECRET), Secret("new"))):
        assert read_webhook(headers("fork", body), body, secrets).name == "fork"
    with pytest.raises(NotSignedError):
        read_webhook(headers("fork", body), body, (Secret("new"),))


def test_what_is_too_large_is_not_even_signed() -> None:
    body = b" " * (EVENT_LIMIT_BYTES + 1)
    with pytest.raises(TooLargeError):
        read_webhook(headers("push", body), body, Secret(SECRET))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("push", b"", id="nothing"),
        pytest.param("push", b"payload=%7B%7D", id="a form"),
        pytest.param("push", b"[]", id="a list"),
        pytest.param("push", b"[" * 100_000, id="nested until it breaks"),
        pytest.param("push", b"{}", id="nothing of what belongs there"),
        pytest.param("delete", b'{"ref": 5}', id="a number for a word"),
        pytest.param("pull_request", b'{"action": "opened", "number": "7"}', id="a word for a number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(name: str, body: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        read_webhook(headers(name, body), body, Secret(SECRET))
    assert refused.value.field
    assert refused.value.fix


@pytest.mark.parametrize(
    "changes",
    [
        {"head": {"ref": "x", "sha": "HEAD", "repo_id": 1}},
        {"head": {"ref": "x", "sha": "", "repo_id": 1}},
        {"number": -1},
        {"draft": "no"},
        {"labels": "urgent"},
        {"title": None},
        {"base": {"ref": "main", "sha": BASE, "repo_id": 1, "repo": SHOP | {"clone_url": "ext::sh -c id"}}},
        {"base": {"ref": "main", "sha": BASE, "repo_id": 1, "repo": SHOP | {"full_name": "../shop"}}},
    ],
)
def test_a_pull_request_that_no_forge_has_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        event("opened", pull_request=pull(**changes))


@pytest.mark.parametrize("name", ["", "pull request", "../push", "x" * 65])
def test_a_header_that_gitea_does_not_send_is_refused(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_webhook(headers(name, b"{}"), b"{}", Secret(SECRET))
    assert refused.value.field == "x-gitea-event"


_NAMES = st.sampled_from(sorted(examples._KEPT))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(base=st.sampled_from(examples.recorded()), changed=st.dictionaries(_NAMES, _JSON, max_size=3))
@settings(max_examples=200, deadline=None)
def test_whatever_is_signed_is_read_or_refused(base: dict[str, Any], changed: dict[str, Any]) -> None:
    for name in ("pull_request", "pull_request_approved", "push", "delete", base["event"]):
        try:
            assert isinstance(read(name, base["payload"] | changed), Event)
        except BadInput as refused:
            assert refused.fix  # noqa: PT017 - either is right


def test_the_page_has_the_table_of_what_follows_from_each() -> None:
    page = Path(__file__).parents[3] / "docs" / "forges" / "gitea.md"
    rows = [(each["step"], examples.row_of(read(each["event"], each["payload"]))) for each in examples.recorded()]
    assert examples.table(rows) in page.read_text(encoding="utf-8")


def test_the_recording_tells_nothing_of_the_machine_that_made_it() -> None:
    text = json.dumps(examples.recorded())
    assert "127.0.0.1" not in text
    assert "localhost" not in text
