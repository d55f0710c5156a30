"""Reads the headers of a tar from somebody else, in its oldest form (ustar), and no extension of it.

The extensions are where readers disagree and can be made to fill their memory: long names, sparse files, headers that
override others. Bundles need none of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from maestro.errors import BadInput

BLOCK_BYTES: Final = 512
TRAILER_LIMIT_BYTES: Final = 1024 * 1024
"""Zeros after the last file; tar fills up to its record, ten kilobytes unless told otherwise."""

SKIPPED_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""Content of an entry that is refused, which has to be read over to name what follows it."""

_KINDS: Final = {
    b"0": "file",
    b"\0": "file",
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "folder",
    b"6": "a pipe",
    b"S": "a sparse file",
    b"x": "an extended header (make the archive with --format=ustar)",
    b"g": "an extended header (make the archive with --format=ustar)",
    b"L": "a long name of GNU tar (make the archive with --format=ustar)",
    b"K": "a long link of GNU tar",
}
_OCTAL: Final = re.compile(rb" *([0-7]{1,11})[ \0]*")


class Readable(Protocol):
    """What bytes are read from, one after the other."""

    def read(self, size: int, /) -> bytes: ...

    def tell(self) -> int: ...


@dataclass(frozen=True)
class Entry:
    """A header: what kind of thing it announces, under which name, of how many bytes."""

    kind: str
    name: str
    size_bytes: int


def entries(stream: Readable, *, source: str) -> Iterator[Entry]:
    """The entries of a tar. Whoever takes them may read an entry's bytes, all or none, before asking for the next.

    Raises BadInput, naming ``source``, for what is no tar or goes on after its end; EOFError where it breaks off.
    """
    while (header := _exactly(stream, BLOCK_BYTES)).strip(b"\0"):
        entry = _entry(header, source=source)
        begun = stream.tell()
        yield entry
        padded = -(-entry.size_bytes // BLOCK_BYTES) * BLOCK_BYTES
        left = padded - (stream.tell() - begun)
        if left > SKIPPED_LIMIT_BYTES:
            raise _damaged(f"{entry.name!r} cannot be part of a bundle and has {entry.size_bytes} bytes", source)
        _skip(stream, left)
    _require_end(stream, source=source)


def _entry(header: bytes, *, source: str) -> Entry:
    size, stated = _number(header[124:136], source=source), _number(header[148:156], source=source)
    if stated != sum(header[:148]) + 8 * ord(" ") + sum(header[156:]):
        raise _damaged("the checksum of a header does not fit", source)
    if header[257:262] != b"ustar":
        raise _damaged("a header is in a form older than ustar", source)
    name = header[:100].partition(b"\0")[0]
    # GNU's form has other fields where ustar has the beginning of a long name.
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    full = (b"/".join((prefix, name)) if prefix else name).decode("utf-8", "surrogateescape")
    kind = _KINDS.get(header[156:157], "of a kind that bundles do not have")
    return Entry("folder" if kind == "file" and full.endswith("/") else kind, full, size)


def _number(field: bytes, *, source: str) -> int:
    found = _OCTAL.fullmatch(field)
    if found is None:
        raise _damaged("a number in a header is not in octal digits", source)
    return int(found[1], 8)


def _exactly(stream: Readable, wanted: int) -> bytes:
    content = stream.read(wanted)
    if len(content) < wanted:
        raise EOFError("it breaks off before its end")
    return content


def _skip(stream: Readable, left: int) -> None:
    while left:
        left -= len(_exactly(stream, min(left, 64 * BLOCK_BYTES)))


def _require_end(stream: Readable, *, source: str) -> None:
    """After the last file come zeros and nothing else, so that no reader finds more in it than this one."""
    seen = 0
    while chunk := stream.read(64 * BLOCK_BYTES):
        seen += len(chunk)
        if chunk.strip(b"\0") or seen > TRAILER_LIMIT_BYTES:
            raise _damaged("something follows after its end", source)


def _damaged(message: str, source: str) -> BadInput:
    return BadInput(f"the archive cannot be trusted: {message}", field=source, fix="take it from where it was made")
