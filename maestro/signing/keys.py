"""The Ed25519 keys of an installation: one to sign with, made at first use, and those that it trusts.

A private key that anybody else can read is refused: a signature by it would prove nothing.
"""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from maestro.canonical import DIGEST_PREFIX
from maestro.errors import BadInput, PlatformUnavailable

SIGNING_KEY = "signing.pem"
TRUSTED_SUFFIX = ".pub.pem"
"""A file ``<name>.pub.pem`` in the folder is the public key of another installation, or an older one of this."""

_FOLDER_MODE = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Keyring:
    """The key to sign with, and every public key whose signature is believed, by key id (its own among them)."""

    key_id: str
    private: Ed25519PrivateKey
    trusted: Mapping[str, Ed25519PublicKey]

    def sign(self, message: bytes) -> bytes:
        """The signature of the message; the same message always gets the same one."""
        return self.private.sign(message)

    def verifies(self, message: bytes, *, signature: bytes, key_id: str) -> bool:
        """Whether a trusted key of this id made the signature."""
        try:
            self.trusted[key_id].verify(signature, message)
        except (KeyError, InvalidSignature):
            return False
        return True


def open_keyring(folder: Path) -> Keyring:
    """The keys of a folder; its signing key is made where there is none, whoever else does so at the same time.

    Raises BadInput for a key that others can read or that is no Ed25519 key, PlatformUnavailable where the folder
    cannot be used.
    """
    path = folder / SIGNING_KEY
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        private = _private(path)
        others = [_public(other) for other in sorted(folder.glob(f"*{TRUSTED_SUFFIX}"))]
    except OSError as error:
        raise PlatformUnavailable(
            f"the signing keys cannot be used: {error.strerror}",
            field=str(folder),
            fix="let this user read and write the folder, or move it with MAESTRO_HOME",
        ) from error
    own = private.public_key()
    trusted = {key_id(public): public for public in (own, *others)}
    return Keyring(key_id=key_id(own), private=private, trusted=MappingProxyType(trusted))


def key_id(public: Ed25519PublicKey) -> str:
    """``sha256:<hex>`` of the key's SubjectPublicKeyInfo in DER: the same wherever the key is known."""
    encoded = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return DIGEST_PREFIX + hashlib.sha256(encoded).hexdigest()


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle, partial_name = tempfile.mkstemp(dir=path.parent)  # readable by its owner alone from the start
    partial = Path(partial_name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where the name is taken, so of two that make a key one wins and both then use it.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(partial)
    finally:
        partial.unlink(missing_ok=True)


def _private(path: Path) -> Ed25519PrivateKey:
    with path.open("rb") as file:
        # Of the open file, so that nobody exchanges it between the look and the reading.
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise BadInput(
                "the signing key can be read by others, so a signature by it proves nothing",
                field=str(path),
                fix="if nobody can have copied it, chmod 600 the file; else remove it, and a new one is made",
            )
        content = file.read()
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "an unencrypted Ed25519 private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "an unencrypted Ed25519 private key in PEM")
    return key


def _public(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "an Ed25519 public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "an Ed25519 public key in PEM")
    return key


def _no_key(path: Path, wanted: str) -> BadInput:
    return BadInput(
        f"the file is not {wanted}",
        field=str(path),
        fix="restore it from a backup, or remove it (what the old key signed is then no longer believed)",
    )
