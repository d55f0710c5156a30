"""Our client of Gitea keeps what every forge keeps, here against the fake; ``tests/forge`` has the real one."""

import pytest

from tests.forges.contract import ForgeContract, StatusContract
from tests.forges.gitea.behaviour import GiteaContract
from tests.forges.gitea.site import FakeSite, site_of


class TestForge(ForgeContract):
    @pytest.fixture
    def site(self) -> FakeSite:
        return site_of()


class TestStatuses(StatusContract):
    @pytest.fixture
    def site(self) -> FakeSite:
        return site_of()


class TestGitea(GiteaContract):
    @pytest.fixture
    def site(self) -> FakeSite:
        return site_of()
