"""A bundle that is being verified: what could be read of it, and what could not. Nothing here is believed yet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from maestro.attestations.statement import Statement
from maestro.errors import BadInput, MaestroError
from maestro.evidence.contents import INDEX
from maestro.evidence.gathered import CARD
from maestro.evidence.index import Index, IndexedFile
from maestro.evidence.opening import Opened
from maestro.evidence.untrusted import read_object
from maestro.evidence.verdict import Problem
from maestro.model.decision import DecisionCard
from maestro.signing.roots import TrustRoots

ModelT = TypeVar("ModelT", bound=BaseModel)


class Unreadable(Exception):  # noqa: N818
    """A check cannot be made, because a file that it needs is missing or is not what it has to be."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(reason)
        self.file = file
        self.reason = reason


@dataclass(frozen=True)
class Signed:
    """A statement whose signature was verified, and by which trusted key."""

    statement: Statement
    key_id: str
    key_name: str


@dataclass(frozen=True)
class Expected:
    """What the reader asks of the bundle, and the moment at which it is asked."""

    now: datetime
    head: str | None = None
    repo: str | None = None


@dataclass(frozen=True)
class Case:
    """``signed`` holds the statements whose signature was verified, the summary among them, by path; ``refused`` why
    the others were not. ``trust`` is what its reader believes.
    """

    opened: Opened
    expected: Expected
    trust: TrustRoots
    signed: Mapping[str, Signed] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def index(self) -> Index:
        """Raises Unreadable."""
        return self.model(INDEX, Index)

    @property
    def card(self) -> DecisionCard:
        """Raises Unreadable."""
        return self.model(CARD, DecisionCard)

    @property
    def files(self) -> dict[str, IndexedFile]:
        """What the index names, by path. Raises Unreadable."""
        return {file.path: file for file in self.index.files}

    def content(self, path: str) -> bytes:
        """Raises Unreadable where the file is not there, or is an artifact and was not kept."""
        found = self.opened.files.get(path)
        if found is None or found.content is None:
            raise Unreadable(path, "it is missing")
        return found.content

    def object(self, path: str) -> dict[str, Any]:
        """Raises Unreadable."""
        try:
            return read_object(self.content(path), file=path)
        except BadInput as error:
            raise Unreadable(path, error.message) from error

    def model(self, path: str, model: type[ModelT]) -> ModelT:
        """The file as the model; read once. Raises Unreadable."""
        known = self._read.get(path)
        if not isinstance(known, model):
            try:
                known = self._read[path] = model.model_validate(self.object(path))
            except ValueError as error:
                raise Unreadable(path, f"it is no {model.__name__.lower()} of a bundle: {_first(error)}") from error
        return known

    def statement(self, path: str) -> Statement:
        """A statement whose signature was verified. Raises Unreadable."""
        try:
            return self.signed[path].statement
        except KeyError as error:
            reason = "its signature is not verified" if path in self.opened.files else "it is missing"
            raise Unreadable(path, reason) from error

    _read: dict[str, BaseModel] = field(default_factory=dict)


def told(error: MaestroError) -> str:
    """The sentence of an error, for a problem."""
    return error.message


def differing(file: str, what: str, *, found: object, wanted: object) -> Iterator[Problem]:
    """A problem where two values differ that have to be the same; long ones are cut."""
    if found != wanted:
        yield Problem(file=file, reason=f"{what} is {_shown(found)}, and {_shown(wanted)} is wanted")


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _first(error: ValueError) -> str:
    return str(error).splitlines()[0] if not hasattr(error, "errors") else _detail(error.errors()[0])


def _detail(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part)[:40] for part in detail["loc"])
    return f"{place}: {detail['msg']}"
