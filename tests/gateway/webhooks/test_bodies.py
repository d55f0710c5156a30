"""Bodies that are too large, too slow or cut off, as a server hands them to the app: part by part."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from gateway.webhooks import body as reading
from maestro.forges.events import EVENT_LIMIT_BYTES
from tests.gateway.webhooks.conftest import Gate

PART = b"x" * 1_000_000
CUT = b"the end of the connection"


class Sender:
    """Sends parts for as long as it is asked to, then nothing at all."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.parts = iter(parts)
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        for part in self.parts:
            if part is CUT:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": part, "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")


async def sent(gate: Gate, sender: Sender, *more: tuple[bytes, bytes]) -> tuple[int, dict[bytes, bytes]]:
    """The status and the headers."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/webhooks/github",
        "raw_path": b"/webhooks/github",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *more],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8420),
    }
    answered: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        answered.append(message)

    async with asyncio.timeout(30):
        await gate.app(scope, sender.receive, send)
    return answered[0]["status"], dict(answered[0]["headers"])


async def test_a_body_that_says_that_it_is_too_large_is_not_read(gate: Gate) -> None:
    sender = Sender([PART])
    told = str(EVENT_LIMIT_BYTES + 1).encode()
    status, answered = await sent(gate, sender, (b"content-length", told))
    assert (status, answered[b"connection"]) == (413, b"close")
    assert sender.asked == 0


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(gate: Gate) -> None:
    sender = Sender(PART for _ in range(1_000))
    status, _ = await sent(gate, sender, (b"transfer-encoding", b"chunked"))
    assert status == 413
    assert sender.asked == EVENT_LIMIT_BYTES // len(PART) + 1


async def test_a_body_that_is_larger_than_it_says_is_read_no_further_than_the_limit(gate: Gate) -> None:
    sender = Sender(PART for _ in range(1_000))
    status, _ = await sent(gate, sender, (b"content-length", b"10"))
    assert status == 413
    assert sender.asked == EVENT_LIMIT_BYTES // len(PART) + 1


@pytest.mark.parametrize("told", [b"9" * 5_000, b"99999999999999999999"])
async def test_a_length_beyond_all_numbers_is_too_large(gate: Gate, told: bytes) -> None:
    assert (await sent(gate, Sender([]), (b"content-length", told)))[0] == 413


async def test_a_body_that_does_not_come_is_waited_for_no_longer_than_said(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_SECONDS", 0.05)
    assert (await sent(gate, Sender([b"{"])))[0] == 408


async def test_a_body_that_breaks_off_is_the_senders_matter(gate: Gate) -> None:
    assert (await sent(gate, Sender([b"{", CUT])))[0] == 400
    assert gate.temporal.taken == []
