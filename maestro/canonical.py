"""The one JSON form whose digest means something: equal values give equal bytes, on every machine and release."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from maestro.errors import BadInput

DIGEST_PREFIX = "sha256:"


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, ASCII only (so that names that are not UTF-8 and NUL characters survive any store).

    Models are dumped by their JSON form. Raises BadInput for what JSON cannot say (NaN, a set, a key that is no text).
    """
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    try:
        text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"a value has no JSON form: {error}", fix="use text, finite numbers, lists and objects with text keys"
        ) from error
    return text


def digest(value: Any) -> str:
    """``sha256:<hex>`` of the canonical JSON of a model or plain value."""
    return digest_of_bytes(canonical_json(value).encode())


def digest_of_bytes(content: bytes) -> str:
    """``sha256:<hex>`` of the bytes."""
    return DIGEST_PREFIX + hashlib.sha256(content).hexdigest()
