"""What git and a ``proc-receive`` hook say to each other, in packets of four hexadecimal digits of length and content.

Version 1 of the protocol, as ``githooks(5)`` has it. What git sends was written by a pusher, so it is held to limits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from maestro.errors import BadInput

_HEADER_BYTES = 4

LIMIT_PACKETS = 10_000
"""Of one list. Far more references than one push for review may name, so that the refusal can be said to all."""


@dataclass(frozen=True)
class Command:
    """What a push asks for: ``ref`` from ``old`` to ``new``, which are zeros where there is none."""

    old: str
    new: str
    ref: str

    @property
    def is_deletion(self) -> bool:
        return not self.new.strip("0")


@dataclass(frozen=True)
class Received:
    """All that git asks of the hook. ``options`` are empty where the pusher gave none."""

    commands: tuple[Command, ...]
    options: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What became of one command: ``reason`` why not, else the reference that was moved in place of the asked one."""

    ref: str
    reason: str = ""
    kept: str = ""
    old: str = ""
    new: str = ""
    is_forced: bool = False


def receive(source: BinaryIO, sink: BinaryIO) -> Received:
    """Agree on the version and read commands and push options. Raises ``BadInput`` for another protocol."""
    [greeting, *_] = [*_packets(source)] or [b""]
    version, _, features = greeting.partition(b"\0")
    if version.strip() != b"version=1":
        raise BadInput(
            "git speaks another version of the proc-receive protocol",
            field="git",
            fix="have the newest Maestro install its hooks again",
        )
    has_options = b"push-options" in features.split()
    _write(sink, b"version=1\0push-options\n" if has_options else b"version=1\n")
    _flush(sink)
    commands = commands_of(b"\n".join(_packets(source)))
    options = tuple(_text(packet) for packet in _packets(source)) if has_options else ()
    return Received(commands, options)


def report(sink: BinaryIO, answers: Sequence[Answer]) -> None:
    """Tell git what became of each command, which it tells the pusher."""
    for answer in answers:
        ref = _bytes(answer.ref)
        if answer.reason:
            _write(sink, b"ng " + ref + b" " + _bytes(answer.reason))
            continue
        _write(sink, b"ok " + ref)
        _write(sink, b"option refname " + _bytes(answer.kept))
        _write(sink, b"option old-oid " + _bytes(answer.old))
        _write(sink, b"option new-oid " + _bytes(answer.new))
        if answer.is_forced:
            _write(sink, b"option forced-update")
    _flush(sink)


def commands_of(lines: bytes) -> tuple[Command, ...]:
    """The commands of ``old new ref`` lines, as git also writes them to ``pre-receive`` and ``post-receive``."""
    fields = (line.split(b" ", 2) for line in lines.split(b"\n") if line)
    return tuple(Command(_text(old), _text(new), _text(ref)) for old, new, ref in fields)


def _packets(source: BinaryIO) -> Iterator[bytes]:
    """Up to the next flush, or to the end of a git that has gone."""
    for _ in range(LIMIT_PACKETS):
        header = source.read(_HEADER_BYTES)
        size = int(header, 16) if len(header) == _HEADER_BYTES else 0
        if size <= _HEADER_BYTES:
            return
        yield source.read(size - _HEADER_BYTES).removesuffix(b"\n")
    raise BadInput(
        f"more than {LIMIT_PACKETS} references or options are pushed at once", field="push", fix="push fewer at once"
    )


def _write(sink: BinaryIO, content: bytes) -> None:
    sink.write(f"{len(content) + _HEADER_BYTES:04x}".encode() + content)


def _flush(sink: BinaryIO) -> None:
    sink.write(b"0000")
    sink.flush()


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
