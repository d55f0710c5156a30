"""A link between two processes, in each of its states."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest_asyncio

from workers.drill.proxy import HOST, Link


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


@pytest_asyncio.fixture
async def link() -> AsyncIterator[Link]:
    async with await asyncio.start_server(_echo, HOST, 0) as server:
        opened = Link("a link", target_host=HOST, target_port=server.sockets[0].getsockname()[1])
        await opened.listen()
        yield opened
        await opened.close()


class Caller:
    """Somebody on the near side of a link."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def on(cls, link: Link) -> "Caller":
        return cls(*await asyncio.open_connection(HOST, link.port))

    async def says(self, text: str) -> str:
        self.writer.write(f"{text}\n".encode())
        return (await self.reader.readline()).decode().strip()


async def _is_unanswered(answer: asyncio.Task[str]) -> bool:
    done, _ = await asyncio.wait({answer}, timeout=0.2)
    return not done


async def test_what_is_said_comes_through_and_the_answer_back(link: Link) -> None:
    caller = await Caller.on(link)
    assert [await caller.says("one"), await caller.says("two")] == ["one", "two"]
    caller.writer.close()


async def test_a_held_link_lets_nothing_through_and_delivers_it_when_it_is_mended(link: Link) -> None:
    caller = await Caller.on(link)
    await caller.says("before")
    link.hold()
    answer = asyncio.create_task(caller.says("meanwhile"))
    assert await _is_unanswered(answer)
    link.pass_on()
    assert await answer == "meanwhile"
    caller.writer.close()


async def test_whoever_connects_over_a_held_link_waits_and_is_not_refused(link: Link) -> None:
    link.hold()
    caller = await Caller.on(link)
    answer = asyncio.create_task(caller.says("anybody there"))
    assert await _is_unanswered(answer)
    link.pass_on()
    assert await answer == "anybody there"
    caller.writer.close()


async def test_a_slow_link_delays_and_loses_nothing(link: Link) -> None:
    caller = await Caller.on(link)
    link.slow(0.3)
    answer = asyncio.create_task(caller.says("late"))
    assert await _is_unanswered(answer)
    assert await answer == "late"
    caller.writer.close()


async def test_a_cut_link_ends_connections_and_refuses_new_ones_until_it_is_mended(link: Link) -> None:
    caller = await Caller.on(link)
    await caller.says("before")
    link.cut()
    with suppress(ConnectionResetError):
        assert await caller.says("after") == ""
    refused = await Caller.on(link)
    assert await refused.reader.read() == b""
    link.pass_on()
    again = await Caller.on(link)
    assert await again.says("back") == "back"
    for each in (caller, refused, again):
        each.writer.transport.abort()


async def test_a_link_whose_far_side_is_gone_ends_the_connection() -> None:
    gone = await asyncio.start_server(_echo, HOST, 0)
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await gone.wait_closed()
    link = Link("to nobody", target_host=HOST, target_port=port)
    await link.listen()
    caller = await Caller.on(link)
    with suppress(ConnectionResetError):
        assert await caller.reader.read() == b""
    caller.writer.transport.abort()
    await link.close()
