"""Logging in by a browser at a real OpenID provider that runs on this machine."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gateway.login.doors import CALLBACK_PATH, CSRF_HEADER
from maestro.access.principals import Role
from maestro.config.gateway import GatewayConfig, Login, RoleRule
from maestro.ledger import Ledger
from tests.gateway.login import provider
from tests.gateway.login.front import PUBLIC, Front, front

ADA = {"sub": "ada", "email": "ada@example.org", "email_verified": True, "groups": ["leads"]}
EVE = {"sub": "eve", "email": "ada@example.org", "email_verified": False}
RULES = (
    RoleRule(role=Role.REVIEWER, email="ada@example.org", tenants=("acme",)),
    RoleRule(role=Role.OPERATOR, claim="groups", value="leads", tenants=("other",)),
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The address of a provider that knows Ada, and Eve who claims her address."""
    with provider.running([ADA, EVE]) as address:
        yield address


@pytest.fixture
def login(issuer: str, tmp_path: Path) -> Login:
    secret = tmp_path / "client-secret"
    secret.write_text("s3:cret/+ %\n", encoding="utf-8")
    return Login(issuer=issuer, client_id="maestro", client_secret_file=secret)


@pytest.fixture
async def gateway(login: Login, ledger: Ledger) -> AsyncIterator[Front]:
    async with front(ledger, GatewayConfig(public_url=PUBLIC, login=login, roles=RULES)) as opened:
        yield opened


async def at_provider(address: str, **form: str) -> str:
    """Where the provider sends a person who answers its page with this form."""
    async with httpx.AsyncClient(trust_env=False) as person:
        answer = await person.post(address, data=form)
    assert answer.status_code == 302, answer.text[:500]
    return answer.headers["Location"]


async def leave(browser: httpx.AsyncClient, next_path: str = "/") -> str:
    """The provider's address that the gateway sends the browser to."""
    answer = await browser.get("/login", params={"next": next_path})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


async def log_in(browser: httpx.AsyncClient, *, sub: str = "ada", next_path: str = "/") -> httpx.Response:
    return await browser.get(await at_provider(await leave(browser, next_path), sub=sub))


async def test_whoever_logs_in_comes_back_to_where_they_were_with_their_name_and_roles(gateway: Front) -> None:
    async with gateway.browser() as browser:
        back = await log_in(browser, next_path="/regions/eu-north?x=1")
        assert (back.status_code, back.headers["Location"]) == (303, "/regions/eu-north?x=1")
        who = (await browser.get("/who")).json()
    assert (who["name"], who["kind"]) == ("ada@example.org", "person")
    assert who["roles"] == {"acme": "reviewer", "other": "operator"}


async def test_an_address_that_the_provider_has_not_verified_gives_neither_name_nor_role(gateway: Front) -> None:
    async with gateway.browser() as browser:
        await log_in(browser, sub="eve")
        who = (await browser.get("/who")).json()
    assert (who["name"], who["roles"]) == ("oidc:eve", {})


async def test_the_provider_is_asked_for_a_code_with_pkce_state_and_nonce_that_are_new_each_time(
    gateway: Front,
) -> None:
    seen = []
    async with gateway.browser() as browser:
        for _ in range(2):
            asked = parse_qs(urlsplit(await leave(browser)).query)
            assert asked["response_type"] == ["code"]
            assert asked["code_challenge_method"] == ["S256"]
            assert asked["redirect_uri"] == [PUBLIC + CALLBACK_PATH]
            seen += [asked["state"][0], asked["nonce"][0], asked["code_challenge"][0]]
    assert len(set(seen)) == 6
    assert all(len(one) >= 43 for one in seen)


async def test_the_cookies_are_for_this_host_by_tls_and_no_script(gateway: Front) -> None:
    async with gateway.browser() as browser:
        begun = (await browser.get("/login")).headers["Set-Cookie"]
        back = await log_in(browser)
    session, cleared = back.headers.get_list("Set-Cookie")
    for cookie, name in ((begun, "__Host-maestro-login"), (session, "__Host-maestro"), (cleared, begun.split("=")[0])):
        assert cookie.startswith(f"{name}=")
        said = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "secure", "path=/", "samesite=lax"} <= said
        assert not any(part.startswith("domain") for part in said)
    assert "Max-Age=0" in cleared
    assert back.headers["Cache-Control"] == "no-store"


async def test_on_loopback_without_tls_the_cookie_has_a_plain_name(login: Login, ledger: Ledger) -> None:
    async with front(ledger, GatewayConfig(login=login, roles=RULES)) as gateway, gateway.browser() as browser:
        back = await log_in(browser)
        assert back.headers.get_list("Set-Cookie")[0].startswith("maestro=")
        assert "secure" not in back.headers.get_list("Set-Cookie")[0].lower()
        assert (await browser.get("/who")).json()["name"] == "ada@example.org"


async def test_an_answer_of_the_provider_is_believed_once(gateway: Front) -> None:
    async with gateway.browser() as browser:
        begun = await browser.get("/login")
        answer = await at_provider(begun.headers["Location"], sub="ada")
        kept = dict(browser.cookies)
        assert (await browser.get(answer)).status_code == 303
    async with gateway.browser() as thief:
        thief.cookies.update(kept)
        again = await thief.get(answer)
        assert again.status_code == 403
        assert (await thief.get("/who")).status_code == 401


async def test_an_answer_is_believed_by_the_browser_that_asked_alone(gateway: Front) -> None:
    """Or a link would log somebody in as whoever made it."""
    async with gateway.browser() as mallory, gateway.browser() as victim:
        answer = await at_provider(await leave(mallory), sub="eve")
        assert (await victim.get(answer)).status_code == 403
        await leave(victim)
        assert (await victim.get(answer)).status_code == 403
        assert (await victim.get("/who")).status_code == 401


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda query: query | {"state": ["x"]}, id="another state"),
        pytest.param(lambda query: query | {"state": query["state"] * 2}, id="two states"),
        pytest.param(lambda query: {"code": query["code"]}, id="no state"),
        pytest.param(lambda query: {"state": query["state"]}, id="no code"),
        pytest.param(lambda query: query | {"code": ["guess"]}, id="another code"),
        pytest.param(lambda query: query | {"code": ["x" * 10_000]}, id="a huge code"),
        pytest.param(lambda query: query | {"iss": ["https://other.example"]}, id="another provider's answer"),
    ],
)
async def test_an_answer_that_was_changed_lets_nobody_in(gateway: Front, spoil: object) -> None:
    assert callable(spoil)
    async with gateway.browser() as browser:
        answer = await at_provider(await leave(browser), sub="ada")
        query = spoil(parse_qs(urlsplit(answer).query))
        back = await browser.get(CALLBACK_PATH, params=query)
        assert back.status_code == 403
        assert "Try again" in back.text
        assert (await browser.get("/who")).status_code == 401


async def test_a_person_who_says_no_at_the_provider_gets_a_page(gateway: Front) -> None:
    async with gateway.browser() as browser:
        address = await leave(browser)
        denied = {"error": "access_denied", "state": parse_qs(urlsplit(address).query)["state"][0]}
        back = await browser.get(CALLBACK_PATH, params=denied | {"error_description": "<script>alert(1)</script>"})
    assert back.status_code == 403
    assert "script" not in back.text


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "javascript:alert(1)",
        "/login?next=/",
        "/x\r\nSet-Cookie: a=b",
        "/" + "x" * 5_000,
        "evil.example",
        "",
    ],
)
async def test_nobody_is_sent_to_another_site(gateway: Front, elsewhere: str) -> None:
    async with gateway.browser() as browser:
        back = await log_in(browser, next_path=elsewhere)
    assert (back.status_code, back.headers["Location"]) == (303, "/")


async def test_logging_out_ends_the_session_also_for_whoever_has_a_copy_of_its_cookie(gateway: Front) -> None:
    async with gateway.browser() as browser, gateway.browser() as thief:
        await log_in(browser)
        thief.cookies.update(dict(browser.cookies))
        assert (await thief.get("/who")).status_code == 200
        out = await browser.post("/logout", headers=gateway.own_page(browser))
        assert (out.status_code, out.headers["Location"]) == (303, "/")
        assert (await browser.get("/who")).status_code == 401
        assert (await thief.get("/who")).status_code == 401


async def test_a_plain_form_of_our_own_logs_out(gateway: Front) -> None:
    async with gateway.browser() as browser:
        await log_in(browser)
        csrf = gateway.own_page(browser)[CSRF_HEADER]
        out = await browser.post("/logout", data={"csrf": csrf}, headers={"Origin": PUBLIC})
        assert out.status_code == 303
        assert (await browser.get("/who")).status_code == 401


async def test_no_other_site_logs_anybody_out(gateway: Front) -> None:
    async with gateway.browser() as browser:
        await log_in(browser)
        csrf = gateway.own_page(browser)[CSRF_HEADER]
        for headers in ({}, {"Origin": "https://evil.example", CSRF_HEADER: csrf}):
            assert (await browser.post("/logout", headers=headers)).status_code == 403
        assert (await browser.get("/logout")).status_code == 405
        assert (await browser.get("/who")).status_code == 200


async def test_a_session_is_taken_by_every_gateway_that_has_the_key(gateway: Front, ledger: Ledger) -> None:
    async with (
        front(ledger, gateway.config) as second,
        gateway.browser() as browser,
        second.browser() as elsewhere,
    ):
        await log_in(browser)
        elsewhere.cookies.update(dict(browser.cookies))
        assert (await elsewhere.get("/who")).json()["name"] == "ada@example.org"
        await elsewhere.post("/logout", headers=second.own_page(elsewhere))
        assert (await browser.get("/who")).status_code == 401
