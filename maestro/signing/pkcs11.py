"""A key that never leaves its device: RSA or ECDSA on P-256 by PKCS#11.

The package python-pkcs11 is the extra ``pkcs11``. Each signature is verified before it is given out, so a device that
fails, or a public key that belongs to another private one, is found when signing and not by the auditor.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as described
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from maestro.errors import BadInput, PlatformUnavailable
from maestro.signing.algorithms import Algorithm, PublicKey, algorithm_of, key_id, public_pem, strong, verifies
from maestro.signing.pkcs11uri import Uri, parse_uri, read_pin

if TYPE_CHECKING:
    from pkcs11 import Session, Token

_P256 = bytes.fromhex("06082a8648ce3d030107")
"""The curve's object identifier in DER, as a device names it."""

_POINT_BYTES = 65
_OCTET_STRING = bytes((0x04, _POINT_BYTES))

_LOGIN = threading.Lock()
"""A login belongs to the whole process, so one of its threads uses the device at a time."""


@dataclass(frozen=True)
class Pkcs11Signer:
    """A private key in a device. ECDSA takes random numbers of the device: two signatures of a message differ."""

    uri: Uri
    public: PublicKey
    field: str
    pin: str = described(repr=False)

    @property
    def key_id(self) -> str:
        return key_id(self.public)

    @property
    def algorithm(self) -> Algorithm:
        return algorithm_of(self.public)

    def public_pem(self) -> bytes:
        return public_pem(self.public)

    def sign(self, message: bytes) -> bytes:
        with _session(self.uri, self.pin, field=self.field) as session:
            signature = self._signature(session, message)
        if not verifies(self.public, message, signature=signature):
            raise PlatformUnavailable(
                "the device made a signature that does not fit its own public key",
                field=self.field,
                fix="see that the private and the public key of this name or id belong together",
            )
        return signature

    def _signature(self, session: "Session", message: bytes) -> bytes:
        from pkcs11 import Mechanism  # noqa: PLC0415 - an extra

        private = _object(session, self.uri, private=True)
        if self.algorithm is Algorithm.RSA:
            return bytes(private.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
        # Hashed here: every device has plain ECDSA, and not every one hashes.
        raw = bytes(private.sign(hashlib.sha256(message).digest(), mechanism=Mechanism.ECDSA))
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def open_pkcs11(text: str, *, field: str) -> Pkcs11Signer:
    """The signer of a ``pkcs11:`` URI, once its key was found.

    Raises BadInput about ``field`` for a URI that cannot be used, a missing extra, token or key, or a wrong PIN;
    PlatformUnavailable for a device that does not answer.
    """
    uri = parse_uri(text, field=field)
    _require_extra(field)
    pin = read_pin(uri.pin_source, field=field)
    with _session(uri, pin, field=field) as session:
        private = _object(session, uri, private=True)
        public = strong(_public(session, uri, private, field), field=field)
    if algorithm_of(public) not in {Algorithm.RSA, Algorithm.ECDSA}:
        raise _unusable("the key is of a kind that does not sign here", field)
    return Pkcs11Signer(uri=uri, public=public, field=field, pin=pin)


def _require_extra(field: str) -> None:
    try:
        import pkcs11  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise BadInput(
            "keys in devices need the extra pkcs11, which is not installed",
            field=field,
            fix="pip install 'maestro-conductor[pkcs11]'",
        ) from error


@contextmanager
def _session(uri: Uri, pin: str, *, field: str) -> Iterator["Session"]:
    """A session with the token, logged in. Its errors are ours from here on."""
    import pkcs11  # noqa: PLC0415 - an extra

    try:
        with _LOGIN, _token(uri, field).open(user_pin=pin) as session:
            yield session
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
        raise BadInput(
            "the device refuses the PIN, and locks after a few of them",
            field=field,
            fix="correct what pin-source names before you try again",
        ) from error
    except pkcs11.NoSuchKey as error:
        raise _unusable("the token has no private key, or no public key, of this name or id", field) from error
    except (pkcs11.MultipleObjectsReturned, pkcs11.MultipleTokensReturned) as error:
        raise _unusable("more than one key or token is of this name; add id or serial", field) from error
    except (RuntimeError, AttributeError, OSError) as error:
        # All of the library's errors are RuntimeErrors; a key that may not sign has no method for it.
        raise PlatformUnavailable(
            f"the device with the key does not answer: {type(error).__name__} {str(error)[:200]}".rstrip(),
            field=field,
            fix="see that the module, the token and the key's rights are as its maker says",
        ) from error


def _token(uri: Uri, field: str) -> "Token":
    from pkcs11 import lib  # noqa: PLC0415 - an extra

    if not uri.module.exists():
        raise _unusable(f"there is no module {uri.module}", field)
    found = [token for token in lib(str(uri.module)).get_tokens() if _is_named(token, uri)]
    if len(found) != 1:
        raise _unusable(f"{len(found) or 'no'} tokens are of this name", field)
    return found[0]


def _is_named(token: "Token", uri: Uri) -> bool:
    is_so = {
        "token": token.label,
        "serial": token.serial.decode(errors="replace"),
        "manufacturer": token.manufacturer_id,
        "model": token.model,
    }
    return all(str(is_so[name]).strip("\0 ") == wanted for name, wanted in uri.token.items())


def _object(session: "Session", uri: Uri, *, private: bool) -> Any:
    from pkcs11 import ObjectClass  # noqa: PLC0415 - an extra

    return session.get_key(
        object_class=ObjectClass.PRIVATE_KEY if private else ObjectClass.PUBLIC_KEY, label=uri.label, id=uri.object_id
    )


def _public(session: "Session", uri: Uri, private: Any, field: str) -> Any:
    from pkcs11 import Attribute, KeyType  # noqa: PLC0415 - an extra

    if private.key_type is KeyType.RSA:
        modulus = int.from_bytes(private[Attribute.MODULUS], "big")
        exponent = int.from_bytes(private[Attribute.PUBLIC_EXPONENT], "big")
        return _made(lambda: rsa.RSAPublicNumbers(exponent, modulus).public_key(), field)
    if private.key_type is not KeyType.EC:
        raise _unusable("the key is neither RSA nor an elliptic one", field)
    public = _object(session, uri, private=False)
    if bytes(public[Attribute.EC_PARAMS]) != _P256:
        raise _unusable("the key is not on the curve P-256", field)
    point = bytes(public[Attribute.EC_POINT])
    bare = point.removeprefix(_OCTET_STRING) if len(point) == _POINT_BYTES + len(_OCTET_STRING) else point
    return _made(lambda: ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bare), field)


def _made(make: Callable[[], PublicKey], field: str) -> PublicKey:
    try:
        return make()
    except ValueError as error:
        raise _unusable("its public key is none", field) from error


def _unusable(problem: str, field: str) -> BadInput:
    return BadInput(
        f"the key that the PKCS#11 URI names cannot be used: {problem}",
        field=field,
        fix="compare it with what `pkcs11-tool --list-objects` shows",
    )
