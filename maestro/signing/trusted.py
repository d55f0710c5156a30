"""One trusted key: whose it is, what it may state, and for which time its statements are believed."""

import re
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from maestro.config.explain import Refusal
from maestro.errors import BadInput
from maestro.model.base import Config
from maestro.signing.algorithms import PublicKey, key_id, load_public, public_pem

BUILDERS_LIMIT = 64
NAME_LIMIT = 100
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


class Purpose(StrEnum):
    """What a key may state. Append only: trust files name these."""

    EVIDENCE = "evidence"
    MODELS = "models"
    ATTESTATIONS = "attestations"
    CHECKPOINT = "checkpoint"


class Reason(StrEnum):
    """Why a key was revoked. ``compromised`` takes back all that it ever signed."""

    SUPERSEDED = "superseded"
    COMPROMISED = "compromised"


def is_name(text: str) -> bool:
    """Whether it can be printed for people: nothing in it moves the cursor or turns the direction of reading."""
    return 0 < len(text) <= NAME_LIMIT and text.isprintable() and not text.isspace()


def moment(text: str) -> datetime:
    """A point in time as RFC 3339 has it, always with a zone. Raises ValueError for everything else."""
    if not _MOMENT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no time with a zone")
    return datetime.fromisoformat(text)


def _moment(value: Any) -> Any:
    if value is None or isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str):
            return moment(value)
    except ValueError:
        pass
    raise Refusal("it is no time with a zone", fix="write it as 2026-11-28T09:30:00Z")


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class TrustedKey(Config):
    """A public key and the bounds within which it is believed. Times without a value do not bound.

    ``builders`` are the builder ids whose provenance this key may sign; without any it may sign none.
    """

    public_key: str
    key_id: str
    name: str
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    not_before: Moment | None = None
    not_after: Moment | None = None
    revoked_at: Moment | None = None
    revocation_reason: Reason | None = None
    builders: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = Field(
        default=(), max_length=BUILDERS_LIMIT
    )

    @cached_property
    def public(self) -> PublicKey:
        """The key itself."""
        return load_public(self.public_key.encode(), field="public_key")

    @field_validator("public_key")
    @classmethod
    def _is_a_strong_public_key(cls, value: str) -> str:
        try:
            return public_pem(load_public(value.encode(errors="replace"), field="public_key")).decode()
        except BadInput as error:
            raise Refusal(error.message, fix=error.fix) from error

    @field_validator("key_id")
    @classmethod
    def _is_that_of_the_key(cls, value: str, info: ValidationInfo) -> str:
        if "public_key" in info.data:
            right = key_id(load_public(info.data["public_key"].encode(), field="public_key"))
            if value != right:
                raise Refusal("it is not the id of the public key beside it", fix=f"write {right}, or the right key")
        return value

    @field_validator("name")
    @classmethod
    def _can_be_printed(cls, value: str) -> str:
        if not is_name(value):
            raise Refusal(
                "it is no name that can be printed",
                fix=f"write 1 to {NAME_LIMIT} characters, none of which is invisible",
            )
        return value

    @field_validator("purposes", "builders")
    @classmethod
    def _are_named_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise Refusal("something is named twice", fix="name each once")
        return value

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> Self:
        if self.not_before and self.not_after and self.not_before >= self.not_after:
            raise Refusal("not_after is not later than not_before", fix="correct one of the two")
        if (self.revoked_at is None) != (self.revocation_reason is None):
            raise Refusal(
                "of revoked_at and revocation_reason one is there alone", fix="give both, or none for a key that holds"
            )
        if self.builders and Purpose.ATTESTATIONS not in self.purposes:
            raise Refusal("builders have no meaning without the purpose attestations", fix="add it, or remove them")
        return self


def trusted_key(public: PublicKey, *, name: str, purposes: tuple[Purpose, ...]) -> TrustedKey:
    """A key that is believed at any time."""
    return TrustedKey(public_key=public_pem(public).decode(), key_id=key_id(public), name=name, purposes=purposes)
