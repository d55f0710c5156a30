"""Which pull requests a push for review asks for, and what it may say about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hooks.asked import LIMIT_WISHES, PushOptions, Wish, options_of, wishes_of
from gateway.hooks.packets import Command
from gateway.hooks.settings import HookSettings
from maestro.errors import BadInput
from maestro.render.untrusted import line

ZEROS, HEAD = "0" * 40, "a" * 40
BRANCHES = frozenset({"main", "release/2.1", "a", "ü", "refs/for"})
MERGES = HookSettings(publish=frozenset({"comment", "merge"}), wait_seconds=77)


def wishes(*refs: str, options: PushOptions | None = None, new: str = HEAD) -> tuple[Wish, ...]:
    commands = [Command(ZEROS, new, ref) for ref in refs]
    return wishes_of(commands, options or PushOptions(), branches=BRANCHES)


@pytest.mark.parametrize(
    ("ref", "branch", "topic"),
    [
        ("refs/for/main", "main", ""),
        ("refs/for/main/faster-login", "main", "faster-login"),
        ("refs/for/release/2.1", "release/2.1", ""),
        ("refs/for/release/2.1/fix_7", "release/2.1", "fix_7"),
        ("refs/for/refs/heads/main", "main", ""),
        ("refs/for/ü", "ü", ""),
    ],
)
def test_a_reference_names_a_branch_and_perhaps_a_topic(ref: str, branch: str, topic: str) -> None:
    [wish] = wishes(ref)
    assert (wish.branch, wish.topic, wish.head_sha) == (branch, topic, HEAD)


@pytest.mark.parametrize(
    ("ref", "problem"),
    [
        pytest.param("refs/for", "no such branch", id="no branch at all"),
        pytest.param("refs/for/", "no such branch", id="an empty branch"),
        pytest.param("refs/for/mian", "no such branch", id="a misspelt branch"),
        pytest.param("refs/for/\x1b[31m\nmain", "no such branch", id="control characters"),
        pytest.param("refs/for/" + "a/" * 20_000, "no such branch", id="a flood of slashes"),
        pytest.param("refs/for/main/a/b", "a topic is", id="a topic with a slash"),
        pytest.param("refs/for/main/a--b", "a topic is", id="a topic that could end another branch's name"),
        pytest.param("refs/for/main/x.lock", "a topic is", id="a topic that git cannot keep"),
        pytest.param("refs/for/main/..", "a topic is", id="a way up"),
        pytest.param("refs/for/main/" + "x" * 61, "a topic is", id="a long topic"),
        pytest.param("refs/for/main/%topic=x", "a topic is", id="another forge's way to say it"),
    ],
)
def test_what_names_no_pull_request_is_refused_in_text_that_any_terminal_takes(ref: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem) as refused:
        wishes(ref)
    assert str(refused.value).replace("\n  fix", "").isprintable()
    assert len(refused.value.field) <= 200
    assert refused.value.fix


def test_a_deletion_is_refused_with_the_way_to_stop_a_pull_request() -> None:
    with pytest.raises(BadInput, match="nothing to delete") as refused:
        wishes("refs/for/main", new=ZEROS)
    assert "maestro pr act cancel" in refused.value.fix


def test_two_branches_are_two_pull_requests_also_of_one_head() -> None:
    first, second = wishes("refs/for/main/fix", "refs/for/release/2.1/fix")
    assert first.pr != second.pr
    assert first.kept != second.kept


def test_one_pull_request_pushed_twice_at_once_is_refused() -> None:
    with pytest.raises(BadInput, match="same pull request main--x"):
        wishes("refs/for/main/x", "refs/for/main", options=PushOptions(topic="x"))


def test_more_pull_requests_than_a_push_may_start_are_refused() -> None:
    with pytest.raises(BadInput, match="are more than"):
        wishes(*[f"refs/for/main/t{number}" for number in range(LIMIT_WISHES + 1)])


def test_a_topic_is_said_once() -> None:
    assert wishes("refs/for/main", options=PushOptions(topic="x"))[0].topic == "x"
    with pytest.raises(BadInput, match="two topics"):
        wishes("refs/for/main/y", options=PushOptions(topic="x"))


BRANCH_NAMES = st.text(min_size=1, max_size=120)
TOPICS = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)*", fullmatch=True).filter(lambda text: len(text) <= 60)


@given(one=st.tuples(BRANCH_NAMES, TOPICS), other=st.tuples(BRANCH_NAMES, TOPICS))
def test_no_two_branches_and_topics_share_a_name_that_any_key_can_hold(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    first, second = (Wish("", HEAD, branch, topic).pr for branch, topic in (one, other))
    assert (first == second) == (one == other)
    assert all(character.isascii() and (character.isalnum() or character in "._-") for character in first)
    assert first[0].isalnum()
    assert len(first) <= 160


@given(ref=st.text(max_size=60), option=st.text(max_size=60))
def test_whatever_is_pushed_is_a_pull_request_or_a_clear_refusal(ref: str, option: str) -> None:
    refusals: list[BadInput] = []
    for attempt in (lambda: wishes(f"refs/for/{ref}"), lambda: options_of([option], MERGES)):
        try:
            attempt()
        except BadInput as refused:
            refusals.append(refused)
    assert all(line(refused.field) == " ".join(refused.field.split()) and refused.fix for refused in refusals)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), PushOptions(wait_seconds=77)),
        (("nowait",), PushOptions()),
        (("timeout=300",), PushOptions(wait_seconds=300)),
        (("merge", "again", "topic=x.1"), PushOptions(merge=True, again=True, topic="x.1", wait_seconds=77)),
    ],
)
def test_push_options_say_what_is_wanted(said: tuple[str, ...], expected: PushOptions) -> None:
    assert options_of(said, MERGES) == expected


@pytest.mark.parametrize(
    ("said", "named"),
    [
        pytest.param(("nowiat",), "nowiat", id="a misspelt one"),
        pytest.param(("",), "push option", id="an empty one"),
        pytest.param(("tenant=acme",), "tenant=acme", id="what only the owner says"),
        pytest.param(("timeout",), "timeout", id="a value that is missing"),
        pytest.param(("timeout=soon",), "timeout=soon", id="a word for a number"),
        pytest.param(("timeout=0",), "timeout=0", id="no time"),
        pytest.param(("timeout=99999",), "timeout=99999", id="more than a push may stand open"),
        pytest.param(("timeout=٣",), "timeout=", id="digits of another script"),
        pytest.param(("merge=yes",), "merge=yes", id="a value that nothing takes"),
        pytest.param(("merge", "merge"), "merge", id="one said twice"),
        pytest.param(("nowait", "timeout=5"), "timeout=5", id="two that contradict"),
        pytest.param(("topic=../../x",), "topic=../../x", id="a topic that is none"),
        pytest.param(("\x1b]0;title\x07",), "x1b", id="control characters"),
    ],
)
def test_a_wrong_push_option_is_named_with_a_fix(said: tuple[str, ...], named: str) -> None:
    with pytest.raises(BadInput) as refused:
        options_of(said, MERGES)
    assert named in refused.value.field
    assert refused.value.field.isprintable()
    assert refused.value.fix


def test_a_merge_is_refused_where_the_owner_does_not_let_it_be() -> None:
    with pytest.raises(BadInput, match="lets no push for review be merged"):
        options_of(["merge"], HookSettings())
