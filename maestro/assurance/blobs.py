"""Looks into changed files for what does not belong into a repository: generated executables and private keys.

Every byte is read, in windows, so that neither size nor position hides anything and memory stays small.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from maestro.assurance.gitread import command, environment
from maestro.errors import PlatformUnavailable

WINDOW_BYTES: Final = 1_048_576
OVERLAP_BYTES: Final = 128
"""Longer than any header that is searched for, so that none is cut in two by a window's edge."""

_EXECUTABLE_MAGIC: Final = (
    b"\x7fELF",
    b"\x00asm",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"dex\n0",
)
"""ELF, WebAssembly, Mach-O in its four forms, fat Mach-O and Java classes, Android."""
_PE_OFFSET: Final = slice(0x3C, 0x40)
_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----\s")


@dataclass(frozen=True)
class BlobSigns:
    """What one file shows."""

    executable: bool = False
    private_key: bool = False


def read_signs(mirror: Path, blobs: Iterable[str]) -> dict[str, BlobSigns]:
    """The signs of each blob, by id; ``PlatformUnavailable`` when the mirror lacks one."""
    wanted = sorted(set(blobs))
    if not wanted:
        return {}
    return dict(zip(wanted, _scan(mirror, wanted), strict=True))


def _scan(mirror: Path, wanted: list[str]) -> Iterator[BlobSigns]:
    with subprocess.Popen(
        command(mirror, "cat-file", "--batch"), env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both pipes were asked for")
        for blob in wanted:
            process.stdin.write(blob.encode() + b"\n")
            process.stdin.flush()
            yield _read_one(process.stdout, blob, mirror)
        process.stdin.close()


def _read_one(stream: IO[bytes], blob: str, mirror: Path) -> BlobSigns:
    """One answer of ``cat-file --batch``: ``<id> blob <size>``, the bytes, a line feed."""
    header = stream.readline().split()
    if len(header) != 3:
        raise PlatformUnavailable(f"the mirror lacks the object {blob}", field=str(mirror), fix="fetch it again")
    remaining = int(header[2])
    window, executable, private_key = b"", False, False
    first = True
    while remaining:
        chunk = stream.read(min(WINDOW_BYTES, remaining))
        if not chunk:
            raise PlatformUnavailable(f"the object {blob} ends early", field=str(mirror), fix="fetch the mirror again")
        remaining -= len(chunk)
        executable = executable or (first and is_executable(chunk))
        window = window[-OVERLAP_BYTES:] + chunk
        private_key = private_key or has_private_key(window)
        first = False
    stream.readline()
    return BlobSigns(executable, private_key)


def is_executable(start: bytes) -> bool:
    """Whether a file that starts so is a program for a machine or a virtual machine; scripts are source."""
    if start.startswith(_EXECUTABLE_MAGIC):
        return True
    offset = int.from_bytes(start[_PE_OFFSET], "little")
    return start.startswith(b"MZ") and start[offset : offset + 4] == b"PE\0\0"


def has_private_key(text: bytes) -> bool:
    """Whether the header of a PEM or OpenPGP private key stands in the text."""
    return _PRIVATE_KEY.search(text) is not None
