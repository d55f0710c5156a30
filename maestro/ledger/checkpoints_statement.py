"""A checkpoint: what was stated, and signed, of the chain of records at one time.

It is an in-toto Statement in a DSSE envelope, so that other tools check it as well. Its subject is the newest record,
by the hash of its body, which covers every record before it.
"""

import json
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from maestro.canonical import DIGEST_PREFIX, canonical_json
from maestro.errors import BadInput
from maestro.model.base import Model

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
_PredicateType = Literal["urn:maestro-conductor:attestation:ledger-checkpoint:v1"]
PREDICATE_TYPE: _PredicateType = "urn:maestro-conductor:attestation:ledger-checkpoint:v1"

LIMIT_BYTES = 16 * 1024
"""An envelope of ours has some 1,500 bytes; what is larger is none, and is not parsed."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Checkpoint(Model):
    """What is stated. ``ledger`` names the ledger by the hash of its first record; ``number`` counts checkpoints from
    1, ``previous`` is the digest of the envelope before this one (None for the first); ``sequence`` and ``hash`` are
    the newest record's, and ``records`` says how many there were up to it.
    """

    ledger: Digest
    number: int = Field(ge=1)
    sequence: int = Field(ge=1)
    hash: Digest
    records: int = Field(ge=1)
    previous: Digest | None
    at: AwareDatetime


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, strict=True)


class _Subject(_Strict):
    name: str
    digest: dict[str, str]


class _Predicate(Checkpoint):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Statement(_Strict):
    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[_Subject] = Field(strict=False)
    predicate_type: _PredicateType = Field(alias="predicateType")
    predicate: _Predicate


def payload_of(checkpoint: Checkpoint) -> bytes:
    """The bytes to sign: the same checkpoint always gives the same ones."""
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [_subject(checkpoint)],
            "predicateType": PREDICATE_TYPE,
            "predicate": checkpoint.model_dump(mode="json"),
        }
    ).encode()


def checkpoint_in(payload: bytes, *, field: str) -> Checkpoint:
    """What a payload states. Raises BadInput, naming ``field``, for all that ``payload_of`` would not make."""
    try:
        found = _Statement.model_validate(json.loads(payload)).predicate
        checkpoint = Checkpoint.model_validate(found.model_dump())
    except (ValueError, ValidationError, RecursionError) as error:
        raise BadInput(
            "it is no checkpoint of a ledger", field=field, fix="name a file that `maestro ledger checkpoint` wrote"
        ) from error
    if payload_of(checkpoint) != payload:
        raise BadInput(
            "it says a thing in more than one way: it is no checkpoint that Maestro wrote",
            field=field,
            fix="name a file that `maestro ledger checkpoint` wrote",
        )
    return checkpoint


def moment_of(at: datetime) -> datetime:
    """The time to state. Raises BadInput for one without a zone."""
    if at.tzinfo is None:
        raise BadInput("a checkpoint needs a time with its zone", field="at", fix="give a time in UTC")
    return at


def _subject(checkpoint: Checkpoint) -> dict[str, object]:
    name = f"record {checkpoint.sequence} of {checkpoint.ledger}"
    return {"name": name, "digest": {"sha256": checkpoint.hash.removeprefix(DIGEST_PREFIX)}}
