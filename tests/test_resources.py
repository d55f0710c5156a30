"""The files that ship with Maestro are found, or missed in words."""

from pathlib import Path

import pytest

from maestro.errors import PlatformUnavailable
from maestro.resources import policies_dir, resource_dir, resource_path


def test_everything_that_ships_is_found() -> None:
    assert resource_path("temporal-dev.yaml").is_file()
    for name in ("policies", "controls", "templates"):
        assert resource_dir(name).is_dir()


@pytest.mark.parametrize("name", ["nothing-of-that-name", "temporal-dev.yaml"])
def test_an_incomplete_installation_is_said(name: str) -> None:
    with pytest.raises(PlatformUnavailable, match=name):
        resource_dir(name)


def test_policies_of_ones_own_take_the_place_of_the_shipped_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MAESTRO_POLICIES", raising=False)
    assert policies_dir() == resource_dir("policies")
    monkeypatch.setenv("MAESTRO_POLICIES", str(tmp_path))
    assert policies_dir() == tmp_path
