"""A link: a TCP proxy on loopback that passes on, delays, holds or cuts what goes through it, as it is told."""

import asyncio
from contextlib import suppress

HOST = "127.0.0.1"

CHUNK_BYTES = 65_536


class Link:
    """One way to one address. It passes until it is told otherwise, and keeps its port for as long as it is open.

    Held: nothing goes through and nothing is lost, as in a network that drops packets until it is mended. Slow: each
    piece comes later. Both can be at once, and each is ended by itself.
    """

    def __init__(self, name: str, *, target_host: str, target_port: int) -> None:
        self.name = name
        self._target = (target_host, target_port)
        self._delay_seconds = 0.0
        self._is_cut = False
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, port: int = 0) -> int:
        """Take connections on ``port`` (0: a free one); the port."""
        self._server = await asyncio.start_server(self._accept, HOST, port)
        return self.port

    @property
    def port(self) -> int:
        assert self._server is not None  # noqa: S101 - a link that nobody opened has no port
        return int(self._server.sockets[0].getsockname()[1])

    def hold(self) -> None:
        """A partition: nobody is told of it, and nothing arrives."""
        self._open.clear()

    def cut(self) -> None:
        """Connections end at once, new ones as well."""
        self._is_cut = True
        self._open.set()
        for writer in tuple(self._writers):
            writer.transport.abort()

    def pass_on(self) -> None:
        """Neither held nor cut; what was held goes through now."""
        self._is_cut = False
        self._open.set()

    def slow(self, delay_seconds: float) -> None:
        """Each piece, in both directions, comes this much later."""
        self._delay_seconds = delay_seconds

    def quicken(self) -> None:
        """Not slow any more."""
        self._delay_seconds = 0.0

    async def close(self) -> None:
        """End everything; the port is free afterwards."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in tuple(self._writers):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            await self._open.wait()
            if self._is_cut:
                return
            with suppress(OSError):
                far_reader, far = await asyncio.open_connection(*self._target)
                self._writers.add(far)
                await asyncio.gather(self._pump(reader, far), self._pump(far_reader, writer))
        finally:
            for each in (writer, far):
                if each is not None:
                    self._writers.discard(each)
                    each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on until one side ends. The end itself waits as well while the link is held."""
        while True:
            piece = await reader.read(CHUNK_BYTES)
            await self._open.wait()
            if self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
                await self._open.wait()
            if not piece:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(piece)
            await writer.drain()
