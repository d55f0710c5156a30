"""The public keys of an OpenID provider (RFC 7517), by which tokens are verified: RS256, ES256 and EdDSA alone.

What is no such key is left out, as the standard asks, and with it every secret one: a token can only be verified by a
key that its issuer alone can sign with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from maestro.access.strictjson import is_text, read_object

ALGORITHMS = ("RS256", "ES256", "EdDSA")

SIZE_LIMIT_BYTES = 256 * 1024
KEYS_LIMIT = 64
"""Large providers publish a handful."""

KEY_ID_LIMIT = 256
RSA_BITS_LEAST = 2_048

_ALGORITHM_BY_KIND = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_PUBLIC_MEMBERS = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}


@dataclass(frozen=True)
class VerifyingKey:
    """One key, bound to the one algorithm that it is used with; ``key_id`` is None where the provider gave none."""

    key_id: str | None
    algorithm: str
    public: jwt.PyJWK


@dataclass(frozen=True)
class KeySet:
    """The keys as a provider published them at one time."""

    keys: tuple[VerifyingKey, ...] = ()

    def fitting(self, key_id: str | None, algorithm: str) -> tuple[VerifyingKey, ...]:
        """The keys that can have signed a token with this header. One that names no key has to leave no choice."""
        usable = tuple(key for key in self.keys if key.algorithm == algorithm)
        if key_id is None:
            return usable if len(usable) == 1 else ()
        return tuple(key for key in usable if key.key_id == key_id)


def read_keyset(content: bytes) -> KeySet:
    """The keys that can be used. Raises ValueError for what is no key set, or has no key that can be used."""
    entries = read_object(content, limit_bytes=SIZE_LIMIT_BYTES).get("keys")
    if not isinstance(entries, list):
        raise ValueError("it has no list of keys")  # noqa: TRY004 - for the caller it is one kind of bad content
    if len(entries) > KEYS_LIMIT:
        raise ValueError(f"it has more than {KEYS_LIMIT} keys")
    keys = tuple(key for entry in entries if isinstance(entry, dict) and (key := _key(entry)) is not None)
    if not keys:
        raise ValueError(f"it has no key for {', '.join(ALGORITHMS)}")
    return KeySet(keys)


def _key(entry: Mapping[str, Any]) -> VerifyingKey | None:
    kind, key_id = entry.get("kty"), entry.get("kid")
    algorithm = _algorithm(entry)
    if not isinstance(kind, str) or algorithm is None or not _is_for_signatures(entry):
        return None
    if key_id is not None and not is_text(key_id, limit=KEY_ID_LIMIT):
        return None
    members = {name: entry.get(name) for name in _PUBLIC_MEMBERS[kind]}
    try:
        public = jwt.PyJWK(members, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None  # a key of another kind, or a broken one: the others can still be used
    if isinstance(public.key, RSAPublicKey) and public.key.key_size < RSA_BITS_LEAST:
        return None
    return VerifyingKey(key_id, algorithm, public)


def _algorithm(entry: Mapping[str, Any]) -> str | None:
    kind, curve = entry.get("kty"), entry.get("crv")
    if not isinstance(kind, str) or not (curve is None or isinstance(curve, str)):
        return None
    algorithm = _ALGORITHM_BY_KIND.get((kind, curve))
    return algorithm if entry.get("alg") in (None, algorithm) else None


def _is_for_signatures(entry: Mapping[str, Any]) -> bool:
    operations = entry.get("key_ops")
    return entry.get("use") in (None, "sig") and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )
