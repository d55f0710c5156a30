"""GitHub's API for one repository at a time, under our credentials; a refusal is raised in GitHub's words."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote
from weakref import WeakValueDictionary

from pydantic import JsonValue

from maestro.forges.github.access import Identity
from maestro.forges.github.refusal import RefusedError, refusing
from maestro.forges.http import Answer, ForgeHttp, Request

PER_PAGE = 100


class Api:
    """Shared by everything that is done at one GitHub."""

    def __init__(self, http: ForgeHttp, identity: Identity) -> None:
        self.http = http
        self._identity = identity
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def login(self) -> str:
        """Under which name what we write is shown."""
        return await self._identity.login()

    def turn(self, subject: str) -> asyncio.Lock:
        """Held by whoever in this process writes about ``subject``."""
        return self._turns.setdefault(subject, asyncio.Lock())

    async def get(self, repo: str, path: str, *, query: Mapping[str, str | int] | None = None) -> Answer:
        """Raises RefusedError for whatever is not there or must not be seen."""
        answer = await self.http.get(_path(repo, path), query=query, account=repo)
        return refusing(answer, doing=f"{repo} cannot be looked at")

    async def find(self, repo: str, path: str, *, query: Mapping[str, str | int] | None = None) -> Answer | None:
        """As ``get``; None where it is not there."""
        answer = await self.http.get(_path(repo, path), query=query, account=repo)
        return None if answer.status == 404 else refusing(answer, doing=f"{repo} cannot be looked at")

    async def pages(self, repo: str, path: str, *, query: Mapping[str, str | int] | None = None) -> list[Answer]:
        """Every page. Raises as ``get`` does."""
        answers = await self.http.pages(
            _path(repo, path), query={"per_page": PER_PAGE} | dict(query or {}), account=repo
        )
        refusing(answers[-1], doing=f"{repo} cannot be looked at")
        return answers

    async def send(self, repo: str, method: str, path: str, body: JsonValue = None) -> Answer:
        """Sent once; the answer as it is, also where it is a refusal."""
        return await self.http.attempt(Request(method, _path(repo, path), body=body, account=repo))


def number_of(pr: str) -> int:
    """The number of a pull request that GitHub can know. Raises RefusedError for another."""
    if not (pr.isascii() and pr.isdigit() and len(pr) < 16):
        raise RefusedError(f"GitHub numbers its pull requests, and {pr!r} is no number")
    return int(pr)


def _path(repo: str, path: str) -> str:
    parts = repo.split("/")
    if len(parts) != 2 or {"", ".", ".."} & set(parts):
        raise RefusedError(f"a repository of GitHub is named owner/name, and {repo!r} is not")
    return "/".join(["repos", *map(quote, parts), path])
