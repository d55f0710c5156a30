"""The client of forges: what it tries again, what it sends once, and where its credentials go."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from maestro.errors import PlatformUnavailable
from maestro.forges.http import (
    AnswerLostError,
    ForgeHttp,
    NotSentError,
    Patience,
    Request,
    TooManyRequestsError,
    once,
)
from maestro.model.base import Model
from tests.forges.clock import Clock

BASE = "https://forge.example/api/v3"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"


class Forge(httpx.AsyncBaseTransport):
    """Answers in the given order, the last one for ever; notes what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Key:
    """Credentials that the forge may stop to take."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)

    async def authorization(self, account: str, /) -> str:
        return f"Bearer {self.tokens[0]}"

    def refused(self, account: str, authorization: str, /) -> bool:
        if len(self.tokens) < 2:
            return False
        self.tokens.pop(0)
        return True

    def payer(self, account: str, /) -> str:
        return account.partition("/")[0]


class Thing(Model):
    name: str


@pytest.fixture
def clock() -> Clock:
    return Clock()


def http(forge: Forge, clock: Clock, *, key: Key | None = None, patience: Patience | None = None) -> ForgeHttp:
    return ForgeHttp(
        BASE,
        credential=key,
        patience=patience or Patience(),
        transport=forge,
        sleep=clock.sleep,
        clock=clock,
    )


def said(status: int, document: object = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=document if document is not None else {}, headers={"Date": DATE} | named)


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(said(500), id="a failure of the forge"),
        pytest.param(said(503), id="a forge under maintenance"),
        pytest.param(httpx.ConnectError("no route"), id="a network that is away"),
        pytest.param(httpx.ReadError("reset"), id="a connection that breaks"),
        pytest.param(httpx.ReadTimeout("slow"), id="an answer that takes too long"),
        pytest.param(said(429, Retry_After="2"), id="too many requests"),
    ],
)
async def test_what_only_looks_is_asked_again(failure: httpx.Response | Exception, clock: Clock) -> None:
    forge = Forge(failure, failure, said(200, {"name": "it"}))
    assert (await http(forge, clock).get("thing")).read(Thing) == Thing(name="it")
    assert len(forge.asked) == 3
    assert len(clock.pauses) == 2


async def test_patience_ends_with_what_can_be_done(clock: Clock) -> None:
    forge = Forge(said(502, {"message": "Server Error"}))
    with pytest.raises(PlatformUnavailable) as failed:
        await http(forge, clock, patience=Patience(budget_seconds=30)).get("repos/acme/shop")
    assert "Server Error" in failed.value.message
    assert failed.value.field == "GET forge.example/repos/acme/shop"
    assert "tried again by itself" in failed.value.fix
    assert sum(clock.pauses) <= 30


async def test_a_limit_longer_than_the_patience_is_told_and_not_waited_for(clock: Clock) -> None:
    forge = Forge(said(403, {"message": "API rate limit exceeded"}, X_RateLimit_Remaining="0", X_RateLimit_Reset="1"))
    forge.answers[0].headers["X-RateLimit-Reset"] = str(int(NOW.timestamp()) + 3_000)  # type: ignore[union-attr]
    client = http(forge, clock)
    with pytest.raises(TooManyRequestsError) as failed:
        await client.get("thing")
    assert failed.value.seconds == 3_001
    with pytest.raises(TooManyRequestsError):
        await client.get("another")
    assert len(forge.asked) == 1, "nobody with these credentials asks while the limit holds"
    assert clock.pauses == []


async def test_a_limit_holds_for_all_that_one_owner_asks_and_for_nobody_else(clock: Clock) -> None:
    forge = Forge(said(429, Retry_After="3000"), said(200))
    client = http(forge, clock, key=Key("token"))
    for account in ("acme/shop", "acme/other"):
        with pytest.raises(TooManyRequestsError):
            await client.get("thing", account=account)
    assert len(forge.asked) == 1
    assert (await client.get("thing", account="globex/shop")).ok


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        pytest.param(said(429, Retry_After="7"), 7, id="seconds"),
        pytest.param(said(429, Retry_After="Sun, 01 Mar 2026 12:00:20 GMT"), 20, id="a date of the forge's clock"),
        pytest.param(said(403, {"message": "You have exceeded a secondary rate limit."}), 60, id="a secondary limit"),
        pytest.param(said(429, Retry_After="soon"), 60, id="something that nobody can read"),
        pytest.param(said(403, {"message": "no"}, Retry_After="3"), 3, id="a refusal for now"),
    ],
)
async def test_the_forge_says_how_long_to_wait(answer: httpx.Response, seconds: float, clock: Clock) -> None:
    forge = Forge(answer, said(200))
    await http(forge, clock).get("thing")
    assert clock.pauses == [pytest.approx(seconds, abs=0.5)]


async def test_a_refusal_is_an_answer_and_no_limit(clock: Clock) -> None:
    answer = await http(Forge(said(403, {"message": "Resource not accessible by integration"})), clock).get("thing")
    assert (answer.status, answer.said) == (403, "Resource not accessible by integration")
    assert clock.pauses == []


async def test_what_changes_something_is_sent_once_and_whoever_sent_it_is_told(clock: Clock) -> None:
    for failure in (said(500), httpx.ReadError("reset"), httpx.ReadTimeout("slow")):
        forge = Forge(failure)
        with pytest.raises(AnswerLostError):
            await http(forge, clock).attempt(Request("POST", "things", body={"name": "it"}))
        assert len(forge.asked) == 1


async def test_what_was_done_although_its_answer_was_lost_is_not_done_again(clock: Clock) -> None:
    for failure in (said(500), httpx.ReadError("reset"), httpx.ReadTimeout("slow")):
        made: list[str] = []
        client = http(Forge(failure), clock)

        async def look(made: list[str] = made) -> str | None:
            return made[0] if made else None

        async def write(made: list[str] = made, client: ForgeHttp = client) -> str:
            made.append("a thing")
            await client.attempt(Request("POST", "things"))
            return "made"

        assert await once(client, look, write) == "a thing"
        assert made == ["a thing"]


async def test_what_the_forge_may_still_be_doing_is_not_done_again(clock: Clock) -> None:
    forge = Forge(httpx.ReadTimeout("slow"))
    client = http(forge, clock)

    async def nothing() -> None:
        return None

    async def write() -> None:
        await client.attempt(Request("POST", "things"))

    with pytest.raises(AnswerLostError):
        await once(client, nothing, write)
    assert len(forge.asked) == 1


async def test_what_did_not_arrive_is_sent_again_after_another_look(clock: Clock) -> None:
    forge = Forge(httpx.ConnectError("no route"), said(429, Retry_After="5"), said(201))
    client = http(forge, clock)
    looks: list[float] = []

    async def look() -> str | None:
        looks.append(clock.now)
        return None

    async def write() -> str:
        return str((await client.attempt(Request("POST", "things"))).status)

    assert await once(client, look, write) == "201"
    assert len(looks) == 3
    assert looks[2] - looks[1] >= 5


async def test_a_forge_that_nobody_reaches_for_an_hour_is_given_back_to_whoever_waits(clock: Clock) -> None:
    client = http(Forge(httpx.ConnectError("no route")), clock)

    async def look() -> str | None:
        return None

    async def write() -> str:
        await client.attempt(Request("POST", "things"))
        return "done"

    with pytest.raises(NotSentError):
        await once(client, look, write)
    assert sum(clock.pauses) <= client.patience.budget_seconds + client.patience.longest_pause_seconds


async def test_credentials_that_ran_out_are_renewed_once(clock: Clock) -> None:
    forge = Forge(said(401), said(201))
    answer = await http(forge, clock, key=Key("old", "new")).attempt(Request("POST", "things"))
    assert answer.status == 201
    assert [each.headers["authorization"] for each in forge.asked] == ["Bearer old", "Bearer new"]
    assert (await http(Forge(said(401)), clock, key=Key("wrong")).get("thing")).status == 401


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://elsewhere.example/api/v3/thing", id="another host"),
        pytest.param("http://forge.example/api/v3/thing", id="without encryption"),
        pytest.param("https://forge.example:8443/api/v3/thing", id="another port"),
        pytest.param("https://forge.example@elsewhere.example/api/v3/thing", id="a host behind a name"),
        pytest.param("/login", id="out of the API"),
        pytest.param("/api/v3/../../login", id="out of the API by the way up"),
        pytest.param("https://forge.example:no/api/v3/thing", id="no address at all"),
    ],
)
async def test_credentials_are_carried_nowhere_else(location: str, clock: Clock) -> None:
    for answer in (said(302, Location=location), said(200, Link=f'<{location}>; rel="next"')):
        forge = Forge(answer)
        with pytest.raises(PlatformUnavailable):
            await http(forge, clock, key=Key("token")).pages("thing")
        assert {str(each.url) for each in forge.asked} == {f"{BASE}/thing"}


async def test_a_repository_that_was_renamed_is_found(clock: Clock) -> None:
    forge = Forge(said(301, Location=f"{BASE}/repositories/1/pulls/7"), said(200))
    assert (await http(forge, clock).get("repos/acme/old/pulls/7")).ok
    assert str(forge.asked[1].url) == f"{BASE}/repositories/1/pulls/7"


async def test_a_change_is_redirected_as_it_is_or_not_at_all(clock: Clock) -> None:
    forge = Forge(said(307, Location=f"{BASE}/repositories/1/things"), said(201))
    answer = await http(forge, clock).attempt(Request("POST", "repos/acme/old/things", body={"a": 1}))
    assert answer.status == 201
    assert [(each.method, json.loads(each.content)) for each in forge.asked] == [("POST", {"a": 1})] * 2
    moved = Forge(said(302, Location=f"{BASE}/things"))
    assert (await http(moved, clock).attempt(Request("POST", "things"))).status == 302
    assert len(moved.asked) == 1
    circle = Forge(said(302, Location=f"{BASE}/thing"))
    with pytest.raises(PlatformUnavailable, match="from one address to the next"):
        await http(circle, clock).get("thing")
    assert len(circle.asked) == 4
