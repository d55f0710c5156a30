"""PKCS#11 URIs (RFC 7512): which key of which token, by which module, and where the PIN is.

The PIN itself is refused in a URI, which ends in lists of processes and in logs.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from maestro.errors import BadInput
from maestro.signing.keyfile import read_secret, usable

SCHEME = "pkcs11:"

_TOKEN_NAMES = ("token", "serial", "manufacturer", "model")
_NAMES = frozenset({*_TOKEN_NAMES, "object", "id", "type"})
_QUERY_NAMES = frozenset({"module-path", "pin-source"})
_EXAMPLE = "pkcs11:token=NAME;object=NAME?module-path=/PATH.so&pin-source=file:/PATH"
_WRONG_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Uri:
    """A parsed URI. ``token`` maps what is said of the token to its text; ``label`` or ``object_id`` may be None."""

    module: Path
    token: dict[str, str]
    label: str | None
    object_id: bytes | None
    pin_source: str


def parse_uri(text: str, *, field: str) -> Uri:
    """The URI. Raises BadInput about ``field`` for what is unknown, repeated, missing, or a PIN in the open."""
    path, _, query = text.removeprefix(SCHEME).partition("?")
    said = _attributes(path, separator=";", known=_NAMES, field=field)
    asked = _attributes(query, separator="&", known=_QUERY_NAMES, field=field)
    if said.get("type", b"private") != b"private":
        raise _wrong("type is not private, and only a private key signs", field)
    if "module-path" not in asked or "pin-source" not in asked:
        raise _wrong("module-path or pin-source is missing behind the question mark", field)
    token = {name: _text(said[name], name, field) for name in _TOKEN_NAMES if name in said}
    if not token or not ({"object", "id"} & set(said)):
        raise _wrong("it names no token, or neither the object nor the id of a key", field)
    module = Path(_text(asked["module-path"], "module-path", field))
    if not module.is_absolute():
        raise _wrong("module-path is not absolute", field)
    return Uri(
        module=module,
        token=token,
        label=_text(said["object"], "object", field) if "object" in said else None,
        object_id=said.get("id"),
        pin_source=_text(asked["pin-source"], "pin-source", field),
    )


def read_pin(source: str, *, field: str) -> str:
    """The PIN from ``file:/PATH`` (a file of this user alone), ``/PATH`` or ``env:NAME``; a last line end is cut."""
    kind, _, rest = source.partition(":")
    if kind == "env":
        pin = os.environ.get(rest, "")
        if not pin:
            raise BadInput(
                f"the environment variable {rest[:100]!r} with the PIN is empty",
                field=field,
                fix="set it, or name a file",
            )
        return pin
    path = Path(rest.removeprefix("//") if kind == "file" else source)
    if not path.is_absolute():
        raise _wrong("pin-source is neither file: with an absolute path nor env: with a name", field)
    with usable(path.parent):
        is_there = path.exists()
    if not is_there:
        raise BadInput("there is no file with the PIN", field=str(path), fix="correct pin-source, or write the file")
    try:
        return read_secret(path, what="the PIN").decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadInput("the PIN is not UTF-8", field=str(path), fix="write it as text") from error


def _attributes(text: str, *, separator: str, known: frozenset[str], field: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if name == "pin-value":
            raise _wrong("it carries the PIN, which others can then read", field)
        if name not in known:
            raise _wrong(f"{name[:40]!r} is nothing that it can say here", field)
        if not equals or name in found or _WRONG_ESCAPE.search(value):
            raise _wrong(f"{name} has no value, has two, or is escaped wrongly", field)
        found[name] = unquote_to_bytes(value)
    return found


def _text(value: bytes, name: str, field: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise _wrong(f"{name} is not UTF-8", field) from error


def _wrong(problem: str, field: str) -> BadInput:
    return BadInput(f"the PKCS#11 URI cannot be used: {problem}", field=field, fix=f"write it as {_EXAMPLE}")
