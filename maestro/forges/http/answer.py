"""What a forge answered: read by a model, or told in its own words."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from maestro.errors import PlatformUnavailable
from maestro.signing.strictjson import read_json

PARTS_LIMIT = 2_000_000
"""Strings, brackets and commas of one answer: the largest page has a tenth of it."""

SAID_LIMIT = 500
"""Characters of the forge's own words in a sentence of ours."""

_NEXT = re.compile(r'<([^<>\s]*)>\s*;[^,<]*\brel="?next"?(?:[\s;,]|$)')
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

T = TypeVar("T")


class _PassingError(PlatformUnavailable):
    """``seconds``: how long the forge asks to be left alone; 0 where it does not say."""

    def __init__(self, message: str, *, field: str = "", fix: str = "", seconds: float = 0.0) -> None:
        super().__init__(message, field=field, fix=fix)
        self.seconds = seconds


class NotSentError(_PassingError):
    """The forge was not reached, so nothing was done."""


class TooManyRequestsError(_PassingError):
    """The forge's limit holds yet. It did not do what was asked."""


class AnswerLostError(_PassingError):
    """It was sent, and nobody said what became of it: ask the forge before it is sent again.

    ``may_still_act``: the forge may be at work on it yet (it took too long), so what is not there now may come.
    """

    def __init__(
        self, message: str, *, field: str = "", fix: str = "", seconds: float = 0.0, may_still_act: bool = False
    ) -> None:
        super().__init__(message, field=field, fix=fix, seconds=seconds)
        self.may_still_act = may_still_act


@dataclass(frozen=True)
class Answer:
    """``headers`` have names in lower case, ``place`` says in errors which request it answers."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    place: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Raises PlatformUnavailable where it is no JSON, as from a proxy or a page that asks for a login."""
        try:
            return read_json(self.body, parts_limit=PARTS_LIMIT)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("content-type", "no content type")[:60]
            raise self._unreadable(f"no JSON that can be read ({printable(kind)}: {error})") from error

    def read(self, kind: type[T]) -> T:
        """The answer as ``kind``, a model or a type that pydantic reads. Raises PlatformUnavailable for another."""
        named: Any = kind  # mypy takes a type for nothing that has a hash
        try:
            read: T = _adapter(named).validate_python(self.json())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "it"
            raise self._unreadable(f"{printable(where)}: {printable(first['msg'])}") from error
        return read

    @property
    def said(self) -> str:
        """The forge's own sentence about what it did not do, on one line and without control characters."""
        try:
            document = read_json(self.body, parts_limit=PARTS_LIMIT)
        except (ValueError, RecursionError):
            return f"status {self.status}"
        if not isinstance(document, dict):
            return f"status {self.status}"
        parts = [document.get("message"), *_details(document.get("errors"))]
        sentence = "; ".join(part for part in parts if isinstance(part, str) and part)
        return printable(sentence)[:SAID_LIMIT] or f"status {self.status}"

    @property
    def next_page(self) -> str | None:
        """Where the next page is, as the header ``Link`` says."""
        found = _NEXT.search(self.headers.get("link", ""))
        return found[1] if found else None

    def _unreadable(self, why: str) -> PlatformUnavailable:
        return PlatformUnavailable(
            f"the forge answered {self.status} with something else than expected: {why}",
            field=self.place,
            fix="check that the configured address is that of the forge's API, and what stands between here and there",
        )


@functools.lru_cache(maxsize=128)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def printable(text: str) -> str:
    """``text`` on one line, without what a terminal would obey."""
    return _UNPRINTABLE.sub(" ", text).strip()


def _details(errors: Any) -> list[str]:
    """GitHub's ``errors``: sentences, or objects that name a field and say what is wrong with it."""
    if not isinstance(errors, list):
        return [errors] if isinstance(errors, str) else []
    told = []
    for error in errors[:5]:
        if isinstance(error, dict):
            said = error.get("message") or " ".join(str(error[key]) for key in ("field", "code") if key in error)
            told.append(str(said))
        else:
            told.append(str(error))
    return told
