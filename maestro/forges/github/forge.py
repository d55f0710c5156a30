"""GitHub as a forge: one value, opened with who we are there and closed at the end."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable

import httpx

from maestro.forges.github.access import BEARER, Access, credential
from maestro.forges.github.api import Api
from maestro.forges.github.check_runs import CheckRuns
from maestro.forges.github.checks import ChecksChangeError, HeadChecks, head_checks
from maestro.forges.github.merges import MergeMethod, Merges
from maestro.forges.github.pulls import pull_state
from maestro.forges.hosted.comments import Comments
from maestro.forges.hosted.pulls import Pulls
from maestro.forges.http import PATIENCE, Credential, ForgeHttp, Patience, Secret
from maestro.model.pull_request import PullRequest

GITHUB = "https://api.github.com"
"""Where GitHub's API is. An Enterprise Server's is at ``https://HOST/api/v3``."""

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class GitHub:
    """A ``StatusForge``. Its repositories are named ``owner/name`` by the pull request's ``repo``.

    Raises BadInput for an address or a key that cannot be used, before anything is sent.
    """

    def __init__(
        self,
        access: Access,
        *,
        base_url: str = GITHUB,
        merge_method: MergeMethod = "fast-forward",
        patience: Patience = PATIENCE,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def connect(named: Credential) -> ForgeHttp:
            return ForgeHttp(
                base_url,
                credential=named,
                headers=_HEADERS,
                patience=patience,
                tls=tls,
                transport=transport,
                sleep=sleep,
                clock=clock,
            )

        self._credential = credential(access, connect=connect)
        self._api = Api(connect(self._credential), self._credential)
        self.comments = Comments(self._api)
        self.statuses = CheckRuns(self._api)
        self.merges = Merges(self._api, method=merge_method)
        self.pulls = Pulls(self._api, read=pull_state)

    async def checks(self, pull_request: PullRequest) -> HeadChecks:
        """What the other checks of the head say.

        Raises BadInput where GitHub does not let us read them, PlatformUnavailable where they change meanwhile.
        """
        try:
            return await head_checks(self._api, pull_request)
        except ChecksChangeError:
            return await head_checks(self._api, pull_request)

    async def git_token(self, repo: str, /) -> Secret:
        """The token, or one of the App's for this repository alone.

        Raises BadInput where GitHub refuses one, PlatformUnavailable where it does not answer.
        """
        return Secret((await self._credential.authorization(repo)).removeprefix(BEARER))

    async def close(self) -> None:
        await self._api.http.close()
        await self._credential.close()
