"""A webhook's delivery, opened: its size first, then its signature, and only then what stands in it."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from maestro.canonical import digest_of_bytes
from maestro.errors import BadInput
from maestro.forges.events import EVENT_LIMIT_BYTES, NotSignedError, TooLargeError
from maestro.forges.http import Secret
from maestro.signing.strictjson import read_json

PARTS_LIMIT: Final = 1_000_000
"""Strings, brackets and commas: a push of as many commits as GitHub lists has a fifth of it."""

_DELIVERY = re.compile(r"[A-Za-z0-9-]{1,64}")
_NAME = re.compile(r"[a-z0-9_]{1,64}")
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Wire:
    """How a forge sends its deliveries. Headers are in lower case; ``page`` is ours about the forge."""

    forge: str
    event_header: str
    delivery_header: str
    page: str


class Delivery(NamedTuple):
    """``name`` of the event and ``id`` come from headers, which no signature covers; ``digest`` is the body's."""

    name: str
    id: str
    digest: str
    document: dict[str, Any]


def opened(headers: Mapping[str, str], body: bytes, secret: Secret | tuple[Secret, ...], *, wire: Wire) -> Delivery:
    """What was delivered. Of several secrets one has to fit, so that one can take another's place.

    Raises TooLargeError, NotSignedError, and BadInput for what cannot be read; in this order, so that nothing is read
    that was not signed.
    """
    if len(body) > EVENT_LIMIT_BYTES:
        raise TooLargeError(
            f"the delivery has {len(body)} bytes, more than {EVENT_LIMIT_BYTES}",
            field="body",
            fix=f"subscribe to the events of {wire.page} alone",
        )
    named = {name.lower(): value for name, value in headers.items()}
    _require_signature(named.get("x-hub-signature-256", ""), body, secret, wire=wire)
    return Delivery(
        name=_header(named, wire.event_header, _NAME, wire=wire),
        id=_header(named, wire.delivery_header, _DELIVERY, wire=wire),
        digest=digest_of_bytes(body),
        document=_document(named, body),
    )


def unreadable(error: ValidationError, *, wire: Wire) -> BadInput:
    """What is wrong with a delivery that was opened and is none of the forge's."""
    first = error.errors(include_url=False, include_input=False)[0]
    return BadInput(
        f"the delivery is none that {wire.forge} sends: {first['msg']}",
        field=".".join(map(str, first["loc"])) or "body",
        fix=f"see the delivery at {wire.forge}; this release knows the events of {wire.page}",
    )


def _require_signature(given: str, body: bytes, secret: Secret | tuple[Secret, ...], *, wire: Wire) -> None:
    secrets = (secret,) if isinstance(secret, Secret) else secret
    signature = given.removeprefix("sha256=")
    # Another length or alphabet would be told by the time that the comparison takes, and fits nothing.
    if not given.startswith("sha256=") or not _HEX.fullmatch(signature):
        raise _not_signed("is missing" if not given else "is no SHA-256", wire=wire)
    fits = [
        hmac.compare_digest(hmac.new(each.reveal().encode(), body, hashlib.sha256).hexdigest(), signature)
        for each in secrets
    ]
    if not any(fits):
        raise _not_signed("does not fit", wire=wire)


def _not_signed(what: str, *, wire: Wire) -> NotSignedError:
    return NotSignedError(
        f"the signature of the delivery {what}",
        field="X-Hub-Signature-256",
        fix=f"set the same secret at {wire.forge}'s webhook and here",
    )


def _header(headers: Mapping[str, str], name: str, pattern: re.Pattern[str], *, wire: Wire) -> str:
    value = headers.get(name, "")
    if not pattern.fullmatch(value):
        raise BadInput(
            f"the delivery has no such header, or not as {wire.forge} sends it", field=name, fix="deliver it again"
        )
    return value


def _document(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    if headers.get("content-type", "application/json").partition(";")[0].strip().lower() != "application/json":
        raise BadInput(
            "the delivery is no JSON", field="content-type", fix="set the webhook's content type to application/json"
        )
    try:
        document = read_json(body, parts_limit=PARTS_LIMIT)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the delivery cannot be read: {error}", field="body", fix="deliver it again") from error
    if not isinstance(document, dict):
        raise BadInput("the delivery is no JSON object", field="body", fix="deliver it again")
    return document
