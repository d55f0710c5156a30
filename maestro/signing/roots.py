"""Trust roots: whose signatures are believed, for what, and for which time, in one JSON file.

Nothing in the file is secret. `maestro keys` writes it into the folder of keys; an auditor gets it by
`maestro keys export` and names it with --trust. An entry about a key rules over the key's own file in the folder.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from maestro.config.explain import Refusal, spelling
from maestro.errors import BadInput
from maestro.model.base import Config
from maestro.signing.algorithms import load_public
from maestro.signing.keyfile import (
    PARTIAL_PREFIX,
    check_folder,
    locked,
    read_public,
    sync,
    usable,
)
from maestro.signing.signers import file_signer
from maestro.signing.strictjson import read_json
from maestro.signing.trusted import Purpose, TrustedKey, is_name, trusted_key

TRUST_ROOTS = "trust-roots.json"
EVIDENCE_KEY = "evidence.pem"
SIGNING_KEY = "signing.pem"
TRUSTED_SUFFIX = ".pub.pem"
"""A file ``<name>.pub.pem`` in the folder is the public key of another installation, or an older one of this."""

TRUST_LIMIT_BYTES = 1_000_000
KEYS_LIMIT = 256
"""Far above what a person can answer for; a signature without a key's name is tried with each of them."""

EVIDENCE_PURPOSES = (Purpose.EVIDENCE, Purpose.ATTESTATIONS, Purpose.CHECKPOINT)
OWN: Mapping[str, tuple[Purpose, ...]] = MappingProxyType(
    {EVIDENCE_KEY: EVIDENCE_PURPOSES, SIGNING_KEY: (Purpose.MODELS,)}
)
"""The files of an installation's own keys, and what each may state."""

_WORDS = {
    "missing": ("a required field is missing", "add it"),
    "string_type": ("text is needed", "write text in double quotes"),
    "tuple_type": ("a list is needed", "write a list in square brackets"),
    "model_type": ("an object is needed", "write an object in braces"),
}


class TrustRoots(Config):
    """The keys that are believed, each with its bounds; no id is there twice."""

    version: Literal[1] = 1
    keys: tuple[TrustedKey, ...] = Field(default=(), max_length=KEYS_LIMIT)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The roots of a file. Raises BadInput with file, field and fix for whatever is not as it has to be."""
        return cls.parse(read_public(path, limit_bytes=TRUST_LIMIT_BYTES), source=str(path))

    @classmethod
    def parse(cls, content: bytes, *, source: str) -> Self:
        """The roots in the bytes of a file; ``source`` is its name in errors."""
        if len(content) > TRUST_LIMIT_BYTES:
            raise BadInput(
                f"more than {TRUST_LIMIT_BYTES} bytes are no trust roots", field=source, fix="name the right file"
            )
        try:
            return cls.model_validate(read_json(content))
        except ValidationError as error:
            raise explained(error, source) from error
        except ValueError as error:
            raise BadInput(
                f"the file is no JSON that can be used: {error}",
                field=source,
                fix="take the file that `maestro keys export` wrote, complete",
            ) from error

    @classmethod
    def of_folder(cls, folder: Path) -> "TrustRoots":
        """What an installation trusts: its file of roots, its own keys, and each ``NAME.pub.pem``; nothing is made.

        Raises BadInput for a key or file that cannot be used, PlatformUnavailable where the folder cannot be read.
        """
        with usable(folder):
            if not folder.exists():
                return cls()
        check_folder(folder)
        finish_interrupted(folder)
        with locked(folder, exclusive=False):
            return roots_in(folder)

    @cached_property
    def by_id(self) -> Mapping[str, TrustedKey]:
        """The keys by their ids."""
        return MappingProxyType({key.key_id: key for key in self.keys})

    def dump(self) -> bytes:
        """The file: the same roots always give the same bytes."""
        plain = self.model_dump(mode="json", exclude_defaults=True) | {"version": self.version}
        return json.dumps(plain, indent=2, sort_keys=True).encode() + b"\n"

    @field_validator("keys")
    @classmethod
    def _have_each_id_once(cls, keys: tuple[TrustedKey, ...]) -> tuple[TrustedKey, ...]:
        seen: dict[str, int] = {}
        for index, key in enumerate(keys):
            if key.key_id in seen:
                raise Refusal(
                    f"the entries {seen[key.key_id]} and {index} are about the same key {key.key_id}",
                    fix="keep one of the two, the stricter one",
                )
            seen[key.key_id] = index
        return keys


def written_in(folder: Path) -> TrustRoots:
    """The folder's file of roots alone; empty where there is none."""
    path = folder / TRUST_ROOTS
    return TrustRoots.load(path) if path.exists() else TrustRoots()


def roots_in(folder: Path) -> TrustRoots:
    """As ``TrustRoots.of_folder``, for whoever holds the folder's lock."""
    found = {key.key_id: key for key in written_in(folder).keys}
    for name, purposes in OWN.items():
        if (folder / name).exists():
            public = file_signer(folder / name).public
            own = trusted_key(public, name=name.removesuffix(".pem"), purposes=purposes)
            found.setdefault(own.key_id, own)
    for path in sorted(folder.glob(f"*{TRUSTED_SUFFIX}")):
        public = load_public(read_public(path), field=str(path))
        name = path.name.removesuffix(TRUSTED_SUFFIX)
        other = trusted_key(public, name=name if is_name(name) else "unnamed", purposes=tuple(Purpose))
        found.setdefault(other.key_id, other)
    return roots_of(found.values(), field=str(folder))


def roots_of(keys: Iterable[TrustedKey], *, field: str) -> TrustRoots:
    """The keys as roots. Raises BadInput about ``field`` for more than a person can answer for."""
    every = tuple(keys)
    if len(every) > KEYS_LIMIT:
        raise BadInput(
            f"{len(every)} keys are trusted, more than {KEYS_LIMIT}",
            field=field,
            fix="remove those that are not needed",
        )
    return TrustRoots(keys=every)


def explained(error: ValidationError, source: str) -> BadInput:
    """What pydantic found in a file of roots, or in one key, in words; ``source`` is the file."""
    details = error.errors(include_url=False)
    # A misspelt field comes before the "missing" one that it was meant to be.
    detail = min(details, key=lambda each: each["type"] != "extra_forbidden")
    message, fix = _sentence(detail)
    also = f" (and {len(details) - 1} further problems)" if len(details) > 1 else ""
    at = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:60]}" for part in detail["loc"]).lstrip(".")
    return BadInput(message + also, field=f"{source}: {at}" if at else source, fix=fix)


def own_ids(folder: Path) -> Mapping[str, str]:
    """The ids of the own keys that are there, by the file of each."""
    with usable(folder):
        return {name: file_signer(folder / name).key_id for name in OWN if (folder / name).exists()}


def next_of(path: Path) -> Path:
    """Where the key lies that is about to become the active one of this name."""
    return path.with_suffix(".next.pem")


def finish_interrupted(folder: Path) -> None:
    """End what a process that was killed had begun; without such a thing nothing is even locked."""
    with usable(folder):
        is_interrupted = any(next_of(folder / name).exists() for name in OWN)
    if is_interrupted:
        with changing(folder):
            pass


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Holds the folder alone, in a state that is whole: what was interrupted before is ended or undone first."""
    with locked(folder, exclusive=True):
        for partial in folder.glob(f"{PARTIAL_PREFIX}*"):
            partial.unlink()
        known = written_in(folder).by_id
        for path in map(folder.joinpath, OWN):
            following = next_of(path)
            if not following.exists():
                continue
            # The file of roots is what commits a rotation: once it knows the new key, that one is the key.
            if file_signer(following).key_id in known:
                following.replace(path)
            else:
                following.unlink()
            sync(folder)
        yield


def _sentence(detail: ErrorDetails) -> tuple[str, str]:
    if detail["type"] == "extra_forbidden":
        known = TrustedKey if "keys" in detail["loc"] else TrustRoots
        return "there is no such field", spelling(str(detail["loc"][-1]), sorted(known.model_fields))
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Refusal):
        return str(cause), cause.fix
    message = detail["msg"]
    return _WORDS.get(detail["type"], (message[:1].lower() + message[1:], "correct the value"))
