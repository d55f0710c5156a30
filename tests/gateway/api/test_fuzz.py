"""Every field of every operation, with what fits the description and what does not, alone and in sequences: never a
5xx, never an answer that the description does not have. ``MAESTRO_FUZZ_EXAMPLES`` asks for more examples.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from temporalio.client import Client

from maestro.model.decision import Phase
from maestro.model.tests import PlanBody
from tests.gateway.api.conftest import serving
from tests.workflows.fakes import Fakes, needs_person_until_approved, risky_plan

EXAMPLES = os.environ.get("MAESTRO_FUZZ_EXAMPLES", "3")
COMMAND = Path(sys.executable).with_name("schemathesis")
LIMIT_SECONDS = 3_600
"""Only so that a server that hangs fails the test."""

UNENDING = r"/events$"
"""A live card's stream ends with its pull request; its tests are elsewhere."""


SETTINGS = """
[[operations]]
include-name = "GET /api/pull-requests"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 422]
[[operations]]
include-name = "GET /api/figures"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 422]
"""
"""No description can say which cursors there are, and which spans of time are too long."""


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The app on a port of its own; its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    [socket] = server.servers[0].sockets
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def test_whatever_is_sent_is_answered_as_described(temporal: Client, tmp_path: Path) -> None:
    fakes = Fakes(decide_as=needs_person_until_approved)
    async with serving(temporal, fakes, tmp_path) as api:
        stored = api.site.artifacts.put_model(PlanBody(selected=(), left_out=(), shards=(), changed_files=()), name="p")
        fakes.on_select = lambda request: risky_plan(request).model_copy(update={"body": stored, "replay": None})
        for _ in range(3):
            await api.started(Phase.WAITING_FOR_PERSON)
        async with listening(api.app) as address:
            (tmp_path / "schemathesis.toml").write_text(SETTINGS)
            command = [str(COMMAND), "run", f"{address}/openapi.json", "--checks", "all", "--max-examples", EXAMPLES]
            command += ["--header", "Authorization: Bearer admin", "--exclude-path-regex", UNENDING]
            command += ["--generation-deterministic", "--no-color", "--suppress-health-check", "filter_too_much"]
            process = await asyncio.create_subprocess_exec(
                *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            async with asyncio.timeout(LIMIT_SECONDS):
                told, _ = await process.communicate()
    assert process.returncode == 0, told.decode(errors="replace")
