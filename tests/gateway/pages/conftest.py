"""A stage of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.pages.stage import Stage, staged


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    async with staged(tmp_path, monkeypatch) as made:
        yield made
