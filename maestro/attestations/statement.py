"""in-toto statements: what is said (the predicate) of what (subjects, by digest).

A statement is its bytes; the model is only our reading of them. What is verified, stored and passed on are the bytes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from maestro.attestations import strictjson
from maestro.attestations.names import OLD_STATEMENT_TYPE, STATEMENT_TYPE
from maestro.canonical import canonical_json
from maestro.errors import BadInput

SUBJECTS_LIMIT: Final = 1_000
"""Subjects of one statement. Ours have at most three; a release of many files has hundreds."""

_GIT: Final = (40, 64)
_DIGITS: Final[Mapping[str, tuple[int, ...]]] = {
    "sha1": (40,),
    "sha224": (56,),
    "sha256": (64,),
    "sha384": (96,),
    "sha512": (128,),
    "gitCommit": _GIT,
    "gitTree": _GIT,
    "gitBlob": _GIT,
    "gitTag": _GIT,
}
"""Hexadecimal digits of the digests whose form we know, by in-toto's names of them. Git has two kinds of ids."""

_HEX: Final = re.compile(r"[0-9a-f]+")
_TYPE_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")


def _well_formed(digest: dict[str, str]) -> dict[str, str]:
    for algorithm, value in digest.items():
        known = _DIGITS.get(algorithm)
        if not value or (known is not None and (len(value) not in known or not _HEX.fullmatch(value))):
            raise ValueError(f"{strictjson.shown(value)} is no {strictjson.shown(algorithm)} digest")
    return digest


def _distinct(subjects: tuple["Subject", ...]) -> tuple["Subject", ...]:
    seen = {(subject.name, *sorted(subject.digest.items())) for subject in subjects}
    if len(seen) < len(subjects):
        raise ValueError("a subject stands twice")
    return subjects


def _is_type_uri(text: str) -> str:
    if not _TYPE_URI.fullmatch(text):
        raise ValueError("a type is a URI with its scheme in lower case")
    return text


class _Strict(BaseModel):
    # Unknown fields are ignored because in-toto's rules for readers say so; values are never converted.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", populate_by_name=True)


class Subject(_Strict):
    """What a statement is about. It is its digests; ``name`` is a label."""

    name: str = Field(default="", max_length=4_096)
    digest: Annotated[dict[str, str], Field(min_length=1, max_length=32), AfterValidator(_well_formed)]


class Body(_Strict):
    """Our reading of a statement's bytes."""

    type: Literal["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"] = Field(alias="_type")
    subject: Annotated[
        tuple[Subject, ...], Field(strict=False, min_length=1, max_length=SUBJECTS_LIMIT), AfterValidator(_distinct)
    ]
    predicate_type: Annotated[str, Field(alias="predicateType", max_length=2_048), AfterValidator(_is_type_uri)]
    predicate: dict[str, JsonValue] = Field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """A statement: ``payload`` is what is signed, ``body`` what it says."""

    payload: bytes
    body: Body

    @property
    def predicate_type(self) -> str:
        return self.body.predicate_type

    @property
    def predicate(self) -> Mapping[str, JsonValue]:
        return self.body.predicate


def read_statement(payload: bytes, *, field: str) -> Statement:
    """Somebody's statement. Raises BadInput, naming ``field``, for what is none or is not well-formed."""
    document = strictjson.read(payload, field=field)
    try:
        return Statement(payload, Body.model_validate(document))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise BadInput(
            f"it is no in-toto statement: {strictjson.shown(place)}: {said}",
            field=field,
            fix=f"have it written as {STATEMENT_TYPE} (or {OLD_STATEMENT_TYPE.rpartition('/')[2]})",
        ) from error


def make_statement(
    subjects: Iterable[Mapping[str, JsonValue]], *, predicate_type: str, predicate: Mapping[str, JsonValue]
) -> Statement:
    """A statement of ours, as canonical JSON: the same contents give the same bytes.

    Text that is no Unicode (the name of a test can be any bytes) is escaped, because other readers refuse it.
    """
    plain = {
        "_type": STATEMENT_TYPE,
        "subject": list(subjects),
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }
    return read_statement(canonical_json(_unicode(plain)).encode(), field="a statement of ours")


def _unicode(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case list() | tuple():
            return [_unicode(item) for item in value]
        case dict():
            return {_unicode(name): _unicode(item) for name, item in value.items()}
        case _:
            return value
