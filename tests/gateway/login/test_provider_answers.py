"""Logging in at a provider that answers badly: nobody comes in. The log says why, the person is not told."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.login.doors import CALLBACK_PATH
from gateway.login.flow import challenge_of
from maestro.access.principals import Role
from maestro.config.gateway import GatewayConfig, Login, RoleRule
from maestro.errors import BadInput
from maestro.ledger import Ledger
from tests.access.issuer import CLIENT, ISSUER, OTHER_RSA_KEY, Issuer, claims, jwk_of, sign
from tests.gateway.login.front import PUBLIC, Front, front

Answer = Callable[[httpx.Request], httpx.Response | None]
SECRET = "a:b/c+d %"


class Codes:
    """The token endpoint: gives an identity for the code, where the verifier fits what was shown of it."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.challenge = ""
        self.nonce = ""
        self.said: dict[str, Any] = {"email": "ada@example.org", "email_verified": True}
        self.key: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.more: Answer = lambda _: None
        self.forms: list[dict[str, list[str]]] = []
        self.authorizations: list[str] = []
        issuer.answer = self.answer

    def asked(self, address: str) -> str:
        """The provider's page was opened: its answer, as the browser brings it back."""
        query = parse_qs(urlsplit(address).query)
        self.challenge, self.nonce = query["code_challenge"][0], query["nonce"][0]
        return f"{CALLBACK_PATH}?code=c-1&state={query['state'][0]}"

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        given = self.more(request)
        if given is not None:
            return given
        if request.url.path.endswith("/token"):
            form = parse_qs(request.content.decode())
            self.forms.append(form)
            self.authorizations.append(request.headers.get("Authorization", ""))
            if challenge_of(form["code_verifier"][0]) != self.challenge or form["code"] != ["c-1"]:
                return httpx.Response(400, json={"error": "invalid_grant"})
            now = int(time.time())
            told = claims(**({"aud": CLIENT, "nonce": self.nonce, "iat": now, "exp": now + 60} | self.said))
            return httpx.Response(200, json={"id_token": sign(told, **self.key), "access_token": "at-1"})
        if request.url.path.endswith("/userinfo"):
            assert request.headers["Authorization"] == "Bearer at-1"
            return httpx.Response(404) if self.userinfo is None else httpx.Response(200, json=self.userinfo)
        return None


@pytest.fixture
def codes() -> Codes:
    return Codes(Issuer())


@pytest.fixture
async def gateway(codes: Codes, ledger: Ledger, tmp_path: Path) -> AsyncIterator[Front]:
    secret = tmp_path / "client-secret"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    rules = (
        RoleRule(role=Role.REVIEWER, email="ada@example.org", tenants=("acme",)),
        RoleRule(role=Role.OPERATOR, claim="groups", value="leads", tenants=("other",)),
    )
    login = Login(issuer=ISSUER, client_id=CLIENT, client_secret_file=secret)
    config = GatewayConfig(public_url=PUBLIC, login=login, roles=rules)
    async with front(ledger, config, transport=httpx.MockTransport(codes.issuer.handle)) as opened:
        yield opened


async def come_back(gateway: Front, codes: Codes, more: str = "") -> tuple[httpx.Response, httpx.Response]:
    """The provider's answer as the gateway takes it, and who the browser is afterwards."""
    async with gateway.browser() as browser:
        left = await browser.get("/login")
        assert left.status_code == 303, left.text
        back = await browser.get(codes.asked(left.headers["Location"]) + more)
        return back, await browser.get("/who")


async def test_the_code_is_exchanged_with_its_verifier_and_the_clients_secret(gateway: Front, codes: Codes) -> None:
    back, who = await come_back(gateway, codes)
    assert back.status_code == 303
    assert who.json()["name"] == "ada@example.org"
    [form] = codes.forms
    assert form["redirect_uri"] == [PUBLIC + CALLBACK_PATH]
    pair = base64.b64decode(codes.authorizations[0].removeprefix("Basic ")).decode()
    assert pair == "maestro:a%3Ab%2Fc%2Bd+%25"
    assert "client_secret" not in form


async def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(gateway: Front, codes: Codes) -> None:
    codes.issuer.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    back, _ = await come_back(gateway, codes)
    assert back.status_code == 303
    assert (codes.forms[0]["client_secret"], codes.authorizations) == ([SECRET], [""])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"said": {"nonce": "another"}}, "another login", id="an identity for another login"),
        pytest.param({"said": {"nonce": None}}, "another login", id="an identity for no login"),
        pytest.param({"said": {"aud": "wiki"}}, "another client", id="an identity for another client"),
        pytest.param({"said": {"iss": "https://evil.example"}}, "issued by", id="another issuer's identity"),
        pytest.param({"said": {"exp": 1_000}}, "expired", id="an old identity"),
        pytest.param({"key": {"key": OTHER_RSA_KEY}}, "does not fit", id="an identity that somebody else signed"),
    ],
)
async def test_an_identity_that_does_not_fit_lets_nobody_in(
    gateway: Front, codes: Codes, change: dict[str, Any], why: str
) -> None:
    codes.said |= change.get("said", {})
    codes.key = change.get("key", {})
    with capture_logs() as logged:
        back, who = await come_back(gateway, codes)
    assert (back.status_code, who.status_code) == (403, 401)
    assert why in next(event["reason"] for event in logged if event["event"] == "login_failed")
    assert why not in back.text


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(httpx.Response(400, json={"error": "invalid_grant"}), 403, id="it does not take the code"),
        pytest.param(httpx.Response(401, json={"error": "invalid_client"}), 503, id="it does not know the gateway"),
        pytest.param(httpx.Response(500, text="oh no"), 503, id="it is broken"),
        pytest.param(httpx.Response(429), 503, id="it has no time"),
        pytest.param(httpx.Response(200, text="<html>"), 503, id="it answers with a page"),
        pytest.param(httpx.Response(200, json={"access_token": "x"}), 403, id="it gives no identity"),
        pytest.param(httpx.Response(200, json={"id_token": {"a": 1}}), 403, id="an identity that is no text"),
        pytest.param(httpx.Response(200, content=b"x" * 300_000), 503, id="it answers with a flood"),
        pytest.param(httpx.Response(302, headers={"Location": "/elsewhere"}), 503, id="it leads elsewhere"),
    ],
)
async def test_a_token_endpoint_that_answers_badly_lets_nobody_in(
    gateway: Front, codes: Codes, answer: httpx.Response, status: int
) -> None:
    codes.more = lambda request: answer if request.url.path.endswith("/token") else None
    back, who = await come_back(gateway, codes)
    assert (back.status_code, who.status_code) == (status, 401)
    assert "Try again" in back.text


async def test_a_provider_that_is_down_is_said_on_a_page(gateway: Front, codes: Codes) -> None:
    codes.issuer.is_down = True
    async with gateway.browser() as browser:
        left = await browser.get("/login")
    assert left.status_code == 503
    assert "just now" in left.text
    assert ISSUER not in left.text


async def test_a_provider_that_names_itself_in_its_answers_has_to_do_so(gateway: Front, codes: Codes) -> None:
    codes.issuer.description = {"authorization_response_iss_parameter_supported": True}
    missing, _ = await come_back(gateway, codes)
    named, _ = await come_back(gateway, codes, f"&iss={ISSUER}")
    assert (missing.status_code, named.status_code) == (403, 303)


@pytest.mark.parametrize(
    ("said", "userinfo", "name", "roles"),
    [
        pytest.param(
            {},
            {"email": "ada@example.org", "email_verified": True, "groups": ["leads"]},
            "ada@example.org",
            {"acme": "reviewer", "other": "operator"},
            id="everything is told only when asked",
        ),
        pytest.param(
            {"email": "ada@example.org"},
            {"email": "ada@example.org", "email_verified": True},
            "ada@example.org",
            {"acme": "reviewer"},
            id="that the address was verified is told only when asked",
        ),
        pytest.param(
            {"email": "ada@example.org"},
            {"email": "eve@example.org", "email_verified": True},
            "oidc:248289761001",
            {},
            id="another address is the verified one",
        ),
        pytest.param(
            {"email_verified": True},
            {"email": "ada@example.org"},
            "oidc:248289761001",
            {},
            id="what was verified is not said of the address",
        ),
        pytest.param(
            {},
            {"sub": "another", "email": "ada@example.org", "email_verified": True},
            "oidc:248289761001",
            {},
            id="somebody else's are told",
        ),
        pytest.param({}, None, "oidc:248289761001", {}, id="nothing is told"),
    ],
)
async def test_claims_that_are_told_only_when_asked_complete_the_identity(
    gateway: Front, codes: Codes, said: dict[str, Any], userinfo: dict[str, Any] | None, name: str, roles: object
) -> None:
    codes.said = said
    codes.userinfo = None if userinfo is None else {"sub": "248289761001"} | userinfo
    _, who = await come_back(gateway, codes)
    assert (who.json()["name"], who.json()["roles"]) == (name, roles)


async def test_a_login_is_over_after_ten_minutes(gateway: Front, codes: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    async with gateway.browser() as browser:
        left = await browser.get("/login")
        later = time.time() + 601
        monkeypatch.setattr("gateway.login.cookies.now", lambda: later)
        assert (await browser.get(codes.asked(left.headers["Location"]))).status_code == 403


async def test_a_session_is_over_when_it_expires_whatever_the_browser_keeps(
    gateway: Front, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway.browser() as browser:
        left = await browser.get("/login")
        await browser.get(codes.asked(left.headers["Location"]))
        assert (await browser.get("/who")).status_code == 200
        later = time.time() + 28_801
        monkeypatch.setattr("gateway.login.cookies.now", lambda: later)
        assert (await browser.get("/who")).status_code == 401


async def test_no_secret_reaches_the_log(gateway: Front, codes: Codes) -> None:
    with capture_logs() as logged:
        await come_back(gateway, codes)
        codes.more = lambda request: httpx.Response(400, json={"error": "invalid_grant"})
        await come_back(gateway, codes)
    text = json.dumps(logged, default=str)
    assert "logged_in" in text
    for secret in (SECRET, "c-1", "at-1", codes.nonce, codes.forms[0]["code_verifier"][0]):
        assert secret not in text


async def test_a_client_secret_that_is_none_is_refused_at_the_start(ledger: Ledger, tmp_path: Path) -> None:
    for content in ("", "\n", "two\nlines"):
        (tmp_path / "client-secret").write_text(content, encoding="utf-8")
        login = Login(issuer=ISSUER, client_id=CLIENT, client_secret_file=tmp_path / "client-secret")
        with pytest.raises(BadInput, match="no client secret"):
            async with front(ledger, GatewayConfig(public_url=PUBLIC, login=login)):
                pass


async def test_more_claims_than_a_cookie_holds_are_refused_in_words(ledger: Ledger, codes: Codes) -> None:
    groups = [f"a-group-with-quite-a-long-name-{number:04}" for number in range(200)]
    rules = tuple(RoleRule(role=Role.VIEWER, claim="groups", value=group) for group in groups)
    config = GatewayConfig(public_url=PUBLIC, login=Login(issuer=ISSUER, client_id=CLIENT), roles=rules)
    codes.said |= {"groups": groups}
    async with front(ledger, config, transport=httpx.MockTransport(codes.issuer.handle)) as gateway:
        with capture_logs() as logged:
            back, _ = await come_back(gateway, codes)
    assert back.status_code == 503
    assert "do not fit into a session" in json.dumps(logged)


async def test_keys_that_change_between_two_logins_let_both_in(gateway: Front, codes: Codes) -> None:
    assert (await come_back(gateway, codes))[1].status_code == 200
    codes.issuer.keys = [jwk_of(OTHER_RSA_KEY, "new")]
    codes.key = {"key": OTHER_RSA_KEY, "key_id": "new"}
    assert gateway.doors.flow is not None
    gateway.doors.flow.provider._looked_at = None
    assert (await come_back(gateway, codes))[1].status_code == 200
