"""Keys and signatures: four ways to sign, as other tools check them, and no weak key."""

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from maestro.errors import BadInput
from maestro.signing.algorithms import Algorithm, algorithm_of, key_id, load_public, verifies
from maestro.signing.signers import signer_of
from tests.signing.statements import private_pem, public_pem, signer, weak_keys

EVERY = (Algorithm.RSA, Algorithm.ECDSA, Algorithm.ED25519)
P384 = ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize("algorithm", EVERY)
def test_a_signature_holds_for_its_message_and_key_and_is_the_same_each_time(algorithm: Algorithm) -> None:
    one, other = signer(algorithm), signer(algorithm, 1)
    made = one.sign(b"message")
    public = load_public(one.public_pem(), field="f")
    assert one.sign(b"message") == made
    assert (one.algorithm, one.key_id) == (algorithm, key_id(public))
    assert verifies(public, b"message", signature=made)
    for wrong in (made[:-1], made + b"\0", b"", bytes(len(made)), other.sign(b"message")):
        assert not verifies(public, b"message", signature=wrong)
    assert not verifies(public, b"massage", signature=made)
    for another in EVERY:
        assert verifies(signer(another).public, b"message", signature=made) == (another is algorithm)


@pytest.mark.parametrize("algorithm", [Algorithm.RSA, Algorithm.ECDSA])
def test_openssl_verifies_a_signature_by_the_exported_key(algorithm: Algorithm, tmp_path: Path) -> None:
    one = signer(algorithm)
    (tmp_path / "key").write_bytes(one.public_pem())
    (tmp_path / "signature").write_bytes(one.sign(b"message"))
    (tmp_path / "message").write_bytes(b"message")
    told = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "signature", "message"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout == "Verified OK\n", told.stderr


def test_rsa_is_never_signed_or_believed_by_pss_or_another_digest() -> None:
    private = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    for made in (
        private.sign(b"m", pss, hashes.SHA256()),
        private.sign(b"m", padding.PKCS1v15(), hashes.SHA1()),
        private.sign(b"m", padding.PKCS1v15(), hashes.SHA512()),
    ):
        assert not verifies(private.public_key(), b"m", signature=made)


def test_p384_is_verified_by_either_digest_and_never_signed_by() -> None:
    public = load_public(public_pem(P384), field="f")
    assert algorithm_of(public) is Algorithm.ECDSA_P384
    for digest in (hashes.SHA256(), hashes.SHA384()):
        assert verifies(public, b"m", signature=P384.sign(b"m", ec.ECDSA(digest)))
    assert not verifies(public, b"m", signature=P384.sign(b"m", ec.ECDSA(hashes.SHA512())))
    with pytest.raises(BadInput, match="verified only"):
        signer_of(private_pem(P384), field="f")


@pytest.mark.parametrize(("told", "key"), weak_keys().items(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_weak_key_neither_signs_nor_is_believed(told: str, key: PrivateKeyTypes) -> None:
    for attempt in (
        lambda: load_public(public_pem(key), field="weak.pem"),
        lambda: signer_of(private_pem(key), field="weak.pem"),
    ):
        with pytest.raises(BadInput, match=told) as refused:
            attempt()
        assert refused.value.field == "weak.pem"
        assert "2048 bits" in refused.value.fix


PRIME = 2**255 - 19
SMALL = [0, 1, PRIME - 1, PRIME, PRIME + 1, 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7]


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", SMALL)
def test_an_ed25519_key_by_which_anybody_could_sign_is_refused(y: int, sign: int) -> None:
    raw = (y | sign << 255).to_bytes(32, "little")
    der = bytes.fromhex("302a300506032b6570032100") + raw
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    with pytest.raises(BadInput, match="anybody can sign"):
        load_public(pem, field="f")


ED25519 = signer().public_pem()


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff" * 100, id="no text"),
        pytest.param(ED25519 + ED25519, id="two keys"),
        pytest.param(ED25519 + private_pem(P384), id="a private key behind it"),
        pytest.param(private_pem(P384), id="a private key"),
        pytest.param(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", id="a broken one"),
        pytest.param(b"-----BEGIN PUBLIC KEY-----\n", id="a cut one"),
    ],
)
def test_what_is_not_one_public_key_is_refused(pem: bytes) -> None:
    with pytest.raises(BadInput, match="not one public key in PEM"):
        load_public(pem, field="f")
