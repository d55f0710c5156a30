"""The dossiers are frozen: made once for all tests of exports."""

import pytest

from maestro.evidence.contents import Dossier
from tests.evidence.exports import cases


@pytest.fixture(scope="session")
def green(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    return cases.green(tmp_path_factory.mktemp("green"))


@pytest.fixture(scope="session")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    return cases.blocked(tmp_path_factory.mktemp("blocked"))


@pytest.fixture(scope="session")
def unsure(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    return cases.unsure(tmp_path_factory.mktemp("unsure"))


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    return cases.whole(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session", params=["green", "blocked", "unsure", "whole"])
def each(request: pytest.FixtureRequest) -> Dossier:
    """One after the other: everything holds, controls fail, controls could not be asked, the whole catalogue."""
    dossier: Dossier = request.getfixturevalue(request.param)
    return dossier
