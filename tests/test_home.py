"""Where state lies, for every way of saying so."""

from pathlib import Path

import pytest

from maestro import home
from maestro.errors import BadInput


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAESTRO_HOME", "MAESTRO_LEDGER_URL", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_home_is_where_the_xdg_specification_puts_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert home.home() == tmp_path / "maestro"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert home.home() == Path.home() / ".local" / "state" / "maestro"


def test_one_variable_moves_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path))
    places = {
        home.artifacts_dir(),
        home.stack_file(),
        home.temporal_database(),
    }
    assert {place.parent for place in places} == {tmp_path}
    assert len(places) == 3
    assert home.ledger_url() == f"sqlite:///{tmp_path}/ledger.sqlite"


def test_the_ledger_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_LEDGER_URL", "postgresql+psycopg://ledger")
    assert home.ledger_url() == "postgresql+psycopg://ledger"


def test_a_home_that_depends_on_the_current_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_HOME", "state")
    with pytest.raises(BadInput, match="current folder"):
        home.home()
