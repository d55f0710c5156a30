"""Who we are to GitHub: an App's key and its tokens, or one token."""

import base64
import json
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from maestro.errors import BadInput
from maestro.forges import Commented, Refused, StatusState
from maestro.forges.github import AppAccess, GitHub, TokenAccess
from maestro.forges.http import Secret
from tests.forges.contract import comment, status
from tests.forges.github import shapes
from tests.forges.github.fake import APP_ID, APP_SLUG, FakeGitHub, said
from tests.forges.github.site import GitHubSite, private_key, site_of


@pytest.fixture
def site() -> GitHubSite:
    return site_of()


class Listening(FakeGitHub):
    """Notes with which credentials it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.bearers: list[tuple[str, str, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        self.bearers.append((request.url.path, bearer, request.content))
        return await super().handle_async_request(request)


def with_token(site: GitHubSite, token: str, *, login: str = "") -> GitHub:
    return GitHub(
        TokenAccess(token=Secret(token), login=login), base_url="https://forge.example/api/v3", transport=site.fake
    )


async def test_the_app_signs_who_it_is_for_less_than_ten_minutes_and_asks_for_one_repository() -> None:
    site = site_of(between=lambda _: listening)
    listening.repos = site.fake.repos
    assert isinstance(await site.forge.comments.call(comment(site.pull_request, "Green.")), Commented)
    signed = {bearer for path, bearer, _ in listening.bearers if path.endswith(("/app", "/access_tokens"))}
    assert signed
    for bearer in signed:
        _is_signed_by_the_app(bearer)
    [asked] = [json.loads(body) for path, _, body in listening.bearers if path.endswith("/access_tokens")]
    assert asked == {"repositories": ["shop"]}
    others = {bearer for path, bearer, _ in listening.bearers if "/issues/" in path}
    assert others <= listening.tokens, "what is done in a repository is done by its token"


listening = Listening()


def _is_signed_by_the_app(bearer: str) -> None:
    head, claims, signature = bearer.split(".")
    public = load_pem_private_key(private_key().encode(), None).public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(_decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(_decoded(head)) == {"alg": "RS256", "typ": "JWT"}
    read = json.loads(_decoded(claims))
    assert read["iss"] == str(APP_ID)
    assert 0 < read["exp"] - read["iat"] <= 600
    assert read["iat"] <= datetime.now(UTC).timestamp()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----", id="no key"),
        pytest.param("s3cret", id="no PEM"),
        pytest.param(elliptic(), id="another kind of key"),
    ],
)
def test_a_key_that_github_did_not_make_is_refused_before_anything_is_sent(key: str) -> None:
    with pytest.raises(BadInput) as refused:
        GitHub(AppAccess(app_id="1", private_key=Secret(key)))
    assert "private key" in refused.value.message
    assert "s3cret" not in f"{refused.value!r} {refused.value.__cause__!r}"


async def test_an_app_that_is_not_installed_says_so(site: GitHubSite) -> None:
    elsewhere = site.pull_request.model_copy(update={"repo": "globex/shop"})
    answer = await site.forge.comments.call(comment(elsewhere, "Green."))
    assert isinstance(answer, Refused)
    assert answer.reason == "the App is not installed for globex/shop: install it there, or correct the name"


async def test_a_clock_or_key_that_github_does_not_believe_is_refused_with_what_to_check(site: GitHubSite) -> None:
    wrong = "'Expiration time' claim ('exp') must be a numeric value representing the future time"
    site.fake.fault("GET", "/app", said(401, wrong), times=9)
    answer = await site.forge.comments.call(comment(site.pull_request, "Green."))
    assert isinstance(answer, Refused)
    assert "this machine's clock" in answer.reason


async def test_a_token_comments_under_its_owner_s_name(site: GitHubSite) -> None:
    site.fake.tokens.add("ghp_1")
    forge = with_token(site, "ghp_1", login=f"{APP_SLUG}[bot]")
    for version in range(2):
        assert isinstance(
            await forge.comments.call(comment(site.pull_request, f"Version {version}.", version=version)), Commented
        )
    assert len(site.comments()) == 1
    await forge.close()


async def test_a_token_whose_owner_nobody_knows_is_refused_with_the_way_out(site: GitHubSite) -> None:
    site.fake.fault("GET", "/user", said(403, "Resource not accessible by integration"))
    answer = await with_token(site, "ghs_1").comments.call(comment(site.pull_request, "Green."))
    assert isinstance(answer, Refused)
    assert "say it with the token" in answer.reason


async def test_a_token_asks_whose_it_is(site: GitHubSite) -> None:
    site.fake.tokens.add("ghp_1")
    site.fake.fault("GET", "/user", httpx.Response(200, json=shapes.bot(APP_SLUG)))
    forge = with_token(site, "ghp_1")
    for version in range(2):
        await forge.comments.call(comment(site.pull_request, "Green.", version=version))
    assert site.fake.count("GET", "/user$") == 1


async def test_a_token_that_may_not_make_check_runs_says_who_may(site: GitHubSite) -> None:
    site.fake.tokens.add("ghp_1")
    site.fake.fault("POST", "check-runs", said(403, "You must authenticate via a GitHub App."))
    forge = with_token(site, "ghp_1", login="ada")
    answer = await forge.statuses.call(status(site.pull_request, StatusState.SUCCESS))
    assert isinstance(answer, Refused)
    assert "use an App" in answer.reason


async def test_a_token_that_ended_is_refused_with_what_to_check(site: GitHubSite) -> None:
    answer = await with_token(site, "ghp_old", login="ada").comments.call(comment(site.pull_request, "Green."))
    assert isinstance(answer, Refused)
    assert "or the token" in answer.reason
    assert "ghp_old" not in answer.reason
