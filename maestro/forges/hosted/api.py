"""A forge's API for one repository at a time, under our credentials; a refusal is raised in the forge's words."""

import asyncio
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote
from weakref import WeakValueDictionary

from pydantic import JsonValue

from maestro.forges.hosted.refusal import RefusedError, Words
from maestro.forges.hosted.refusal import refusing as _refusing
from maestro.forges.http import Answer, ForgeHttp, Request


class Identity(Protocol):
    """Credentials that know whose they are."""

    async def login(self) -> str:
        """Under which name the forge shows what is written with them."""
        ...


class Api:
    """Shared by everything that is done at one forge. ``page_query`` asks for the largest pages that it gives."""

    def __init__(self, http: ForgeHttp, identity: Identity, *, words: Words, page_query: Mapping[str, int]) -> None:
        self.http = http
        self._identity = identity
        self._words = words
        self._page_query = page_query
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def forge(self) -> str:
        return self._words.forge

    async def login(self) -> str:
        """Under which name what we write is shown."""
        return await self._identity.login()

    def turn(self, subject: str) -> asyncio.Lock:
        """Held by whoever in this process writes about ``subject``."""
        return self._turns.setdefault(subject, asyncio.Lock())

    def refusing(self, answer: Answer, *, doing: str) -> Answer:
        """The answer, where it is no refusal. ``doing`` begins the sentence otherwise."""
        return _refusing(answer, doing=doing, words=self._words)

    async def get(self, repo: str, path: str, *, query: Mapping[str, str | int] | None = None) -> Answer:
        """Raises RefusedError for whatever is not there or must not be seen."""
        answer = await self.http.get(self._path(repo, path), query=query, account=repo)
        return self.refusing(answer, doing=f"{repo} cannot be looked at")

    async def find(self, repo: str, path: str, *, query: Mapping[str, str | int] | None = None) -> Answer | None:
        """As ``get``; None where it is not there."""
        answer = await self.http.get(self._path(repo, path), query=query, account=repo)
        return None if answer.status == 404 else self.refusing(answer, doing=f"{repo} cannot be looked at")

    async def pages(self, repo: str, path: str, *, query: Mapping[str, str | int] | None = None) -> list[Answer]:
        """Every page. Raises as ``get`` does."""
        answers = await self.http.pages(
            self._path(repo, path), query=dict(self._page_query) | dict(query or {}), account=repo
        )
        self.refusing(answers[-1], doing=f"{repo} cannot be looked at")
        return answers

    async def send(self, repo: str, method: str, path: str, body: JsonValue = None) -> Answer:
        """Sent once; the answer as it is, also where it is a refusal."""
        return await self.http.attempt(Request(method, self._path(repo, path), body=body, account=repo))

    def number_of(self, pr: str) -> int:
        """The number of a pull request that the forge can know. Raises RefusedError for another."""
        if not is_number(pr):
            raise RefusedError(f"{self.forge} numbers its pull requests, and {pr!r} is no number")
        return int(pr)

    def _path(self, repo: str, path: str) -> str:
        parts = repo.split("/")
        if len(parts) != 2 or {"", ".", ".."} & set(parts):
            raise RefusedError(f"a repository of {self.forge} is named owner/name, and {repo!r} is not")
        return "/".join(["repos", *map(quote, parts), path])


def is_number(pr: str) -> bool:
    return pr.isascii() and pr.isdigit() and len(pr) < 16
