"""Envelopes: what comes out is what was put in by somebody who is trusted, or nothing."""

import base64
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.signing.envelope import pre_authentication_encoding, seal, unseal
from maestro.signing.keys import Keyring, open_keyring

KIND = "application/vnd.example+json"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return open_keyring(tmp_path_factory.mktemp("keys"))


def test_the_encoding_is_that_of_the_dsse_protocol() -> None:
    encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_counted_in_bytes() -> None:
    assert pre_authentication_encoding("é", "ü".encode()) == "DSSEv1 2 é 2 ü".encode()


@given(payload=st.binary(max_size=200))
def test_what_was_sealed_comes_out_again(keys: Keyring, payload: bytes) -> None:
    sealed = seal(payload, payload_type=KIND, keys=keys)
    assert unseal(sealed, payload_type=KIND, keys=keys, field="f") == payload
    assert seal(payload, payload_type=KIND, keys=keys) == sealed


@given(position=st.integers(min_value=0), value=st.integers(0, 255))
def test_no_single_changed_byte_brings_another_payload_out(keys: Keyring, position: int, value: int) -> None:
    payload = b'{"risk": 0.05}'
    sealed = bytearray(seal(payload, payload_type=KIND, keys=keys))
    sealed[position % len(sealed)] = value
    with contextlib.suppress(BadInput):
        assert unseal(bytes(sealed), payload_type=KIND, keys=keys, field="f") == payload


def test_a_changed_payload_is_told_from_an_unknown_signer(keys: Keyring, tmp_path: Path) -> None:
    plain = json.loads(seal(b"one", payload_type=KIND, keys=keys))
    plain["payload"] = base64.b64encode(b"two").decode()
    with pytest.raises(BadInput, match="changed after it was signed"):
        unseal(json.dumps(plain).encode(), payload_type=KIND, keys=keys, field="f")
    sealed = seal(b"one", payload_type=KIND, keys=open_keyring(tmp_path))
    with pytest.raises(BadInput, match="does not trust"):
        unseal(sealed, payload_type=KIND, keys=keys, field="f")


def test_a_signature_for_one_type_does_not_hold_for_another(keys: Keyring) -> None:
    sealed = seal(b"one", payload_type=KIND, keys=keys)
    with pytest.raises(BadInput, match="where 'text/plain' belongs"):
        unseal(sealed, payload_type="text/plain", keys=keys, field="f")
    renamed = sealed.replace(KIND.encode(), b"text/plain")
    with pytest.raises(BadInput, match="changed after it was signed"):
        unseal(renamed, payload_type="text/plain", keys=keys, field="f")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[]", id="another JSON"),
        pytest.param(b'{"payloadType": "x", "payload": "", "signatures": []}', id="no signature"),
        pytest.param(b"[" * 100_000, id="a JSON bomb"),
    ],
)
def test_what_is_no_envelope_is_refused(keys: Keyring, content: bytes) -> None:
    with pytest.raises(BadInput, match="no signed envelope"):
        unseal(content, payload_type=KIND, keys=keys, field="f")
