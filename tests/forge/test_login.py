"""Logging in with a real Gitea as the OpenID provider: code flow with PKCE, its keys, and its claims."""

import secrets
from collections.abc import AsyncIterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gateway.login.cookies import Pending
from gateway.login.doors import CALLBACK_PATH, CSRF_HEADER
from maestro.access.principals import Role
from maestro.access.refused import CredentialRefused
from maestro.config.gateway import GatewayConfig, Login, RoleRule
from maestro.ledger import Ledger
from tests.forge.handle import Gitea, User
from tests.gateway.login.front import PUBLIC, Front, bearer, front


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAESTRO_GATEWAY_KEY_FILE", raising=False)


@pytest.fixture
def config(gitea: Gitea, tmp_path: Path) -> GatewayConfig:
    made = gitea.create_application(f"maestro-{secrets.token_hex(4)}", PUBLIC + CALLBACK_PATH)
    secret = tmp_path / "client-secret"
    secret.write_text(made.client_secret, encoding="ascii")
    login = Login(
        issuer=gitea.url,
        client_id=made.client_id,
        client_secret_file=secret,
        scopes=("openid", "profile", "email", "groups"),
    )
    rules = (
        RoleRule(role=Role.REVIEWER, email="grace@forge.example", tenants=("acme",)),
        RoleRule(role=Role.OPERATOR, claim="groups", value="acme", tenants=("other",)),
    )
    return GatewayConfig(public_url=PUBLIC, login=login, roles=rules)


@pytest.fixture
async def gateway(config: GatewayConfig, tmp_path: Path) -> AsyncIterator[Front]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as ledger:
        async with front(ledger, config) as opened:
            yield opened


class _Hidden(HTMLParser):
    """The hidden fields of the form that asks whether the gateway may know who one is."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "input" and said.get("type") == "hidden" and said.get("name"):
            self.fields[str(said["name"])] = said.get("value") or ""


async def at_gitea(gitea: Gitea, user: User, address: str, *, granted: str = "true") -> str:
    """Where Gitea sends this person, who logs in there and is asked."""
    async with httpx.AsyncClient(base_url=gitea.url, trust_env=False, timeout=60) as person:
        known = await person.post("/user/login", data={"user_name": user.name, "password": user.password})
        assert known.status_code == 303, known.text[:500]
        asked = await person.get(address)
        if asked.status_code == 200:
            form = _Hidden(asked.text).fields | {"granted": granted}
            asked = await person.post("/login/oauth/grant", data=form, headers={"Origin": gitea.url})
        assert asked.status_code in {302, 303}, asked.text[:500]
        return asked.headers["Location"]


async def leave(browser: httpx.AsyncClient) -> str:
    answer = await browser.get("/login", params={"next": "/figures"})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


async def test_a_person_of_the_forge_logs_in_by_the_address_that_it_has_verified(gitea: Gitea, gateway: Front) -> None:
    async with gateway.browser() as browser:
        back = await browser.get(await at_gitea(gitea, gitea.user("grace"), await leave(browser)))
        assert (back.status_code, back.headers["Location"]) == (303, "/figures")
        who = (await browser.get("/who")).json()
        assert (await browser.post("/who", headers=gateway.own_page(browser))).status_code == 200
        assert (await browser.post("/who", headers={CSRF_HEADER: "guess"})).status_code == 403
    assert (who["name"], who["issuer"]) == ("grace@forge.example", gitea.url)
    assert who["roles"] == {"acme": "reviewer"}


async def test_an_organisation_of_the_forge_gives_a_role(gitea: Gitea, gateway: Front) -> None:
    name = f"member-{secrets.token_hex(3)}"
    member = gitea.user(name)
    team = next(each for each in gitea.call("GET", "orgs/acme/teams") if each["name"] == "Owners")
    gitea.call("PUT", f"teams/{team['id']}/members/{name}")
    async with gateway.browser() as browser:
        await browser.get(await at_gitea(gitea, member, await leave(browser)))
        assert (await browser.get("/who")).json()["roles"] == {"other": "operator"}


async def test_whoever_does_not_let_the_gateway_know_them_is_not_let_in(gitea: Gitea, gateway: Front) -> None:
    async with gateway.browser() as browser:
        answer = await at_gitea(gitea, gitea.user("ada"), await leave(browser), granted="false")
        assert parse_qs(urlsplit(answer).query)["error"] == ["access_denied"]
        assert (await browser.get(answer)).status_code == 403
        assert (await browser.get("/who")).status_code == 401


async def test_a_stolen_code_is_worth_nothing_without_its_verifier(gitea: Gitea, gateway: Front) -> None:
    flow = gateway.doors.flow
    assert flow is not None
    begun = Pending.begin("/")
    answer = await at_gitea(gitea, gitea.user("grace"), await flow.address(begun))
    code = parse_qs(urlsplit(answer).query)["code"][0]
    thief = begun.model_copy(update={"verifier": Pending.begin("/").verifier})
    with pytest.raises(CredentialRefused, match="not accepted") as refused:
        await flow.identity(thief, code=code, issuer="")
    assert "does not take the code" in refused.value.reason


async def tokens_of(gitea: Gitea, gateway: Front) -> Mapping[str, str]:
    """What Gitea answers for a code."""
    flow = gateway.doors.flow
    assert flow is not None
    begun = Pending.begin("/")
    answer = await at_gitea(gitea, gitea.user("grace"), await flow.address(begun))
    code = parse_qs(urlsplit(answer).query)["code"][0]
    return await flow._exchanged(await flow.provider.description(), code, begun.verifier)


async def test_a_token_of_the_forge_that_is_meant_for_the_gateway_comes_in_and_one_for_the_forge_does_not(
    gitea: Gitea, gateway: Front
) -> None:
    given = await tokens_of(gitea, gateway)
    async with gateway.browser() as program:
        assert (await program.get("/who", headers=bearer(given["id_token"]))).json()["name"] == "grace@forge.example"
        assert (await program.get("/who", headers=bearer(given["access_token"]))).status_code == 401
        assert (await program.get("/who", headers=bearer(gitea.user("grace").token))).status_code == 401


async def test_the_application_of_another_service_gives_nobody_a_way_in(
    gitea: Gitea, gateway: Front, tmp_path: Path
) -> None:
    given = await tokens_of(gitea, gateway)
    other = gitea.create_application("wiki", PUBLIC + CALLBACK_PATH)
    assert gateway.config.login is not None
    login = gateway.config.login.model_copy(update={"client_id": other.client_id})
    with Ledger.open(f"sqlite:///{tmp_path / 'other.sqlite'}") as ledger:
        async with front(ledger, gateway.config.model_copy(update={"login": login})) as wiki, wiki.browser() as program:
            assert (await program.get("/who", headers=bearer(given["id_token"]))).status_code == 401
