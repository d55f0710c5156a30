"""The floor of ``benchmarks.gateway``: the same framework and server, with handlers that keep everything in memory."""

import asyncio
import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

CARD_BYTES = 6_000
"""About the size of a card's event in the same run."""

app = FastAPI(openapi_url=None)
readers: dict[str, set["asyncio.Queue[str]"]] = {}


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "alive"}


@app.post("/delivered", status_code=202)
async def delivered(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@app.post("/push/{topic}")
async def push(topic: str, request: Request) -> dict[str, int]:
    text = (await request.body()).decode()
    for queue in readers.get(topic, ()):
        queue.put_nowait(text + " " * CARD_BYTES)
    return {"readers": len(readers.get(topic, ()))}


@app.get("/events/{topic}")
async def events(topic: str) -> StreamingResponse:
    return StreamingResponse(_stream(topic), media_type="text/event-stream")


async def _stream(topic: str) -> AsyncIterator[str]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    readers.setdefault(topic, set()).add(queue)
    try:
        yield f"event: card\ndata: {' ' * CARD_BYTES}\n\n"
        while True:
            yield f"event: card\ndata: {await queue.get()}\n\n"
    finally:
        readers[topic].discard(queue)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, backlog=2_048)
