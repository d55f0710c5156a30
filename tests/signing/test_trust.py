"""What is believed of a signed statement: only what a key could say, for its purpose and at the time it claims."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.signing.algorithms import Algorithm
from maestro.signing.envelope import ENVELOPE_LIMIT_BYTES, SIGNATURES_LIMIT, SignatureRefused, TrustProblem
from maestro.signing.roots import TrustRoots
from maestro.signing.trust import CLOCK_SKEW, time_at, verify_envelope
from maestro.signing.trusted import Purpose
from tests.signing.statements import HOUR, KIND, NOW, PAYLOAD, entry, envelope, roots, signature, signer, verify

OURS, OTHER, STRANGER = signer(), signer(number=1), signer(number=2)
AT = NOW - HOUR


def problem(content: bytes, trust: TrustRoots, **asked: Any) -> TrustProblem:
    with pytest.raises(SignatureRefused) as refused:
        verify(content, trust, **asked)
    assert refused.value.message
    assert refused.value.fix
    assert refused.value.exit_code == 2
    return refused.value.problem


@pytest.mark.parametrize("algorithm", [Algorithm.RSA, Algorithm.ECDSA, Algorithm.ED25519])
def test_a_statement_by_a_trusted_key_is_believed_and_says_whose_it_is(algorithm: Algorithm) -> None:
    one = signer(algorithm)
    verified = verify(envelope(signature(one)), roots(entry(one, name="the plant")))
    assert (verified.payload, verified.key_id, verified.name) == (PAYLOAD, one.key_id, "the plant")
    assert verified.signed_at == AT


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        pytest.param({"not_after": AT - HOUR}, TrustProblem.EXPIRED, id="the key's time had ended"),
        pytest.param({"not_before": AT + HOUR}, TrustProblem.NOT_YET_VALID, id="the key's time had not begun"),
        pytest.param(
            {"revoked_at": AT - timedelta(seconds=1), "revocation_reason": "superseded"},
            TrustProblem.REVOKED,
            id="the key was revoked before",
        ),
        pytest.param(
            {"revoked_at": AT + HOUR, "revocation_reason": "compromised"},
            TrustProblem.COMPROMISED,
            id="the key was stolen, also after the time that is claimed",
        ),
        pytest.param({"purposes": ("models",)}, TrustProblem.WRONG_PURPOSE, id="the key is for something else"),
    ],
)
def test_a_key_is_believed_within_its_bounds_only(bounds: dict[str, Any], expected: TrustProblem) -> None:
    assert problem(envelope(signature(OURS)), roots(entry(OURS, **bounds))) is expected


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param({"not_before": AT - HOUR, "not_after": AT + HOUR}, id="within its window"),
        pytest.param({"not_after": AT - CLOCK_SKEW}, id="ended as long ago as clocks differ"),
        pytest.param({"not_before": AT + CLOCK_SKEW}, id="begins as soon as clocks differ"),
        pytest.param({"revoked_at": AT, "revocation_reason": "superseded"}, id="superseded at that moment"),
        pytest.param({"revoked_at": NOW, "revocation_reason": "superseded"}, id="superseded later"),
    ],
)
def test_what_a_key_stated_in_its_time_stays_believed(bounds: dict[str, Any]) -> None:
    assert verify(envelope(signature(OURS)), roots(entry(OURS, **bounds))).payload == PAYLOAD


def test_clocks_may_differ_by_five_minutes_and_no_more() -> None:
    assert timedelta(minutes=5) == CLOCK_SKEW
    trust, content = roots(entry(OURS)), envelope(signature(OURS))
    assert verify(content, trust, now=AT - CLOCK_SKEW).payload == PAYLOAD
    assert problem(content, trust, now=AT - CLOCK_SKEW - timedelta(seconds=1)) is TrustProblem.FUTURE
    second = timedelta(seconds=1)
    assert problem(content, roots(entry(OURS, not_after=AT - CLOCK_SKEW - second))) is TrustProblem.EXPIRED
    assert problem(content, roots(entry(OURS, not_before=AT + CLOCK_SKEW + second))) is TrustProblem.NOT_YET_VALID


def test_the_ends_of_time_are_refused_like_any_other() -> None:
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        payload = json.dumps({"at": text}).encode()
        content = envelope(signature(OURS, payload), payload=payload)
        bound = entry(OURS, not_before=NOW - HOUR, not_after="9999-12-31T23:59:59-12:00")
        assert problem(content, roots(bound)) in {TrustProblem.NOT_YET_VALID, TrustProblem.FUTURE}


def test_a_key_that_nobody_trusts_is_unknown_and_said_by_its_id() -> None:
    with pytest.raises(SignatureRefused, match=STRANGER.key_id[:19]) as refused:
        verify(envelope(signature(STRANGER)), roots(entry(OURS)))
    assert refused.value.problem is TrustProblem.UNKNOWN_KEY
    assert refused.value.field == "bundle.json"
    assert problem(envelope(signature(STRANGER)), TrustRoots()) is TrustProblem.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"payload": base64.b64encode(b"{}").decode()}, TrustProblem.CHANGED, id="another payload"),
        pytest.param({"payloadType": "text/plain"}, TrustProblem.WRONG_TYPE, id="another type"),
        pytest.param({"signatures": [signature(OURS, b"{}")]}, TrustProblem.CHANGED, id="another signature"),
        pytest.param(
            {"signatures": [{"keyid": OURS.key_id, "sig": ""}]}, TrustProblem.CHANGED, id="an empty signature"
        ),
        pytest.param(
            {"signatures": [signature(OTHER, key_id=OURS.key_id)]},
            TrustProblem.CHANGED,
            id="another one's under our name",
        ),
        pytest.param(
            {"signatures": [signature(OURS, kind="x")]}, TrustProblem.CHANGED, id="a signature for another type"
        ),
    ],
)
def test_a_tampered_statement_is_refused(changes: dict[str, Any], expected: TrustProblem) -> None:
    content = json.dumps(json.loads(envelope(signature(OURS))) | changes).encode()
    assert problem(content, roots(entry(OURS), entry(OTHER))) is expected


def test_one_good_signature_suffices_whatever_the_others_are() -> None:
    trust = roots(entry(OURS, name="good"), entry(OTHER, revoked_at=NOW, revocation_reason="compromised"))
    bad = signature(OTHER, b"something else")
    for others in ([signature(OTHER)], [bad], [signature(STRANGER)], [bad, signature(STRANGER)]):
        for order in ([signature(OURS), *others], [*others, signature(OURS)]):
            assert verify(envelope(*order), trust).name == "good"


def test_of_several_refusals_the_one_that_says_most_is_told() -> None:
    trust = roots(entry(OURS, not_after=AT - HOUR), entry(OTHER, revoked_at=NOW, revocation_reason="compromised"))
    assert problem(envelope(signature(STRANGER), signature(OURS)), trust) is TrustProblem.EXPIRED
    every = envelope(signature(STRANGER), signature(OURS), signature(OTHER))
    assert problem(every, trust) is TrustProblem.COMPROMISED


@pytest.mark.parametrize("name", ["", "evidence-key", "SHA256:abc", "a" * 64])
def test_a_signature_without_a_name_of_ours_is_tried_with_every_key(name: str) -> None:
    trust = roots(entry(OTHER), entry(OURS, name="found"))
    assert verify(envelope(signature(OURS, key_id=name)), trust).name == "found"
    assert problem(envelope(signature(STRANGER, key_id=name)), trust) is TrustProblem.UNKNOWN_KEY
    stolen = roots(entry(OURS, revoked_at=NOW, revocation_reason="compromised"))
    assert problem(envelope(signature(OURS, key_id=name)), stolen) is TrustProblem.COMPROMISED
    without = {"sig": signature(OURS)["sig"]}
    assert verify(envelope(without), trust).name == "found"


def test_two_signatures_may_not_name_the_same_key() -> None:
    content = envelope(signature(OURS), signature(OURS))
    assert problem(content, roots(entry(OURS))) is TrustProblem.REPEATED_KEY


def test_the_time_is_not_even_read_of_what_nobody_trusted_signed() -> None:
    def never(payload: bytes) -> datetime:
        raise AssertionError(payload)

    trust = roots(entry(OURS, revoked_at=NOW, revocation_reason="compromised"), entry(OTHER, purposes=("models",)))
    for one in (OURS, OTHER, STRANGER):
        with pytest.raises(SignatureRefused):
            verify_envelope(
                envelope(signature(one)),
                payload_type=KIND,
                trust=trust,
                signed_at=never,
                now=NOW,
                purpose=Purpose.EVIDENCE,
                field="f",
            )


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        pytest.param(b'{"at": "yesterday"}', "no time with a zone", id="no time"),
        pytest.param(b'{"at": "2026-11-28T09:00:00"}', "no time with a zone", id="no zone"),
        pytest.param(b'{"at": "2026-02-30T09:00:00Z"}', "cannot be read", id="no such day"),
        pytest.param(b'{"at": 1764320400}', "no time with a zone", id="a number"),
        pytest.param(b"not JSON", "cannot be read", id="no JSON"),
        pytest.param(b'{"at": 1, "at": 2}', "is there twice", id="two times"),
        pytest.param(b"[" * 100_000, "nests more than", id="a JSON bomb"),
    ],
)
def test_a_time_that_cannot_be_read_is_refused(payload: bytes, told: str) -> None:
    with pytest.raises(SignatureRefused, match=told) as refused:
        verify(envelope(signature(OURS, payload), payload=payload), roots(entry(OURS)))
    assert refused.value.problem is TrustProblem.NO_TIME


def test_what_claims_no_time_is_believed_only_by_a_key_without_bounds() -> None:
    content = envelope(signature(OURS, b'{"verdict": 1}'), payload=b'{"verdict": 1}')
    assert verify(content, roots(entry(OURS))).signed_at is None
    for bounds in (
        {"not_after": NOW + HOUR},
        {"not_before": AT - HOUR},
        {"revoked_at": NOW, "revocation_reason": "superseded"},
    ):
        assert problem(content, roots(entry(OURS, **bounds))) is TrustProblem.NO_TIME


def test_a_time_without_a_zone_by_the_callers_reading_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="without a zone"):
        verify_envelope(
            envelope(signature(OURS)),
            payload_type=KIND,
            trust=roots(entry(OURS)),
            signed_at=lambda _: datetime(2026, 11, 28, 9, 30),  # noqa: DTZ001 - what is refused
            now=NOW,
            purpose=Purpose.EVIDENCE,
            field="f",
        )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", TrustProblem.NO_ENVELOPE, id="nothing"),
        pytest.param(b"\xff\xfe[]", TrustProblem.NO_ENVELOPE, id="no UTF-8"),
        pytest.param(b"[]", TrustProblem.NO_ENVELOPE, id="another JSON"),
        pytest.param(b"[" * 1_000_000, TrustProblem.NO_ENVELOPE, id="a million brackets"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, TrustProblem.NO_ENVELOPE, id="objects in objects"),
        pytest.param(b'"' + b'\\"' * 100_000, TrustProblem.NO_ENVELOPE, id="a text without an end"),
        pytest.param(envelope(signature(OURS), x=[0] * 30_000), TrustProblem.NO_ENVELOPE, id="thousands of values"),
        pytest.param(b'{"a":[' + b"[]," * 5_000_000 + b"[]]}", TrustProblem.NO_ENVELOPE, id="millions of values"),
        pytest.param(b" " * (ENVELOPE_LIMIT_BYTES + 1), TrustProblem.TOO_LARGE, id="too large"),
        pytest.param(envelope(), TrustProblem.NO_ENVELOPE, id="no signature"),
        pytest.param(
            envelope(*[signature(OURS, key_id="")] * (SIGNATURES_LIMIT + 1)), TrustProblem.NO_ENVELOPE, id="too many"
        ),
        pytest.param(
            envelope(signature(OURS))[:-1] + b', "payload": "e30="}', TrustProblem.NO_ENVELOPE, id="two payloads"
        ),
        pytest.param(
            envelope(signature(OURS), extra=[[[]]])[:-1] + b', "x": NaN}', TrustProblem.NO_ENVELOPE, id="no number"
        ),
        pytest.param(
            envelope({"keyid": OURS.key_id, "sig": "%%%"}), TrustProblem.NO_ENVELOPE, id="a signature in no base64"
        ),
        pytest.param(
            b'{"payloadType": "\\ud800", "payload": "", "signatures": [{"sig": ""}]}',
            TrustProblem.WRONG_TYPE,
            id="half a character",
        ),
        pytest.param(
            b'{"payloadType": "' + KIND.encode() + b'", "payload": "", "signatures": [{"keyid": 1, "sig": ""}]}',
            TrustProblem.NO_ENVELOPE,
            id="a number as a name",
        ),
    ],
)
def test_what_is_no_envelope_is_refused(content: bytes, expected: TrustProblem) -> None:
    assert problem(content, roots(entry(OURS))) is expected


def with_payload(text: str, payload: bytes) -> bytes:
    return json.dumps(json.loads(envelope(signature(OURS, payload))) | {"payload": text}).encode()


def test_both_alphabets_of_base64_are_read_and_only_their_canonical_form() -> None:
    payload = b'{"at": "2026-11-28T09:00:00Z", "t": "\xc3\xbf\xc3\xbe\xc3\xbf?>~"}'
    standard, urlsafe = base64.b64encode(payload).decode(), base64.urlsafe_b64encode(payload).decode()
    trust = roots(entry(OURS))
    assert standard != urlsafe
    assert verify(with_payload(standard, payload), trust).payload == payload
    assert verify(with_payload(urlsafe, payload), trust).payload == payload
    mixed = standard.replace("/", "_")
    short = base64.b64encode(b"{}").decode()
    for wrong in (mixed, standard + "\n", f" {standard}", standard.rstrip("=") + "!", short[:-2] + "1="):
        assert problem(with_payload(wrong, payload), trust) is TrustProblem.NO_ENVELOPE
    unpadded = short.rstrip("=")
    assert problem(with_payload(unpadded, b"{}"), trust) is TrustProblem.NO_ENVELOPE


def test_no_flipped_bit_of_an_envelope_brings_another_payload_out() -> None:
    content = envelope(signature(OURS))
    trust = roots(entry(OURS))
    for position in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[position] ^= 1 << bit
            with contextlib.suppress(SignatureRefused):
                assert verify(bytes(flipped), trust).payload == PAYLOAD, (position, bit)


@given(position=st.integers(min_value=0), removed=st.integers(0, 5), put=st.binary(max_size=5))
def test_no_replaced_bytes_bring_another_payload_out(position: int, removed: int, put: bytes) -> None:
    whole = envelope(signature(OURS), signature(OTHER))
    at = position % len(whole)
    with contextlib.suppress(SignatureRefused):
        assert verify(whole[:at] + put + whole[at + removed :], roots(entry(OURS), entry(OTHER))).payload == PAYLOAD


@given(content=st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(content: bytes) -> None:
    with pytest.raises(BadInput):
        verify(content, roots(entry(OURS)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(payload_type=JSON, payload=JSON, signatures=JSON | st.lists(st.fixed_dictionaries({"keyid": JSON, "sig": JSON})))
def test_no_values_in_an_envelope_raise_anything_but_a_refusal(
    payload_type: object, payload: object, signatures: object
) -> None:
    plain = {"payloadType": payload_type, "payload": payload, "signatures": signatures}
    for kind in (plain, plain | {"payloadType": KIND}, plain | {"payloadType": KIND, "payload": "e30="}):
        with pytest.raises(SignatureRefused):
            verify(json.dumps(kind).encode(), roots(entry(OURS)))


@given(payload=JSON)
def test_no_signed_payload_makes_the_reading_of_its_time_fail_otherwise(payload: object) -> None:
    content = json.dumps({"at": payload}).encode()
    with contextlib.suppress(SignatureRefused):
        assert verify(envelope(signature(OURS, content), payload=content), roots(entry(OURS))).payload == content


def test_a_time_deep_in_a_statement_is_found_by_its_names() -> None:
    read = time_at("predicate", "timeVerified")
    assert read(b'{"predicate": {"timeVerified": "2026-11-28T09:30:00.5+01:00"}}') == datetime(
        2026, 11, 28, 8, 30, 0, 500_000, tzinfo=UTC
    )
    assert read(b'{"predicate": []}') is None
    assert read(b"[]") is None
