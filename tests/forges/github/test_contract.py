"""GitHub keeps what every forge keeps."""

import pytest

from tests.forges.contract import ForgeContract, StatusContract
from tests.forges.github.site import GitHubSite, site_of


class TestGitHub(ForgeContract):
    @pytest.fixture
    def site(self) -> GitHubSite:
        return site_of()


class TestStatuses(StatusContract):
    @pytest.fixture
    def site(self) -> GitHubSite:
        return site_of()
