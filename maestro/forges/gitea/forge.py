"""Gitea as a forge: one value, opened with our token there and closed at the end."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable

import httpx

from maestro.forges.gitea.api import API, Api, TokenCredential
from maestro.forges.gitea.comments import Comments
from maestro.forges.gitea.merges import Merges
from maestro.forges.gitea.pulls import pull_state
from maestro.forges.gitea.reviews import Reviews
from maestro.forges.gitea.statuses import Statuses
from maestro.forges.hosted.pulls import Pulls
from maestro.forges.http import PATIENCE, Credential, ForgeHttp, Patience, Secret


class Gitea:
    """A ``StatusForge``. Its repositories are named ``owner/name`` by the pull request's ``repo``.

    ``base_url`` is the server's own address, without ``/api/v1``. Raises BadInput for one that cannot be used, before
    anything is sent.
    """

    def __init__(
        self,
        token: Secret,
        *,
        base_url: str,
        patience: Patience = PATIENCE,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        web = base_url.rstrip("/")
        self._token = token

        def connect(named: Credential) -> ForgeHttp:
            return ForgeHttp(
                f"{web}/{API}",
                credential=named,
                patience=patience,
                tls=tls,
                transport=transport,
                sleep=sleep,
                clock=clock,
            )

        self._api = Api(TokenCredential(token, connect=connect))
        self.comments = Comments(self._api)
        self.statuses = Statuses(self._api, web=web)
        self.merges = Merges(self._api)
        self.pulls = Pulls(self._api, read=pull_state)
        self.reviews = Reviews(self._api)

    async def git_token(self, _repo: str, /) -> Secret:
        """The token, for every repository."""
        return self._token

    async def close(self) -> None:
        await self._api.http.close()
