"""What a service token looks like: ``mst_``, an id that is no secret, 256 random bits, and a checksum.

The checksum tells a mistyped or invented token without a look into the ledger, and a scanner of leaked secrets a real
one; the id says which one to revoke.
"""

import hashlib
import re
import secrets
import zlib
from typing import NamedTuple

PREFIX = "mst_"
ID_LENGTH = 8
SECRET_LENGTH = 43
"""62 to the power of 43 is more than 2 to the power of 256."""

CHECKSUM_LENGTH = 6

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH}}}", re.ASCII)


class Minted(NamedTuple):
    """A new token: ``token`` is shown once, ``id`` and ``digest`` are kept."""

    id: str
    token: str
    digest: bytes


def mint() -> Minted:
    """A token that nobody has had before."""
    token_id = "".join(secrets.choice(_DIGITS) for _ in range(ID_LENGTH))
    body = PREFIX + token_id + "".join(secrets.choice(_DIGITS) for _ in range(SECRET_LENGTH))
    token = body + _checksum(body)
    return Minted(token_id, token, digest_of(token))


def id_of(token: str) -> str | None:
    """The id within the token; None where it cannot be one of ours.

    >>> id_of("mst_" + "0" * 57) is None
    True
    """
    if not _SHAPE.fullmatch(token) or _checksum(token[:-CHECKSUM_LENGTH]) != token[-CHECKSUM_LENGTH:]:
        return None
    return token[len(PREFIX) : len(PREFIX) + ID_LENGTH]


def digest_of(token: str) -> bytes:
    """What is kept of a token. One round is enough: nobody guesses 256 bits, however fast they can be tried."""
    return hashlib.sha256(token.encode()).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
