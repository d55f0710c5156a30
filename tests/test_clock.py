"""The host's clock, which a drill may step."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro.clock import VARIABLE, utc_now

SLACK = timedelta(minutes=5)
"""More than a test takes, and less than the steps."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "clock"))
    return tmp_path / "clock"


@pytest.mark.parametrize("hours", [-24, 24])
def test_the_clock_goes_by_the_offset_in_the_file(file: Path, hours: int) -> None:
    file.write_text(f"{hours * 3600}\n")
    assert abs(utc_now() - datetime.now(UTC) - timedelta(hours=hours)) < SLACK


@pytest.mark.parametrize("content", [None, "", "half past nine"], ids=["no file", "an empty file", "no number"])
def test_what_cannot_be_read_steps_nothing(file: Path, content: str | None) -> None:
    if content is not None:
        file.write_text(content)
    assert abs(utc_now() - datetime.now(UTC)) < SLACK


def test_the_clock_is_the_hosts_own_where_nobody_steps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert abs(utc_now() - datetime.now(UTC)) < SLACK
