"""What the client of forges reads: pages, answers that still hold, what is no answer, addresses and secrets."""

import asyncio
import pickle
from pathlib import Path

import httpx
import pytest

from maestro.errors import BadInput, PlatformUnavailable
from maestro.forges.http import ForgeHttp, Request, Secret
from maestro.forges.http.client import BODY_LIMIT_BYTES
from maestro.model.base import Model
from tests.forges.clock import Clock
from tests.forges.test_http import BASE, Forge, Key, http, said


class Thing(Model):
    name: str


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_every_page_is_read_in_order(clock: Clock) -> None:
    link = f'<{BASE}/things?page=1>; rel="prev", <{BASE}/things?page={{}}>; rel="next", <{BASE}/x>; rel="last"'
    forge = Forge(said(200, [1], Link=link.format(2)), said(200, [2], Link=link.format(3)), said(200, [3]))
    pages = await http(forge, clock).pages("things", query={"per_page": 100})
    assert [page.json() for page in pages] == [[1], [2], [3]]
    assert [str(each.url) for each in forge.asked] == [
        f"{BASE}/things?per_page=100",
        f"{BASE}/things?page=2",
        f"{BASE}/things?page=3",
    ]


async def test_a_list_without_end_is_no_list(clock: Clock) -> None:
    forge = Forge(said(200, [1], Link=f'<{BASE}/things>; rel="next"'))
    with pytest.raises(PlatformUnavailable, match="more than 5 pages"):
        await http(forge, clock).pages("things", limit=5)
    assert len(forge.asked) == 5


async def test_what_still_holds_is_not_sent_again(clock: Clock) -> None:
    link = f'<{BASE}/things?page=2>; rel="next"'
    forge = Forge(said(200, {"name": "a"}, ETag='"1"', Link=link), said(304), said(200, {"name": "b"}, ETag='"2"'))
    client = http(forge, clock)
    for name in ("a", "a", "b"):
        assert (await client.get("thing", account="acme/shop")).read(Thing).name == name
    assert [each.headers.get("if-none-match") for each in forge.asked] == [None, '"1"', '"1"']


async def test_a_page_that_came_behind_a_full_one_is_found(clock: Clock) -> None:
    """The mark of the first page is the same before and after; which page is the next one stands in a header."""
    link = f'<{BASE}/things?page=2>; rel="next"'
    forge = Forge(said(200, [1], ETag='"1"'), said(200, [1], ETag='"1"', Link=link), said(200, [2]), said(304))
    client = http(forge, clock)
    assert [page.json() for page in await client.pages("things")] == [[1]]
    assert [page.json() for page in await client.pages("things")] == [[1], [2]]
    assert [each.headers.get("if-none-match") for each in forge.asked] == [None, None, None]
    await client.get("things")
    assert forge.asked[3].headers["if-none-match"] == '"1"'


async def test_what_one_may_read_is_not_shown_to_another(clock: Clock) -> None:
    forge = Forge(said(200, {"name": "a"}, ETag='"1"'))
    client = http(forge, clock)
    await client.get("thing", account="acme/shop")
    await client.get("thing", account="acme/other")
    assert forge.asked[1].headers.get("if-none-match") is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(httpx.Response(200, html="<p>Log in</p>"), "no JSON", id="a page for people"),
        pytest.param(httpx.Response(200, content=b""), "no JSON", id="nothing"),
        pytest.param(httpx.Response(200, content=b"[" * 100_000), "nests", id="nested without end"),
        pytest.param(httpx.Response(200, content=b'{"name": "a", "name": "b"}'), "twice", id="a name given twice"),
        pytest.param(httpx.Response(200, content=b"\xff\xfe"), "UTF-8", id="no text"),
        pytest.param(httpx.Response(200, json=["a"]), "it: ", id="a list"),
        pytest.param(httpx.Response(200, json={"name": 1}), "name: ", id="a number for a name"),
    ],
)
async def test_what_cannot_be_read_says_where_and_why(answer: httpx.Response, words: str, clock: Clock) -> None:
    with pytest.raises(PlatformUnavailable) as failed:
        (await http(Forge(answer), clock).get("things/1")).read(Thing)
    assert words in failed.value.message
    assert failed.value.field == "GET forge.example/things/1"


async def test_an_answer_that_is_too_large_is_left(clock: Clock) -> None:
    for answer in (
        httpx.Response(200, content=b" " * (BODY_LIMIT_BYTES + 1)),
        httpx.Response(200, content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}, request=None),
    ):
        with pytest.raises(PlatformUnavailable, match="not read"):
            await http(RawForge(answer), clock).get("thing")


class RawForge(Forge):
    """Gives the bytes as they are, with whatever encoding they claim to have."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "identity"
        [answer] = self.answers
        assert isinstance(answer, httpx.Response)
        return answer


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param({"message": "Not Found"}, "Not Found", id="a sentence"),
        pytest.param(
            {"message": "Validation Failed", "errors": [{"field": "sha", "code": "invalid"}, "no such commit"]},
            "Validation Failed; sha invalid; no such commit",
            id="a sentence with its reasons",
        ),
        pytest.param({"message": "a\n\x1b[31mred\u202e"}, "a [31mred", id="what a terminal would obey"),
        pytest.param({"message": "x" * 9_000}, "x" * 500, id="a novel"),
        pytest.param(["no"], "status 404", id="no sentence"),
        pytest.param({"message": 5, "errors": 5}, "status 404", id="numbers"),
    ],
)
async def test_a_refusal_is_told_in_the_forge_s_words(document: object, words: str, clock: Clock) -> None:
    assert (await http(Forge(said(404, document)), clock).get("thing")).said == words


@pytest.mark.parametrize(
    "address",
    [
        "http://forge.example/api",
        "https://user:word@forge.example/api",
        "https://forge.example/api?x=1",
        "forge.example",
        "https://",
        "https://forge.example:no/",
        "file:///etc",
    ],
)
async def test_an_address_that_credentials_must_not_go_to_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        ForgeHttp(address)


@pytest.mark.parametrize("address", ["http://127.0.0.1:3000/api/v1", "http://[::1]/", "http://localhost:3000"])
async def test_a_forge_on_this_machine_needs_no_encryption(address: str) -> None:
    await ForgeHttp(address).close()


async def test_nothing_is_taken_from_the_environment(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = ForgeHttp(f"http://127.0.0.1:{port}", credential=Key("token"))
    assert (await client.get("thing")).json() == {}
    await client.close()
    server.close()
    await server.wait_closed()
    assert b"Authorization: Bearer token" in received[0]


async def test_a_path_goes_nowhere_else_either(clock: Clock) -> None:
    forge = Forge(said(200))
    for path in ("https://elsewhere.example/", "repos/../../x", "repos/%2e%2e/x"):
        with pytest.raises(PlatformUnavailable, match="not its own"):
            await http(forge, clock).attempt(Request("GET", path))
    assert forge.asked == []


def test_a_secret_is_told_by_asking_for_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    file.chmod(0o600)
    monkeypatch.setenv("FORGE_TOKEN", "s3cret")
    for secret in (Secret.from_file(file, what="the token"), Secret.from_variable("FORGE_TOKEN", what="the token")):
        assert secret.reveal() == "s3cret"
        assert secret == Secret("s3cret")
        assert secret != Secret("other")
        assert "s3cret" not in f"{secret} {secret!r} {[secret]}"
        with pytest.raises(TypeError):
            pickle.dumps(secret)


def test_a_secret_that_others_can_read_or_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret")
    file.chmod(0o644)
    with pytest.raises(BadInput, match="read by others"):
        Secret.from_file(file, what="the token")
    with pytest.raises(BadInput, match="the token is empty"):
        Secret.from_variable("NO_SUCH_VARIABLE", what="the token")
    with pytest.raises(BadInput):
        Secret("")
