"""The gateway's own key: seals what a browser keeps for us, and signs what a page has to show. All gateways share it.

A file of one key a line. The first seals, every one opens: a new line at the top rotates, taking the old one out ends
what it sealed.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from maestro.errors import BadInput
from maestro.home import home
from maestro.signing.keyfile import FILE_LIMIT_BYTES, create, read_public

VARIABLE = "MAESTRO_GATEWAY_KEY_FILE"
FILE_NAME = "gateway.key"

KEY_BYTES = 32
NONCE_BYTES = 12
KEYS_LIMIT = 8
SEALED_LIMIT = 4_096
"""Characters: what a browser keeps in one cookie."""

_FIX: Final = "write 32 random bytes in base64 on a line of its own, as `openssl rand -base64 32` prints them"


class GatewayKeys:
    """The keys, the sealing one first. ``purpose`` keeps apart what is sealed or signed for different ends."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def open(cls) -> Self:
        """Those of the file that ``MAESTRO_GATEWAY_KEY_FILE`` names, else of ``gateway.key`` in the home, which is made
        at first. Raises BadInput for a file that cannot be used or that everybody can read.
        """
        named = os.environ.get(VARIABLE, "")
        if not named:
            path = home() / FILE_NAME
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                create(path, base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            return cls.read(path)
        if not Path(named).is_absolute():
            raise BadInput(f"{named!r} depends on the current folder", field=VARIABLE, fix="give an absolute path")
        return cls.read(Path(named))

    @classmethod
    def read(cls, path: Path) -> Self:
        """The keys of a file, which may be a link, as secrets that are mounted are. Raises BadInput."""
        content = read_public(path)
        if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            raise BadInput(
                "everybody on this machine can read or write the gateway's key, and log in as anybody",
                field=str(path),
                fix="if nobody can have done so, chmod o= the file; else write a new key",
            )
        lines = [line.strip() for line in content.decode("ascii", "replace").splitlines()]
        keys = [_key(line, path) for line in lines if line and not line.startswith("#")]
        if not keys or len(keys) > KEYS_LIMIT or len(content) > FILE_LIMIT_BYTES:
            raise BadInput(f"there are {len(keys)} keys, 1 to {KEYS_LIMIT} are needed", field=str(path), fix=_FIX)
        return cls(keys)

    def seal(self, purpose: str, content: bytes) -> str:
        """The content, so that nobody else can read or make it; for a cookie."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(_derived(self._keys[0], purpose)).encrypt(nonce, content, purpose.encode())
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def unseal(self, purpose: str, sealed: str) -> bytes | None:
        """The content of what was sealed for this purpose; None for everything else."""
        if len(sealed) > SEALED_LIMIT or not sealed.isascii():
            return None
        try:
            whole = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(whole) <= NONCE_BYTES:
            return None
        for key in self._keys:
            try:
                return AESGCM(_derived(key, purpose)).decrypt(
                    whole[:NONCE_BYTES], whole[NONCE_BYTES:], purpose.encode()
                )
            except InvalidTag:
                continue  # sealed by another of the keys, or by nobody
        return None

    def sign(self, purpose: str, content: str) -> str:
        """A signature of the content, 43 characters."""
        return _signature(self._keys[0], purpose, content)

    def is_signed(self, purpose: str, content: str, signature: str) -> bool:
        """Whether the signature is one of ours for this content and purpose."""
        given = signature.encode()
        return any(hmac.compare_digest(_signature(key, purpose, content).encode(), given) for key in self._keys)


def _key(line: str, path: Path) -> bytes:
    try:
        key = base64.b64decode(line.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        # Not the line itself: it may be most of a secret.
        raise BadInput("a line of the gateway's key file is no key", field=str(path), fix=_FIX)
    return key


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"maestro gateway {purpose}".encode()).derive(key)


def _signature(key: bytes, purpose: str, content: str) -> str:
    made = hmac.digest(_derived(key, purpose), content.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
