"""The provider's keys: rotated without anybody noticing, kept while it is down, and never asked for by a flood."""

import asyncio
from typing import Any

import httpx
import pytest

from maestro.access.keyset import ALGORITHMS, KEYS_LIMIT, read_keyset
from maestro.access.provider import ANSWER_LIMIT_BYTES, FRESH_SECONDS, KEPT_SECONDS, PAUSE_SECONDS, WELL_KNOWN
from maestro.access.refused import CredentialRefused
from maestro.access.signed import SignedTokens
from maestro.canonical import canonical_json
from maestro.errors import PlatformUnavailable
from tests.access.issuer import (
    EC_KEY,
    ISSUER,
    OTHER_RSA_KEY,
    RSA_KEY,
    Issuer,
    claims,
    jwk_of,
    sign,
)

NEW = sign(claims(), key=OTHER_RSA_KEY, key_id="new")
OLD = sign(claims())


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def tokens(issuer: Issuer) -> SignedTokens:
    return issuer.tokens()


async def is_believed(tokens: SignedTokens, token: str) -> bool:
    try:
        await tokens.bearer(token)
    except CredentialRefused:
        return False
    return True


async def test_keys_are_fetched_once_for_many_tokens(issuer: Issuer, tokens: SignedTokens) -> None:
    assert all([await is_believed(tokens, OLD) for _ in range(20)])
    assert issuer.looks == [f"/realms/acme{WELL_KNOWN}", "/realms/acme/keys"]


async def test_many_who_come_at_once_wait_for_one_look(issuer: Issuer, tokens: SignedTokens) -> None:
    assert all(await asyncio.gather(*(is_believed(tokens, OLD) for _ in range(50))))
    assert issuer.key_looks == 1


async def test_a_key_that_the_provider_has_just_begun_to_use_is_found(issuer: Issuer, tokens: SignedTokens) -> None:
    assert await is_believed(tokens, OLD)
    issuer.keys.append(jwk_of(OTHER_RSA_KEY, "new"))
    issuer.seconds += PAUSE_SECONDS
    assert await is_believed(tokens, NEW)
    assert await is_believed(tokens, OLD)
    assert issuer.key_looks == 2


async def test_a_key_that_the_provider_took_back_is_believed_no_more(issuer: Issuer, tokens: SignedTokens) -> None:
    assert await is_believed(tokens, OLD)
    issuer.keys[:] = [jwk_of(OTHER_RSA_KEY, "new")]
    issuer.seconds += FRESH_SECONDS + 1
    assert not await is_believed(tokens, OLD)


async def test_a_flood_of_unknown_key_ids_asks_the_provider_no_more_than_one(
    issuer: Issuer, tokens: SignedTokens
) -> None:
    assert await is_believed(tokens, OLD)
    flood = [sign(claims(), key=OTHER_RSA_KEY, key_id=f"garbage-{number}") for number in range(20)]
    for _ in range(3):
        issuer.seconds += PAUSE_SECONDS
        assert not any(await asyncio.gather(*(is_believed(tokens, token) for token in flood)))
        assert await is_believed(tokens, OLD)
    assert issuer.key_looks == 4


async def test_a_rotation_in_the_middle_of_a_flood_waits_for_one_pause_at_most(
    issuer: Issuer, tokens: SignedTokens
) -> None:
    await is_believed(tokens, OLD)
    issuer.seconds += PAUSE_SECONDS
    await is_believed(tokens, sign(claims(), key_id="garbage"))
    issuer.keys.append(jwk_of(OTHER_RSA_KEY, "new"))
    assert not await is_believed(tokens, NEW)
    issuer.seconds += PAUSE_SECONDS
    assert await is_believed(tokens, NEW)


async def test_known_keys_are_believed_while_the_provider_is_down_for_a_day_at_most(
    issuer: Issuer, tokens: SignedTokens
) -> None:
    await is_believed(tokens, OLD)
    issuer.is_down = True
    issuer.seconds = KEPT_SECONDS
    assert await is_believed(tokens, OLD)
    issuer.seconds = KEPT_SECONDS + PAUSE_SECONDS
    with pytest.raises(PlatformUnavailable):
        await tokens.bearer(OLD)
    issuer.is_down = False
    issuer.seconds += PAUSE_SECONDS
    assert await is_believed(tokens, OLD)


async def test_a_provider_that_is_down_from_the_beginning_is_no_fault_of_the_token(
    issuer: Issuer, tokens: SignedTokens
) -> None:
    issuer.is_down = True
    for _ in range(5):
        with pytest.raises(PlatformUnavailable, match="cannot be used now"):
            await tokens.bearer(OLD)
    assert len(issuer.looks) == 1
    issuer.is_down = False
    issuer.seconds += PAUSE_SECONDS
    assert await is_believed(tokens, OLD)


class Slow:
    """The provider, which answers once ``go_on`` is set; ``reached`` is set when it was asked."""

    def __init__(self, issuer: Issuer, tokens: SignedTokens) -> None:
        self._issuer = issuer
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        tokens.provider._client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.reached.set()
        await self.go_on.wait()
        return self._issuer.handle(request)


async def test_whoever_comes_while_the_provider_is_slow_is_let_in_by_a_known_key_or_waits(
    issuer: Issuer, tokens: SignedTokens
) -> None:
    await is_believed(tokens, OLD)
    issuer.keys.append(jwk_of(OTHER_RSA_KEY, "new"))
    issuer.seconds += FRESH_SECONDS + 1
    slow = Slow(issuer, tokens)
    first = asyncio.create_task(is_believed(tokens, OLD))
    await slow.reached.wait()
    waiting = asyncio.create_task(is_believed(tokens, NEW))
    assert await is_believed(tokens, OLD)
    slow.go_on.set()
    assert await first
    assert await waiting
    assert issuer.key_looks == 2


async def test_whoever_goes_away_in_the_middle_of_a_look_ends_it_for_nobody_else(
    issuer: Issuer, tokens: SignedTokens
) -> None:
    slow = Slow(issuer, tokens)
    gone = asyncio.create_task(tokens.bearer(OLD))
    await slow.reached.wait()
    waiting = asyncio.create_task(is_believed(tokens, OLD))
    gone.cancel()
    await asyncio.wait([gone])
    slow.go_on.set()
    assert await waiting
    assert issuer.key_looks == 1


async def test_a_look_that_is_under_way_ends_with_the_provider(issuer: Issuer, tokens: SignedTokens) -> None:
    slow = Slow(issuer, tokens)
    waiting = asyncio.create_task(is_believed(tokens, OLD))
    await slow.reached.wait()
    await tokens.provider.close()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


@pytest.mark.parametrize(
    "description",
    [
        pytest.param({"issuer": "https://login.example.org/realms/other"}, id="another issuer"),
        pytest.param({"issuer": ISSUER + "/"}, id="the issuer with a slash that it does not have"),
        pytest.param({"issuer": None}, id="no issuer"),
        pytest.param({"jwks_uri": "http://login.example.org/keys"}, id="keys that anybody on the way can exchange"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, id="keys in a file"),
        pytest.param({"jwks_uri": "https://me:secret@login.example.org/keys"}, id="keys with a password"),
        pytest.param({"jwks_uri": None}, id="no keys"),
        pytest.param({"jwks_uri": ["https://login.example.org/keys"]}, id="a list of keys"),
        pytest.param({"token_endpoint": "http://login.example.org/token"}, id="a token endpoint without TLS"),
        pytest.param({"code_challenge_methods_supported": ["plain"]}, id="no PKCE by S256"),
    ],
)
async def test_a_description_that_cannot_be_believed_is_used_for_nothing(
    issuer: Issuer, tokens: SignedTokens, description: dict[str, Any]
) -> None:
    issuer.description = description
    with pytest.raises(PlatformUnavailable):
        await tokens.bearer(OLD)
    assert issuer.key_looks == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(500), id="an error"),
        pytest.param(httpx.Response(429), id="too many requests"),
        pytest.param(httpx.Response(302, headers={"Location": "https://evil.example/"}), id="a way to somewhere else"),
        pytest.param(httpx.Response(200, text="<html>"), id="a page"),
        pytest.param(httpx.Response(200, json=[]), id="a list"),
        pytest.param(httpx.Response(200, json={"keys": {}}), id="keys that are no list"),
        pytest.param(httpx.Response(200, json={"keys": []}), id="no key"),
        pytest.param(httpx.Response(200, text='{"keys":[],"keys":[]}'), id="two lists of keys"),
        pytest.param(httpx.Response(200, text='{"keys":' + "[" * 50_000), id="deep nesting"),
        pytest.param(httpx.Response(200, content=b" " * (ANSWER_LIMIT_BYTES + 1)), id="a flood"),
        pytest.param(httpx.Response(200, content=b"\xff\xfe"), id="what is no text"),
    ],
)
async def test_what_is_no_set_of_keys_leaves_those_that_are_known(
    issuer: Issuer, tokens: SignedTokens, answer: httpx.Response
) -> None:
    await is_believed(tokens, OLD)
    issuer.answer = lambda request: answer if request.url.path.endswith("/keys") else None
    issuer.seconds += FRESH_SECONDS + 1
    assert await is_believed(tokens, OLD)
    assert issuer.key_looks == 2


async def test_an_issuer_with_a_slash_at_its_end_is_described_below_it() -> None:
    issuer = Issuer(description={"issuer": f"{ISSUER}/"})
    assert (await issuer.provider(f"{ISSUER}/").description()).issuer == f"{ISSUER}/"
    assert issuer.looks[0] == f"/realms/acme{WELL_KNOWN}"


def keyset(*entries: object) -> bytes:
    return canonical_json({"keys": list(entries)}).encode()


RSA = jwk_of(RSA_KEY, "one")


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"kty": "oct", "k": "c2VjcmV0", "kid": "one", "alg": "HS256"}, id="a secret that is public"),
        pytest.param(RSA | {"alg": "HS256"}, id="for an algorithm of secrets"),
        pytest.param(RSA | {"alg": "RSA-OAEP", "use": "enc"}, id="for encryption"),
        pytest.param(RSA | {"use": "enc"}, id="for encryption, without an algorithm"),
        pytest.param(RSA | {"key_ops": ["encrypt"]}, id="for other operations"),
        pytest.param(RSA | {"alg": ["RS256"]}, id="for a list of algorithms"),
        pytest.param(RSA | {"n": "AQAB"}, id="of a few bits"),
        pytest.param(RSA | {"n": 7}, id="of a number"),
        pytest.param(RSA | {"kid": 7}, id="with a number for its name"),
        pytest.param(RSA | {"kid": "x" * 257}, id="with a very long name"),
        pytest.param(jwk_of(EC_KEY, "two") | {"crv": "P-384"}, id="on another curve"),
        pytest.param(jwk_of(EC_KEY, "two") | {"y": "AAAA"}, id="that lies on no curve"),
        pytest.param({"kty": "RSA"}, id="of nothing"),
        pytest.param({"kty": {"a": 1}}, id="of a kind that is none"),
        pytest.param({}, id="empty"),
        pytest.param("key", id="a text"),
        pytest.param(None, id="null"),
    ],
)
def test_a_key_that_cannot_be_used_is_left_out_and_the_others_stay(entry: object) -> None:
    usable = jwk_of(OTHER_RSA_KEY, "good")
    assert [key.key_id for key in read_keyset(keyset(entry, usable)).keys] == ["good"]
    with pytest.raises(ValueError, match="no key for"):
        read_keyset(keyset(entry))


def test_of_a_key_that_was_published_with_its_private_half_only_the_public_one_is_used() -> None:
    numbers = RSA_KEY.private_numbers()
    [key] = read_keyset(keyset(RSA | {"d": f"{numbers.d:x}", "p": "AQ"})).keys
    assert not hasattr(key.public.key, "private_numbers")


def test_too_many_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        read_keyset(keyset(*[RSA] * (KEYS_LIMIT + 1)))


def test_no_algorithm_of_shared_secrets_is_ever_among_ours() -> None:
    assert not [name for name in ALGORITHMS if name.startswith("HS") or name.lower() == "none"]
