"""Tokens of an OpenID provider: believed is what it signed, for us, and now; everything else is refused alike."""

import asyncio
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import HMACAlgorithm

from maestro.access.refused import CredentialRefused
from maestro.access.signed import LEEWAY_SECONDS, TOKEN_LIMIT
from tests.access.issuer import (
    AUDIENCE,
    CLIENT,
    EC_KEY,
    ED_KEY,
    NOW,
    OTHER_RSA_KEY,
    RSA_KEY,
    Issuer,
    claims,
    encoded,
    jwk_of,
    sign,
    sign_raw,
)

HEADER = {"alg": "RS256", "kid": "one", "typ": "JWT"}
EVERY_KEY = [jwk_of(RSA_KEY, "one"), jwk_of(EC_KEY, "two"), jwk_of(ED_KEY, "three")]


async def reason(token: str, *, issuer: Issuer | None = None) -> str:
    """Why it is refused; what the caller may read is the same every time."""
    with pytest.raises(CredentialRefused) as refused:
        await (issuer or Issuer()).tokens().bearer(token)
    assert refused.value.message == "the credential is not accepted"
    return refused.value.reason


async def test_a_token_that_the_provider_signed_for_us_is_believed() -> None:
    said = await Issuer().tokens().bearer(sign(claims(groups=["reviewers"])))
    assert (said["sub"], said["groups"]) == ("248289761001", ["reviewers"])


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id"),
    [
        pytest.param(RSA_KEY, "RS256", "one", id="RSA"),
        pytest.param(EC_KEY, "ES256", "two", id="P-256"),
        pytest.param(ED_KEY, "EdDSA", "three", id="Ed25519"),
    ],
)
async def test_the_three_algorithms_are_believed(key: Any, algorithm: str, key_id: str) -> None:
    token = sign(claims(), key=key, algorithm=algorithm, key_id=key_id)
    assert (await Issuer(keys=EVERY_KEY).tokens().bearer(token))["aud"] == AUDIENCE


def public_pem() -> bytes:
    return RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed_with_the_public_key() -> str:
    body = f"{encoded(HEADER | {'alg': 'HS256'})}.{encoded(claims())}"
    algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
    return f"{body}.{encoded(algorithm.sign(body.encode(), public_pem()).decode('latin-1'))}"


def without_signature(algorithm: str) -> str:
    return f"{encoded(HEADER | {'alg': algorithm})}.{encoded(claims())}."


@pytest.mark.parametrize(
    ("token", "why"),
    [
        pytest.param(without_signature("none"), "algorithm", id="no algorithm"),
        pytest.param(without_signature("None"), "algorithm", id="no algorithm, in other letters"),
        pytest.param(without_signature("RS256"), "does not fit", id="no signature"),
        pytest.param(signed_with_the_public_key(), "algorithm", id="HS256 with the public key as its secret"),
        pytest.param(sign(claims(), algorithm="PS256"), "algorithm", id="an algorithm that we do not take"),
        pytest.param(sign_raw(HEADER | {"alg": "ES256"}, claims()), "publish", id="another algorithm for the same key"),
        pytest.param(sign_raw(HEADER | {"alg": ["RS256"]}, claims()), "algorithm", id="a list of algorithms"),
        pytest.param(sign_raw({"kid": "one"}, claims()), "algorithm", id="a header without algorithm"),
        pytest.param(sign(claims(), key=OTHER_RSA_KEY), "does not fit", id="another key under a known name"),
        pytest.param(sign(claims(), key_id="../../dev/null"), "publish", id="a path for a key id"),
        pytest.param(sign(claims(), key_id="one' OR '1'='1"), "publish", id="a query for a key id"),
        pytest.param(sign(claims(), key_id="x" * 10_000), "header", id="a huge key id"),
        pytest.param(sign_raw(HEADER | {"kid": {"a": 1}}, claims()), "key id", id="an object for a key id"),
        pytest.param(sign_raw(HEADER | {"kid": "one\x00"}, claims()), "key id", id="a key id with a NUL"),
        pytest.param(sign_raw(HEADER | {"crit": ["x"]}, claims()), "not known here", id="a critical extension"),
        pytest.param(sign_raw(HEADER | {"b64": False}, claims()), "not known here", id="a detached payload"),
        pytest.param(sign_raw(HEADER | {"typ": "logout+jwt"}, claims()), "another kind", id="a token to log out with"),
        pytest.param(
            sign(claims(), key=OTHER_RSA_KEY, header={"jwk": jwk_of(OTHER_RSA_KEY, "one")}),
            "does not fit",
            id="a key of its own within",
        ),
        pytest.param(
            sign(claims(), key=OTHER_RSA_KEY, key_id="new", header={"jku": "https://evil.example/keys"}),
            "publish",
            id="an address of keys of its own",
        ),
        pytest.param(
            sign_raw('{"alg":"RS256","kid":"one","alg":"none"}', claims()), "twice", id="two algorithms in one header"
        ),
        pytest.param("", "no signed token", id="nothing"),
        pytest.param("a.b", "no signed token", id="two parts"),
        pytest.param("a.b.c.d.e", "no signed token", id="five parts, as encrypted ones have"),
        pytest.param("ä.ö.ü", "no signed token", id="letters that are not ASCII"),
        pytest.param("....", "no signed token", id="dots"),
        pytest.param("." * 15_999, "no signed token", id="many dots"),
        pytest.param("a" * (TOKEN_LIMIT + 1), "too large", id="a huge one"),
        pytest.param(f"{encoded('[' * 2_000)}.e30.e30", "header", id="a header that is nested deeply"),
        pytest.param(sign_raw("[]", claims()), "header", id="a header that is a list"),
    ],
)
async def test_what_the_provider_did_not_sign_as_we_take_it_is_refused(token: str, why: str) -> None:
    issuer = Issuer()
    assert why in await reason(token, issuer=issuer)
    assert all("evil" not in look for look in issuer.looks)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"iss": "https://login.example.org/realms/other"}, "issued by", id="another issuer"),
        pytest.param({"iss": None}, "issued by", id="no issuer"),
        pytest.param({"iss": ["https://login.example.org/realms/acme"]}, "issued by", id="a list of issuers"),
        pytest.param({"aud": "billing"}, "audience", id="another audience"),
        pytest.param({"aud": ["billing", "wiki"]}, "audience", id="other audiences"),
        pytest.param({"aud": None}, "audience", id="no audience"),
        pytest.param({"aud": f"{AUDIENCE},billing"}, "audience", id="a list of audiences in one text"),
        pytest.param({"aud": [AUDIENCE, {"a": 1}]}, "audience", id="audiences that are no texts"),
        pytest.param({"aud": {AUDIENCE: 1}}, "audience", id="an object of audiences"),
        pytest.param({"exp": NOW - LEEWAY_SECONDS}, "expired", id="expired"),
        pytest.param({"exp": None}, "no time in exp", id="for ever"),
        pytest.param({"exp": "2099-01-01"}, "no time in exp", id="an expiry in words"),
        pytest.param({"exp": True}, "no time in exp", id="an expiry that is true"),
        pytest.param({"exp": 10**400}, "no time in exp", id="an expiry beyond all numbers"),
        pytest.param({"iat": NOW + LEEWAY_SECONDS + 1}, "future", id="issued in the future"),
        pytest.param({"iat": None}, "no time in iat", id="issued at no time"),
        pytest.param({"nbf": NOW + LEEWAY_SECONDS + 1}, "not valid yet", id="not valid yet"),
        pytest.param({"events": {}}, "another kind", id="a logout, or another security event"),
        pytest.param({"nbf": None, "sub": None}, "subject", id="about nobody"),
        pytest.param({"sub": ""}, "subject", id="about an empty name"),
        pytest.param({"sub": 7}, "subject", id="about a number"),
        pytest.param({"sub": "a\nb"}, "subject", id="about two lines"),
        pytest.param({"sub": "x" * 256}, "subject", id="about a very long name"),
    ],
)
async def test_what_is_not_for_us_and_now_is_refused(change: dict[str, object], why: str) -> None:
    token = sign_raw(HEADER, claims(**change))
    assert why in await reason(token)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"aud": ["billing", AUDIENCE]}, id="one of several audiences"),
        pytest.param({"exp": NOW - LEEWAY_SECONDS + 1}, id="a provider whose clock is behind"),
        pytest.param({"iat": NOW + LEEWAY_SECONDS}, id="a provider whose clock is ahead"),
        pytest.param({"exp": NOW + 0.5}, id="times with fractions"),
    ],
)
async def test_small_differences_are_none(change: dict[str, object]) -> None:
    assert await Issuer().tokens().bearer(sign_raw(HEADER, claims(**change)))


async def test_a_claim_that_stands_twice_is_refused_whichever_a_reader_would_take() -> None:
    body = json.dumps(claims())
    for twice in ('"sub":"admin",', '"exp":99999999999,', f'"aud":"{AUDIENCE}",'):
        assert "twice" in await reason(sign_raw(HEADER, body.replace("{", "{" + twice, 1)))


async def test_numbers_that_are_none_are_refused() -> None:
    for text in ("NaN", "Infinity", "-Infinity"):
        body = json.dumps(claims()).replace(str(int(NOW) + 300), text)
        assert "no number" in await reason(sign_raw(HEADER, body))


async def test_without_an_audience_tokens_are_for_the_client() -> None:
    tokens = Issuer().tokens(audience="")
    assert await tokens.bearer(sign(claims(aud=CLIENT)))
    with pytest.raises(CredentialRefused):
        await tokens.bearer(sign(claims()))


async def test_a_token_without_key_id_is_believed_where_there_is_one_key_for_it() -> None:
    token = sign(claims(), key_id=None)
    assert await Issuer(keys=EVERY_KEY).tokens().bearer(token)
    two = [jwk_of(RSA_KEY, "one"), jwk_of(OTHER_RSA_KEY, "another")]
    assert "publish" in await reason(token, issuer=Issuer(keys=two))


async def test_of_two_keys_with_one_name_either_is_believed() -> None:
    issuer = Issuer(keys=[jwk_of(OTHER_RSA_KEY, "one"), jwk_of(RSA_KEY, "one")])
    assert await issuer.tokens().bearer(sign(claims()))


def identity(**more: object) -> dict[str, Any]:
    return claims(**({"aud": CLIENT, "nonce": "n-1"} | more))


async def test_an_identity_answers_the_login_that_asked_for_it() -> None:
    said = await Issuer().tokens().identity(sign(identity(azp=CLIENT)), nonce="n-1")
    assert said["sub"] == "248289761001"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"nonce": "n-2"}, "another login", id="another login's"),
        pytest.param({"nonce": None}, "another login", id="no login's"),
        pytest.param({"nonce": ["n-1"]}, "another login", id="a list of logins"),
        pytest.param({"nonce": "ñ"}, "another login", id="letters that are not ASCII"),
        pytest.param({"aud": AUDIENCE}, "another client", id="meant for the API, and not for the client"),
        pytest.param({"azp": "wiki"}, "another client", id="issued to another client"),
        pytest.param({"aud": [CLIENT, "wiki"]}, "another client", id="for two clients, and it is not said to whom"),
    ],
)
async def test_an_identity_for_something_else_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(CredentialRefused) as refused:
        await Issuer().tokens().identity(sign(identity(**change)), nonce="n-1")
    assert why in refused.value.reason


@given(st.text(max_size=200) | st.tuples(st.text(), st.text(), st.text()).map(".".join))
def test_any_text_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(CredentialRefused):
        asyncio.run(Issuer().tokens().bearer(text))


@pytest.mark.parametrize("spoil", [pytest.param(at, id=f"at {at} of 10") for at in range(10)])
async def test_a_token_that_was_changed_anywhere_is_refused(spoil: int) -> None:
    token = sign(claims())
    at = spoil * (len(token) - 1) // 9
    assert await reason(token[:at] + ("." if token[at] == "A" else "A") + token[at + 1 :])
