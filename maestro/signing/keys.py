"""The keys of an installation: one to sign with, made at first use, and those that it trusts.

Two keys for two purposes: ``open_keyring`` gives the one for models of test selection, ``open_evidence_keyring`` the
one for evidence. Whoever signs for long opens the ring anew now and then: a ring that is open does not see a rotation.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from maestro.clock import utc_now
from maestro.errors import BadInput
from maestro.signing.algorithms import Algorithm, PublicKey, load_public, verifies
from maestro.signing.keyfile import create, locked, prepare_folder, replace, usable
from maestro.signing.pkcs11uri import SCHEME
from maestro.signing.roots import (
    EVIDENCE_KEY,
    EVIDENCE_PURPOSES,
    SIGNING_KEY,
    TRUST_ROOTS,
    TrustRoots,
    changing,
    finish_interrupted,
    roots_in,
    roots_of,
    written_in,
)
from maestro.signing.signers import Signer, file_signer, make_private_pem
from maestro.signing.trusted import Purpose, Reason, TrustedKey, trusted_key

KEY_VARIABLE = "MAESTRO_EVIDENCE_KEY"
"""Names the evidence key where it is not the one in the folder: a ``pkcs11:`` URI, or the path of a PEM file."""


@dataclass(frozen=True)
class Keyring:
    """The key to sign with, and every public key whose signature is believed, by key id (its own among them).

    ``trusted`` knows no time: a key that is retired or superseded is in it, one that is compromised is not.
    """

    signer: Signer
    trusted: Mapping[str, PublicKey]

    @property
    def key_id(self) -> str:
        """``sha256:<hex>`` of the own public key's SubjectPublicKeyInfo in DER."""
        return self.signer.key_id

    def public_pem(self) -> bytes:
        """The own public key as PEM."""
        return self.signer.public_pem()

    def sign(self, message: bytes) -> bytes:
        """The signature of the message; by a key in a file the same message always gets the same one."""
        return self.signer.sign(message)

    def verifies(self, message: bytes, *, signature: bytes, key_id: str) -> bool:
        """Whether a trusted key of this id made the signature."""
        return key_id in self.trusted and verifies(self.trusted[key_id], message, signature=signature)


def open_keyring(folder: Path) -> Keyring:
    """The keys for models; the signing key is made where there is none, whoever else does so at the same time.

    Raises BadInput for a key that others can read, that is none, or that is revoked, PlatformUnavailable where the
    folder cannot be used.
    """
    return _opened(folder, SIGNING_KEY, Algorithm.ED25519, Purpose.MODELS)


def open_evidence_keyring(folder: Path) -> Keyring:
    """The keys for evidence, RSA unless another was created; the key is made where there is none.

    The environment may name another key (``MAESTRO_EVIDENCE_KEY``). Raises as ``open_keyring`` does, and
    PlatformUnavailable for a device that does not answer.
    """
    named = os.environ.get(KEY_VARIABLE, "")
    if not named:
        return _opened(folder, EVIDENCE_KEY, Algorithm.RSA, Purpose.EVIDENCE)
    prepare_folder(folder)
    signer = named_signer(named)
    _remember(folder, signer)
    with locked(folder, exclusive=False):
        return _ring(signer, roots_in(folder), Purpose.EVIDENCE, field=KEY_VARIABLE)


def named_signer(named: str) -> Signer:
    """The signer that a ``pkcs11:`` URI or an absolute path names."""
    if named.startswith(SCHEME):
        # The library is an extra, and loading a device's module takes its time.
        from maestro.signing.pkcs11 import open_pkcs11  # noqa: PLC0415

        return open_pkcs11(named, field=KEY_VARIABLE)
    path = Path(named)
    if not path.is_absolute():
        raise BadInput(
            "it is neither a pkcs11: URI nor an absolute path", field=KEY_VARIABLE, fix="give one of the two"
        )
    with usable(path.parent):
        is_there = path.exists() or path.is_symlink()
    if not is_there:
        raise BadInput(f"there is no file {path}", field=KEY_VARIABLE, fix="correct the path, or put the key there")
    return file_signer(path)


def _opened(folder: Path, name: str, algorithm: Algorithm, purpose: Purpose) -> Keyring:
    path = folder / name
    prepare_folder(folder)
    finish_interrupted(folder)
    with locked(folder, exclusive=False):
        if not path.exists() and not path.is_symlink():
            create(path, make_private_pem(algorithm))
        return _ring(file_signer(path), roots_in(folder), purpose, field=str(path))


def _ring(signer: Signer, roots: TrustRoots, purpose: Purpose, *, field: str) -> Keyring:
    own = roots.by_id.get(signer.key_id)
    if own is not None:
        _require_usable(own, purpose, field=field)
    trusted = {
        key.key_id: key.public
        for key in roots.keys
        if purpose in key.purposes and key.revocation_reason is not Reason.COMPROMISED
    }
    trusted[signer.key_id] = load_public(signer.public_pem(), field=field)
    return Keyring(signer=signer, trusted=MappingProxyType(trusted))


def _require_usable(own: TrustedKey, purpose: Purpose, *, field: str) -> None:
    """What is signed by a key that the own roots refuse would be believed by nobody; so it is not signed at all."""
    if own.revocation_reason is not None:
        why = f"the key to sign with is revoked ({own.revocation_reason})"
    elif own.not_after is not None and own.not_after < utc_now():
        why = "the time of the key to sign with has ended"
    elif purpose not in own.purposes:
        why = f"the key to sign with is not trusted for {purpose}"
    else:
        return
    raise BadInput(why, field=field, fix=f"maestro keys rotate --purpose {purpose}, or name another key")


def _remember(folder: Path, signer: Signer) -> None:
    """Trust a key that lies elsewhere also when another one is named later."""
    finish_interrupted(folder)
    with locked(folder, exclusive=False):
        if signer.key_id in written_in(folder).by_id:
            return
    with changing(folder):
        written = written_in(folder)
        if signer.key_id not in written.by_id:
            public = load_public(signer.public_pem(), field=KEY_VARIABLE)
            own = trusted_key(public, name="evidence", purposes=EVIDENCE_PURPOSES)
            replace(folder / TRUST_ROOTS, roots_of((*written.keys, own), field=str(folder)).dump())
