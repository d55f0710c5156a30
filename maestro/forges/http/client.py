"""One forge over HTTP: what is sent, what is tried again, and what is told to whoever asked."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

import httpx
import structlog
from pydantic import JsonValue

from maestro.canonical import canonical_json
from maestro.clock import utc_now
from maestro.errors import PlatformUnavailable
from maestro.forges.http.address import Address
from maestro.forges.http.answer import Answer, AnswerLostError, NotSentError, TooManyRequestsError
from maestro.forges.http.etags import Etags
from maestro.forges.http.patience import PATIENCE, Patience, limited_seconds, retry_after

BODY_LIMIT_BYTES = 10_000_000
REDIRECTS_LIMIT = 3
PAGES_LIMIT = 100
AT_ONCE = 8
"""Requests under way at one time: forges count those as well, GitHub up to a hundred of all that act as one."""

_CONNECT_SECONDS = 5.0
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MOVED_AS_IT_IS = (307, 308)
_MOVED = (301, 302, *_MOVED_AS_IT_IS)

_log = structlog.get_logger(__name__)


class Credential(Protocol):
    """Who we are to a forge. ``account`` says for what: a forge may want another token for each repository."""

    async def authorization(self, account: str, /) -> str:
        """The value of the header ``Authorization``; empty for nobody."""
        ...

    def refused(self, account: str, authorization: str, /) -> bool:
        """The forge does not take it (401). Whether another one can be had."""
        ...

    def payer(self, account: str, /) -> str:
        """Whose limit the forge counts the requests for ``account`` against."""
        ...


@dataclass(frozen=True)
class Request:
    """``path`` is below the forge's address, or an address that the forge gave. It is quoted already. ``is_page``: part
    of a list, whose other parts are named in a header.
    """

    method: str
    path: str
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: JsonValue = None
    account: str = ""
    is_page: bool = False


class ForgeHttp:
    """Open from the first request until ``close``."""

    def __init__(
        self,
        base_url: str,
        *,
        credential: Credential | None = None,
        headers: Mapping[str, str] | None = None,
        patience: Patience = PATIENCE,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = Address(base_url, field="the forge's address")
        self.patience = patience
        self.sleep = sleep
        self.clock = clock
        self._credential = credential
        self._etags = Etags()
        self._closed_until: dict[str, float] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._client = httpx.AsyncClient(
            # An answer that is packed could be unpacked to any size.
            headers={"Accept": "application/json", "User-Agent": "maestro-conductor"}
            | dict(headers or {})
            | {"Accept-Encoding": "identity"},
            timeout=httpx.Timeout(patience.attempt_seconds, connect=min(_CONNECT_SECONDS, patience.attempt_seconds)),
            transport=transport,
            verify=tls or True,
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, *, query: Mapping[str, str | int] | None = None, account: str = "") -> Answer:
        """What is there, or the refusal (a status from 400 to 499). Raises PlatformUnavailable after the patience."""
        return await self._got(Request("GET", path, query or {}, account=account))

    async def pages(
        self,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        account: str = "",
        limit: int = PAGES_LIMIT,
    ) -> list[Answer]:
        """Every page, as the header ``Link`` leads through them; a refusal is the last one.

        Raises PlatformUnavailable for more than ``limit`` of them: part of a list would pass for the whole.
        """
        answers = [await self._got(Request("GET", path, query or {}, account=account, is_page=True))]
        while answers[-1].ok and (following := answers[-1].next_page):
            if len(answers) >= limit:
                raise PlatformUnavailable(
                    f"the forge has more than {limit} pages, and that many are read",
                    field=answers[0].place,
                    fix="remove what is not needed there any more",
                )
            whole = self.address.redirected(f"{self.address.base}/", following)
            answers.append(await self._got(Request("GET", whole, account=account, is_page=True)))
        return answers

    async def attempt(self, request: Request) -> Answer:
        """Send it once. For what changes something: ``once`` knows what has to be done about the errors.

        Raises NotSentError, TooManyRequestsError, AnswerLostError.
        """
        place = f"{request.method} {self.address.host}/{request.path.rpartition('://')[2].lstrip('/')}"
        self._await_limit(request.account, place)
        async with self._turns:
            authorization = await self._authorization(request.account)
            answer = await self._followed(request, authorization, place)
            if answer.status == 401 and self._credential and self._credential.refused(request.account, authorization):
                answer = await self._followed(request, await self._authorization(request.account), place)
        return self._judged(answer, request.account)

    async def _got(self, request: Request) -> Answer:
        end = self.clock() + self.patience.budget_seconds
        attempt = 1
        while True:
            try:
                return await self.attempt(request)
            except (AnswerLostError, NotSentError, TooManyRequestsError) as failed:
                pause = max(self.patience.pause(attempt), failed.seconds)
                if attempt >= self.patience.tries or self.clock() + pause > end:
                    raise
                await self.sleep(pause)
            attempt += 1

    async def _authorization(self, account: str) -> str:
        return await self._credential.authorization(account) if self._credential else ""

    def _payer(self, account: str) -> str:
        return self._credential.payer(account) if self._credential else ""

    def _await_limit(self, account: str, place: str) -> None:
        seconds = self._closed_until.get(self._payer(account), 0.0) - self.clock()
        if seconds > 0:
            raise _limited(place, seconds)

    def _judged(self, answer: Answer, account: str) -> Answer:
        now = _now(answer.headers)
        seconds = limited_seconds(answer.status, answer.headers, answer.said if answer.status >= 400 else "", now=now)
        if seconds is not None:
            _log.warning("forge_limit", place=answer.place, seconds=seconds, said=answer.said)
            self._closed_until[self._payer(account)] = self.clock() + seconds
            raise _limited(answer.place, seconds)
        if answer.status >= 500 or answer.status == 408:
            raise AnswerLostError(
                f"the forge has a failure of its own: {answer.said}",
                field=answer.place,
                fix="see the forge's status page; it is tried again by itself",
                seconds=retry_after(answer.headers, now=now) or 0.0,
            )
        return answer

    async def _followed(self, request: Request, authorization: str, place: str) -> Answer:
        """The answer after redirects, each to this forge and with the same method, or none."""
        url = self.address.of(request.path)
        if request.query:
            url = str(httpx.URL(url).copy_merge_params(dict(request.query)))
        for _ in range(REDIRECTS_LIMIT + 1):
            answer = await self._sent(request, url, authorization, place)
            if answer.status not in _MOVED or (answer.status not in _MOVED_AS_IT_IS and request.method != "GET"):
                return answer
            url = self.address.redirected(url, answer.headers.get("location", ""))
        raise PlatformUnavailable("the forge leads from one address to the next", field=place, fix="check the address")

    async def _sent(self, request: Request, url: str, authorization: str, place: str) -> Answer:
        key = (request.account, url)
        known = self._etags.get(key) if request.method == "GET" else None
        # A last page that is full stays as it is when another one comes behind it.
        known = None if request.is_page and known is not None and known.next_page is None else known
        headers = {"Authorization": authorization} if authorization else {}
        if known is not None:
            headers["If-None-Match"] = known.headers["etag"]
        content = None if request.body is None else canonical_json(request.body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        answer = await self._transmitted(
            self._client.build_request(request.method, url, headers=headers, content=content), place
        )
        if answer.status == 304 and known is not None:
            return known
        if request.method == "GET":
            self._etags.keep(key, answer)
        return answer

    async def _transmitted(self, request: httpx.Request, place: str) -> Answer:
        try:
            async with asyncio.timeout(self.patience.attempt_seconds):
                response = await self._client.send(request, stream=True)
                try:
                    body = await _body(response, place)
                finally:
                    await response.aclose()
        except _NOT_SENT as error:
            raise NotSentError(
                f"the forge cannot be reached: {error}",
                field=place,
                fix="check the address and the network; it is tried again by itself",
            ) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            raise _lost("it takes too long", place, may_still_act=True) from error
        except httpx.TransportError as error:
            raise _lost(f"the connection broke ({type(error).__name__})", place, may_still_act=False) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, body=body, place=place)


async def _body(response: httpx.Response, place: str) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _unusable("it is packed, which was not asked for", place)
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > BODY_LIMIT_BYTES:
            raise _unusable(f"it has more than {BODY_LIMIT_BYTES} bytes", place)
    return bytes(body)


def _unusable(why: str, place: str) -> PlatformUnavailable:
    return PlatformUnavailable(
        f"the forge's answer is not read: {why}",
        field=place,
        fix="check that the configured address is that of the forge's API",
    )


def _lost(why: str, place: str, *, may_still_act: bool) -> AnswerLostError:
    return AnswerLostError(
        f"the forge did not answer: {why}",
        field=place,
        fix="check the forge and the network; it is tried again by itself",
        may_still_act=may_still_act,
    )


def _limited(place: str, seconds: float) -> TooManyRequestsError:
    return TooManyRequestsError(
        f"the forge takes no more requests for {seconds:.0f} s",
        field=place,
        fix="it is tried again by itself; where this happens often, use an App, which has a limit of its own",
        seconds=seconds,
    )


def _now(headers: Mapping[str, str]) -> datetime:
    """Now by the forge's own clock, by which it says until when to wait; by ours where it does not tell."""
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return utc_now()
    return moment if moment.tzinfo else utc_now()
