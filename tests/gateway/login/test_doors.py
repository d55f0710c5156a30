"""Who a request is from: believed credentials, and everything that is turned away in the same words."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.login.cookies import Session
from gateway.login.doors import CSRF_HEADER
from maestro.access.principals import Permission, Role
from maestro.access.roles import Identity
from maestro.access.service_tokens import mint
from maestro.config.gateway import GatewayConfig, Login, RoleRule
from maestro.ledger import Ledger
from tests.access.issuer import CLIENT, ISSUER, OTHER_RSA_KEY, Issuer, claims, sign
from tests.gateway.login.front import PUBLIC, Front, bearer, front

RULES = (RoleRule(role=Role.OPERATOR, email="ada@example.org", tenants=("acme",)),)
ADA = Identity(subject="ada", issuer=ISSUER, name="ada@example.org", email="ada@example.org")
EVIL = "https://evil.example"


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def gateway(issuer: Issuer, ledger: Ledger) -> AsyncIterator[Front]:
    """With a login, behind TLS."""
    config = GatewayConfig(public_url=PUBLIC, login=Login(issuer=ISSUER, client_id=CLIENT), roles=RULES)
    async with front(ledger, config, transport=httpx.MockTransport(issuer.handle)) as opened:
        yield opened


@pytest.fixture
async def local(ledger: Ledger) -> AsyncIterator[Front]:
    """Without a login."""
    async with front(ledger) as opened:
        yield opened


def token(ledger: Ledger, **more: Any) -> str:
    usual: dict[str, Any] = {"role": Role.OPERATOR, "tenants": ("acme",), "scopes": None, "lasts_seconds": 60.0}
    return ledger.service_tokens.create("ci", **(usual | more), actor="ada")[0]


def fresh(**more: object) -> str:
    now = int(time.time())
    said = {"aud": CLIENT, "iat": now, "exp": now + 60, "email": "ada@example.org", "email_verified": True}
    return sign(claims(**(said | more)))


def session(gateway: Front, *, identity: Identity = ADA, lasts_seconds: float = 60.0) -> httpx.AsyncClient:
    """A browser in which somebody has logged in."""
    from starlette.responses import Response  # noqa: PLC0415 - as in front

    response = Response()
    gateway.doors.cookies.set(response, Session.begin(identity, lasts_seconds=lasts_seconds))
    name, _, value = response.headers["Set-Cookie"].split(";")[0].partition("=")
    browser = gateway.browser()
    browser.cookies.set(name, value)
    return browser


async def ask(front_: Front, headers: Any = None, *, method: str = "GET", base_url: str = "") -> httpx.Response:
    async with front_.browser(base_url=base_url) as program:
        return await program.request(method, "/who", headers=headers)


async def test_a_service_token_comes_in_as_its_service(gateway: Front, ledger: Ledger) -> None:
    answer = await ask(gateway, bearer(token(ledger, scopes=frozenset({Permission.START}))), method="POST")
    who = answer.json()
    assert (who["name"], who["kind"], who["scopes"]) == ("service:ci", "service", ["start"])


async def test_a_token_of_the_provider_comes_in_as_its_person(gateway: Front) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = await ask(gateway, {"Authorization": f"{scheme} {fresh()}"}, method="POST")
        assert (answer.json()["name"], answer.json()["roles"]) == ("ada@example.org", {"acme": "operator"})


async def test_a_session_reads_without_more_and_acts_with_the_token_of_its_page(gateway: Front) -> None:
    async with session(gateway) as browser:
        assert (await browser.get("/who")).json()["name"] == "ada@example.org"
        assert (await browser.post("/who", headers=gateway.own_page(browser))).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({CSRF_HEADER: None}, id="no CSRF token"),
        pytest.param({CSRF_HEADER: "guess"}, id="another CSRF token"),
        pytest.param({CSRF_HEADER: "ñ"}, id="a CSRF token that is not ASCII"),
        pytest.param({"Origin": EVIL}, id="another site's page"),
        pytest.param({"Origin": "null"}, id="a page of nobody"),
        pytest.param({"Origin": f"{PUBLIC}.evil.example"}, id="a site whose name begins like ours"),
        pytest.param({"Origin": PUBLIC.replace("https", "http")}, id="our name without TLS"),
        pytest.param({"Origin": f"{PUBLIC}:8443"}, id="another port"),
        pytest.param({"Origin": "https://[::1"}, id="an origin that cannot be read"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="a browser that says cross-site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a neighbouring host"),
        pytest.param({"Sec-Fetch-Site": "none"}, id="no page at all"),
    ],
)
async def test_a_request_that_no_page_of_ours_made_changes_nothing(gateway: Front, change: dict[str, Any]) -> None:
    async with session(gateway) as browser:
        sent = {name: value for name, value in (gateway.own_page(browser) | change).items() if value is not None}
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = await browser.request(method, "/who", headers=raw)
            assert answer.status_code == (403 if method == "POST" else 405)
        assert (await browser.get("/who")).status_code == 200


async def test_the_csrf_token_of_one_session_is_none_for_another(gateway: Front) -> None:
    async with session(gateway) as one, session(gateway) as two:
        assert (await one.post("/who", headers=gateway.own_page(two))).status_code == 403


async def test_a_program_with_a_token_needs_no_csrf(gateway: Front, ledger: Ledger) -> None:
    """No browser sends it by itself."""
    assert (await ask(gateway, bearer(token(ledger)), method="POST")).status_code == 200


def other_key() -> str:
    return sign(claims(), key=OTHER_RSA_KEY)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="nothing"),
        pytest.param([("Authorization", "Basic YWRtaW46YWRtaW4=")], id="a password"),
        pytest.param([("Authorization", "Bearer")], id="an empty token"),
        pytest.param([("Authorization", "Bearer ")], id="a blank"),
        pytest.param([("Authorization", "")], id="an empty header"),
        pytest.param([("Authorization", f"Bearer {mint().token}")], id="a service token that nobody made"),
        pytest.param([("Authorization", "Bearer mst_typo")], id="a mistyped service token"),
        pytest.param([("Authorization", f"Bearer {other_key()}")], id="somebody else's signature"),
        pytest.param([("Authorization", "Bearer " + "x" * 20_000)], id="a huge token"),
        pytest.param([("Authorization", "Bearer a.b.c"), ("Authorization", "Bearer a.b.c")], id="two tokens"),
        pytest.param([("Cookie", "__Host-maestro=guess")], id="a session that was made up"),
        pytest.param([("Cookie", "__Host-maestro=" + "A" * 400)], id="another one"),
        pytest.param([("Cookie", "maestro=guess")], id="a session by its other name"),
    ],
)
async def test_whoever_is_not_known_is_told_so_in_the_same_words(
    gateway: Front, headers: list[tuple[str, str]]
) -> None:
    answer = await ask(gateway, headers)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="maestro"')
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Log in, or send a token that is accepted.",
        "login": "/login",
    }


async def test_a_bad_token_is_not_made_good_by_a_session(gateway: Front) -> None:
    async with session(gateway) as browser:
        assert (await browser.get("/who", headers=bearer("mst_typo"))).status_code == 401


async def test_a_revoked_token_a_used_login_and_an_expired_session_are_all_nobodys(
    gateway: Front, ledger: Ledger
) -> None:
    revoked = token(ledger)
    [kept] = ledger.service_tokens.list()
    ledger.service_tokens.revoke(kept.id, actor="ada")
    assert (await ask(gateway, bearer(revoked))).status_code == 401
    async with session(gateway, lasts_seconds=-1.0) as browser:
        assert (await browser.get("/who")).status_code == 401


async def test_what_was_sealed_as_a_login_is_no_session(gateway: Front) -> None:
    async with gateway.browser() as browser:
        await browser.get("/login")
        sealed = browser.cookies["__Host-maestro-login"]
        browser.cookies.set("__Host-maestro", sealed)
        assert (await browser.get("/who")).status_code == 401


async def test_roles_that_are_taken_away_in_the_settings_are_gone_with_the_next_request(
    gateway: Front, ledger: Ledger
) -> None:
    without_rules = gateway.config.model_copy(update={"roles": ()})
    async with front(ledger, without_rules) as later, session(gateway) as browser, later.browser() as same:
        assert (await browser.get("/who")).json()["roles"] == {"acme": "operator"}
        same.cookies.update(dict(browser.cookies))
        assert (await same.get("/who")).json()["roles"] == {}


async def test_a_provider_that_cannot_be_reached_is_no_fault_of_the_token(gateway: Front, issuer: Issuer) -> None:
    issuer.is_down = True
    answer = await ask(gateway, bearer(fresh()))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_refusals_are_logged_with_the_reason_and_without_the_token(gateway: Front, ledger: Ledger) -> None:
    credentials = [mint().token, other_key(), "mst_typo-abcdef", token(ledger)]
    [kept] = ledger.service_tokens.list()
    ledger.service_tokens.revoke(kept.id, actor="ada")
    with capture_logs() as logged:
        for credential in credentials:
            assert (await ask(gateway, bearer(credential))).status_code == 401
    refused = [event for event in logged if event["event"] == "refused"]
    assert len(refused) == len(credentials)
    assert all(event["reason"] and event["path"] == "/who" and event["address"] == "127.0.0.1" for event in refused)
    assert kept.id in refused[-1]["reason"]
    text = json.dumps(logged)
    assert not any(credential in text for credential in credentials)


async def test_guessing_is_slowed_down_by_address_and_hurts_nobody_who_is_known(issuer: Issuer, ledger: Ledger) -> None:
    config = GatewayConfig(public_url=PUBLIC, login=Login(issuer=ISSUER, client_id=CLIENT), requests_per_minute=3)
    async with front(ledger, config, transport=httpx.MockTransport(issuer.handle)) as gateway:
        statuses = [(await ask(gateway, bearer(mint().token))).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert (await ask(gateway, bearer(token(ledger)))).status_code == 200
        limited = await ask(gateway)
    assert limited.headers["Content-Type"] == "application/problem+json"
    assert 0 < int(limited.headers["Retry-After"]) <= 60


async def test_without_a_login_the_local_person_is_the_administrator(local: Front) -> None:
    for host in ("127.0.0.1:8420", "localhost:9999", "[::1]:8420", "127.8.9.10"):
        who = await ask(local, base_url=f"http://{host}", method="POST")
        assert who.json()["roles"] == {"*": "admin"}
    async with local.browser() as browser:
        assert (await browser.get("/login?next=/regions")).headers["Location"] == "/regions"
        assert (await browser.post("/logout")).status_code == 303


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("evil.example", id="a name that was turned to this machine"),
        pytest.param("evil.example:8420", id="with our port"),
        pytest.param("127.0.0.1.evil.example", id="a name that begins like this machine"),
        pytest.param("localhost.evil.example", id="another"),
        pytest.param("localhost@evil.example", id="a user before it"),
        pytest.param("192.168.1.7:8420", id="another machine"),
        pytest.param("0.0.0.0:8420", id="every address"),
        pytest.param("", id="no name"),
        pytest.param("localhost:port", id="a port that is none"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_without_a_login_nothing_is_answered_under_another_name(local: Front, host: str, method: str) -> None:
    assert (await ask(local, {"Host": host}, method=method)).status_code == 400


async def test_without_a_login_the_public_name_is_ours_as_well(ledger: Ledger) -> None:
    async with front(ledger, GatewayConfig(public_url="http://maestro.test:8420")) as gateway:
        assert (await ask(gateway, {"Host": "maestro.test:8420"})).status_code == 200
        assert (await ask(gateway, {"Host": "evil.test:8420"})).status_code == 400


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"])
async def test_without_a_login_nobody_comes_in_through_a_proxy(local: Front, header: str) -> None:
    assert (await ask(local, {header: "203.0.113.7"})).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Origin": "http://127.0.0.1:8420"}, 200, id="our own page"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 200, id="our own page, by the browser's word"),
        pytest.param({}, 200, id="a program"),
        pytest.param({"Origin": "http://127.0.0.1:3000"}, 403, id="another program's page on this machine"),
        pytest.param({"Origin": "http://localhost:8420"}, 403, id="this machine by another name"),
        pytest.param({"Origin": EVIL}, 403, id="another site's page"),
        pytest.param({"Origin": "null"}, 403, id="a page of nobody"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="a form of another site"),
    ],
)
async def test_without_a_login_only_our_own_pages_act(local: Front, headers: dict[str, str], status: int) -> None:
    assert (await ask(local, headers, method="POST")).status_code == status


async def test_without_a_login_service_tokens_are_narrower_than_the_local_person(local: Front, ledger: Ledger) -> None:
    assert (await ask(local, bearer(token(ledger)))).json()["name"] == "service:ci"
    assert (await ask(local, bearer(fresh()))).status_code == 401
    assert (await ask(local, bearer(token(ledger)) | {"Host": "evil.example"})).status_code == 400
