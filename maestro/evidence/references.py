"""Which files of a bundle another file names: by path, by digest, or by the digest's hexadecimal digits.

Text that anybody may have written (a title, a log) can name a file too; that adds a reference and can never break one.
What must lead somewhere are the references that Maestro itself wrote: stored artifacts in its own JSON.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from maestro.canonical import DIGEST_PREFIX
from maestro.errors import BadInput
from maestro.evidence.contents import ARTIFACTS, Role
from maestro.evidence.untrusted import read_json, read_object

_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]")
_OPAQUE = frozenset({Role.ARTIFACT, Role.KEYS, Role.CATALOGUE})
"""Stored bytes, keys and the catalogue speak for themselves and of no other file."""

_TEXT = ("text/", "application/json", "application/xml", "application/jsonl", "image/svg")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Names:
    """Every word that names a file of the bundle, and the paths that it names."""

    paths: Mapping[bytes, tuple[str, ...]]

    @classmethod
    def of(cls, digests: Iterable[tuple[str, str]]) -> "Names":
        """The names of files given as path and digest."""
        found: dict[bytes, tuple[str, ...]] = {}
        for path, digest in digests:
            for word in (path, digest.removeprefix(DIGEST_PREFIX)):
                found[word.encode()] = (*found.get(word.encode(), ()), path)
        return cls(found)

    def named(self, digest: str) -> bool:
        """Whether a file of the bundle has this digest."""
        return digest.removeprefix(DIGEST_PREFIX).encode() in self.paths


def references(path: str, content: bytes, *, role: Role, media_type: str, names: Names) -> tuple[str, ...]:
    """The paths of the other files that this one names, in order. Of a signed statement the payload counts."""
    if role in _OPAQUE or not (role is Role.STATEMENT or is_text(media_type)):
        return ()
    words = set(_NAME.findall(_payload(content) if role is Role.STATEMENT else content))
    found = {named for word in words & names.paths.keys() for named in names.paths[word]}
    return tuple(sorted(found - {path}))


def missing(content: bytes, *, file: str, names: Names) -> Iterator[str]:
    """The digests of stored artifacts that JSON of our own refers to and the bundle lacks.

    Raises BadInput for what is no JSON.
    """
    seen: set[str] = set()
    for digest in _artifact_digests(read_json(content, file=file)):
        if digest not in seen and not names.named(digest):
            seen.add(digest)
            yield digest


def is_text(media_type: str) -> bool:
    """Whether a file of this kind can be read as text."""
    kind = media_type.partition(";")[0].strip()
    return kind.startswith(_TEXT) or kind.endswith(("+json", "+xml"))


def is_artifact(path: str) -> bool:
    """Whether the path is one of stored bytes, named by their digest."""
    return path.startswith(f"{ARTIFACTS}/")


def _payload(envelope: bytes) -> bytes:
    """What a statement states; nothing where it is no envelope, which is for its own check to say."""
    try:
        return base64.b64decode(read_object(envelope, file="")["payload"], validate=True)
    except (BadInput, KeyError, TypeError, ValueError):
        return b""


def _artifact_digests(value: Any) -> Iterator[str]:
    """The digests of everything that has the form of a reference to a stored artifact."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            digest = current.get("digest")
            if isinstance(digest, str) and _DIGEST.fullmatch(digest) and {"media_type", "bytes"} <= current.keys():
                yield digest
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)
