"""The protocol between git and ``proc-receive``, as ``githooks(5)`` has it."""

import io

import pytest

from gateway.hooks import packets
from gateway.hooks.packets import Answer, Command, receive, report
from maestro.errors import BadInput

ZEROS, HEAD = "0" * 40, "a" * 40


def packed(*contents: bytes) -> bytes:
    return b"".join(f"{len(content) + 4:04x}".encode() + content for content in contents) + b"0000"


def test_commands_and_options_are_read_after_the_version_is_agreed_upon() -> None:
    asked = (
        packed(b"version=1\0push-options atomic\n")
        + packed(f"{ZEROS} {HEAD} refs/for/main".encode(), f"{ZEROS} {HEAD} refs/for/a b\xff".encode("latin-1"))
        + packed(b"topic=x", b"merge")
    )
    answered = io.BytesIO()
    received = receive(io.BytesIO(asked), answered)
    assert answered.getvalue() == packed(b"version=1\0push-options\n")
    assert received.commands == (
        Command(ZEROS, HEAD, "refs/for/main"),
        Command(ZEROS, HEAD, "refs/for/a b\udcff"),
    )
    assert received.options == ("topic=x", "merge")


def test_options_are_not_asked_for_where_the_pusher_gave_none() -> None:
    asked = packed(b"version=1\n") + packed(f"{ZEROS} {HEAD} refs/for/main".encode())
    answered = io.BytesIO()
    assert receive(io.BytesIO(asked), answered).options == ()
    assert answered.getvalue() == packed(b"version=1\n")


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(packed(b"version=2\n"), id="another version"),
        pytest.param(b"", id="a git that has gone"),
        pytest.param(b"00", id="half a packet"),
    ],
)
def test_another_protocol_is_refused(asked: bytes) -> None:
    with pytest.raises(BadInput, match="another version"):
        receive(io.BytesIO(asked), io.BytesIO())


def test_more_references_than_anybody_pushes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "LIMIT_PACKETS", 3)
    asked = packed(b"version=1\n") + packed(*[f"{ZEROS} {HEAD} refs/for/{n}".encode() for n in range(4)])
    with pytest.raises(BadInput, match="more than 3 references"):
        receive(io.BytesIO(asked), io.BytesIO())


def test_each_command_is_answered_with_what_was_moved_or_why_not() -> None:
    answered = io.BytesIO()
    taken = Answer("refs/for/a", kept="refs/maestro/pull/a--1/head", old=ZEROS, new=HEAD, is_forced=True)
    report(answered, [taken, Answer("refs/for/b", reason="it is late")])
    assert answered.getvalue() == packed(
        b"ok refs/for/a",
        b"option refname refs/maestro/pull/a--1/head",
        f"option old-oid {ZEROS}".encode(),
        f"option new-oid {HEAD}".encode(),
        b"option forced-update",
        b"ng refs/for/b it is late",
    )
