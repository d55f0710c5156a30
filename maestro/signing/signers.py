"""What signs: a key in a file, or one that never leaves its device (``maestro/signing/pkcs11.py``)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, assert_never

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from maestro.errors import BadInput
from maestro.signing.algorithms import (
    RSA_BITS,
    Algorithm,
    PublicKey,
    algorithm_of,
    key_id,
    public_pem,
    strong,
    verifies,
)
from maestro.signing.keyfile import read_secret

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey


_PROBE = b"Maestro asks whether this private key fits its public one"
"""No encoding of an envelope begins like this, so nobody can use its signature."""


class Signer(Protocol):
    """A private key, wherever it lies, and what the world may know of it."""

    @property
    def key_id(self) -> str:
        """``sha256:<hex>`` of the public key's SubjectPublicKeyInfo in DER."""

    @property
    def algorithm(self) -> Algorithm:
        """The one way in which it signs."""

    def sign(self, message: bytes) -> bytes:
        """The signature of the message, in the form that openssl verifies. Raises a MaestroError, never less."""

    def public_pem(self) -> bytes:
        """The public key as PEM (SubjectPublicKeyInfo)."""


@dataclass(frozen=True)
class FileSigner:
    """A key in the memory of this process. The same message always gets the same signature, by each algorithm."""

    private: PrivateKey
    public: PublicKey

    @property
    def key_id(self) -> str:
        return key_id(self.public)

    @property
    def algorithm(self) -> Algorithm:
        return algorithm_of(self.public)

    def public_pem(self) -> bytes:
        return public_pem(self.public)

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(message)
        return self.private.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def file_signer(path: Path) -> FileSigner:
    """The signer of a PEM file. Raises BadInput for a file that others can use, or that is no key to sign with."""
    return signer_of(read_secret(path, what="the signing key"), field=str(path))


def signer_of(pem: bytes, *, field: str) -> FileSigner:
    """The signer of an unencrypted private key in PEM; ``field`` is where it comes from."""
    try:
        # Testing the primes anew takes OpenSSL a fifth of a second; that the halves fit is seen by a signature below.
        private = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except TypeError as error:
        raise BadInput(
            "the private key is encrypted, and nobody is there to type its passphrase",
            field=field,
            fix="keep it unencrypted with mode 600, or in a device that MAESTRO_EVIDENCE_KEY names",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(field) from error
    if not isinstance(private, PrivateKey):
        raise _no_key(field)
    public = strong(private.public_key(), field=field)
    if algorithm_of(public) is Algorithm.ECDSA_P384:
        raise BadInput("keys on P-384 are verified only", field=field, fix="sign by RSA, ECDSA on P-256 or Ed25519")
    signer = FileSigner(private, public)
    if not _fits(signer):
        raise _no_key(field)
    return signer


def make_private_pem(algorithm: Algorithm) -> bytes:
    """A new private key, as unencrypted PKCS#8 in PEM."""
    return _generate(algorithm).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _fits(signer: FileSigner) -> bool:
    try:
        return verifies(signer.public, _PROBE, signature=signer.sign(_PROBE))
    except ValueError:
        return False


def _generate(algorithm: Algorithm) -> PrivateKey:
    match algorithm:
        case Algorithm.RSA:
            return rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
        case Algorithm.ECDSA:
            return ec.generate_private_key(ec.SECP256R1())
        case Algorithm.ED25519:
            return Ed25519PrivateKey.generate()
        case Algorithm.ECDSA_P384:
            raise BadInput(
                "keys on P-384 are verified only", field="algorithm", fix="make an RSA, ECDSA or Ed25519 key"
            )
        case _:
            assert_never(algorithm)


def _no_key(field: str) -> BadInput:
    return BadInput(
        "the file is not an unencrypted private key in PEM (RSA, ECDSA on P-256, or Ed25519)",
        field=field,
        fix="restore it from a backup, or remove it (what the old key signed is then no longer believed)",
    )
