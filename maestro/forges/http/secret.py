"""A token, a key or a webhook's secret: read from a file or the environment, and in no text that anybody sees."""

import hmac
import os
from pathlib import Path
from typing import NoReturn

from maestro.errors import BadInput
from maestro.signing.keyfile import read_secret


class Secret:
    """Its text is told by ``reveal`` alone: not by printing, formatting, comparing or pickling it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not text:
            raise BadInput("a secret is empty", field="secret", fix="give its text")
        self._text = text

    @classmethod
    def from_file(cls, path: Path, *, what: str) -> "Secret":
        """What the file says, without the line end. Raises BadInput for a file that others can read."""
        return cls._read(read_secret(path, what=what), field=str(path), what=what)

    @classmethod
    def from_variable(cls, name: str, *, what: str) -> "Secret":
        """What the environment variable says."""
        return cls._read(os.environ.get(name, "").encode(errors="surrogateescape"), field=name, what=what)

    @classmethod
    def _read(cls, content: bytes, *, field: str, what: str) -> "Secret":
        try:
            text = content.decode().strip()
        except UnicodeDecodeError:
            text = ""
        if not text:
            raise BadInput(f"{what} is empty or no text", field=field, fix=f"put {what} there")
        return cls(text)

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")
