"""Whether a signed statement is believed: by whose signature, for what, and at the time that it claims.

Not promised: that the time is true. No time-stamping authority is asked, so a statement's time is the signer's own
claim. A thief of a key can claim any time within its window, which is why a compromised key takes back everything it
ever signed. What bounds a claim from outside are the signed checkpoints of the ledger's chain: a statement whose digest
is recorded before a checkpoint existed before it. Nor is anybody asked online whether a key was revoked meanwhile: the
roots that the reader has are what counts, so an old copy of them knows no newer revocation.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from maestro.signing.algorithms import verifies
from maestro.signing.envelope import (
    Opened,
    Signature,
    SignatureRefused,
    TrustProblem,
    changed,
    open_envelope,
    unknown_key,
)
from maestro.signing.roots import TrustRoots
from maestro.signing.strictjson import read_json
from maestro.signing.trusted import Purpose, Reason, TrustedKey, moment

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of a signer and of the reader, or of whoever ends a key, may be apart. A revocation is not
stretched by it: it is a decision, and no reading of a clock.
"""

SignedAt = Callable[[bytes], datetime | None]
"""Reads from a payload, after its signature was verified, when it claims to be made; None where it claims nothing."""

_SEVERITY = (
    TrustProblem.COMPROMISED,
    TrustProblem.REVOKED,
    TrustProblem.EXPIRED,
    TrustProblem.NOT_YET_VALID,
    TrustProblem.NO_TIME,
    TrustProblem.WRONG_PURPOSE,
    TrustProblem.CHANGED,
    TrustProblem.UNKNOWN_KEY,
)
"""Of several signatures that are all refused, the first of these is told: it says most about what to do."""


_OUR_NAME = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Verified:
    """A payload that is believed, who signed it, and the time that it claims. ``builders`` are those whose provenance
    the key may sign.
    """

    payload: bytes
    key_id: str
    name: str
    builders: tuple[str, ...] = ()
    signed_at: datetime | None = None


def verify_envelope(
    envelope: bytes,
    *,
    payload_type: str,
    trust: TrustRoots,
    signed_at: SignedAt,
    now: datetime,
    purpose: Purpose,
    field: str,
) -> Verified:
    """The payload of a DSSE envelope, if one signature of a key that is trusted for ``purpose`` holds.

    One good signature suffices, whatever the others are. ``signed_at`` gets the payload only once a signature over it
    by a key that is neither compromised nor for another purpose was verified. A payload that claims no time is believed
    only by a key without bounds in time. ``now`` is the reader's time: a statement from the future is refused.

    Raises SignatureRefused with the problem, about ``field``; and whatever MaestroError ``signed_at`` raises.
    """
    opened = open_envelope(envelope, payload_type=payload_type, field=field)
    refusals: list[SignatureRefused] = []
    claimed: list[datetime | None] = []
    for signature in opened.signatures:
        signer = _signer(opened, signature, trust)
        refused = _refused_at_any_time(signer, opened, purpose, field=field)
        if refused is None and isinstance(signer, TrustedKey):
            if not claimed:
                claimed.append(_claimed(opened.payload, signed_at, now=now, field=field))
            refused = _refused_at(claimed[0], signer, field=field)
            if refused is None:
                return Verified(opened.payload, signer.key_id, signer.name, signer.builders, claimed[0])
        refusals.extend([refused] if refused else [])
    raise min(refusals, key=lambda each: _SEVERITY.index(each.problem))


def time_at(*names: str) -> SignedAt:
    """Reads the time of a JSON payload by the names that lead to it, as ``time_at("predicate", "timeVerified")``.

    What it gives is None where nothing is there. It raises SignatureRefused for what is no time, or no JSON.
    """

    def signed_at(payload: bytes) -> datetime | None:
        try:
            value: Any = read_json(payload)
            for name in names:
                value = value.get(name) if isinstance(value, dict) else None
            return None if value is None else moment(value if isinstance(value, str) else repr(value))
        except ValueError as error:
            raise SignatureRefused(
                f"its time cannot be read: {error}",
                problem=TrustProblem.NO_TIME,
                field=".".join(names),
                fix="take the file from where it was made",
            ) from error

    return signed_at


class _Nobody(Enum):
    """Why a signature is nobody's."""

    UNKNOWN = auto()
    UNFITTING = auto()


def _signer(opened: Opened, signature: Signature, trust: TrustRoots) -> TrustedKey | _Nobody:
    """The trusted key that made the signature.

    The name of a key in an envelope is only a hint. Where it is none of our names (cosign writes none at all), every
    key is tried; where it is, no other key is meant.
    """
    if signature.key_id in trust.by_id:
        named = trust.by_id[signature.key_id]
        fits = verifies(named.public, opened.message, signature=signature.signature)
        return named if fits else _Nobody.UNFITTING
    if _OUR_NAME.fullmatch(signature.key_id):
        return _Nobody.UNKNOWN
    fitting = (key for key in trust.keys if verifies(key.public, opened.message, signature=signature.signature))
    return next(fitting, _Nobody.UNKNOWN)


def _refused_at_any_time(
    signer: TrustedKey | _Nobody, opened: Opened, purpose: Purpose, *, field: str
) -> SignatureRefused | None:
    if signer is _Nobody.UNKNOWN:
        return unknown_key(opened, field=field)
    if not isinstance(signer, TrustedKey):
        return changed(field=field)
    if signer.revocation_reason is Reason.COMPROMISED:
        return SignatureRefused(
            f"it is signed by {_named(signer)}, which is compromised: whoever has it can have signed anything",
            problem=TrustProblem.COMPROMISED,
            field=field,
            fix="have the statement made again, by a key that holds",
        )
    if purpose not in signer.purposes:
        return SignatureRefused(
            f"it is signed by {_named(signer)}, trusted for {', '.join(signer.purposes)} but not for {purpose}",
            problem=TrustProblem.WRONG_PURPOSE,
            field=field,
            fix=f"if the key may state this as well, add {purpose} to its purposes in the trust roots",
        )
    return None


def _claimed(payload: bytes, signed_at: SignedAt, *, now: datetime, field: str) -> datetime | None:
    time = signed_at(payload)
    if time is None:
        return None
    if time.tzinfo is None:
        raise SignatureRefused(
            f"it claims to be made at {time:%Y-%m-%d %H:%M:%S}, without a zone",
            problem=TrustProblem.NO_TIME,
            field=field,
            fix="have the statement made again, with its time in UTC",
        )
    if time - now > CLOCK_SKEW:
        raise SignatureRefused(
            f"it claims to be made at {_at(time)}, which is yet to come",
            problem=TrustProblem.FUTURE,
            field=field,
            fix="see that the clock here is right, and the one of the signer",
        )
    return time


def _refused_at(time: datetime | None, signer: TrustedKey, *, field: str) -> SignatureRefused | None:
    """Whether the key may have signed at that time."""
    told: tuple[TrustProblem, str] | None = None
    if time is None:
        if signer.not_before or signer.not_after or signer.revoked_at:
            told = (
                TrustProblem.NO_TIME,
                f"it claims no time, and {_named(signer)} is trusted within bounds of time only",
            )
    elif signer.revoked_at and time > signer.revoked_at:
        told = TrustProblem.REVOKED, f"{_named(signer)} was revoked at {_at(signer.revoked_at)}, before {_at(time)}"
    elif signer.not_after and time - signer.not_after > CLOCK_SKEW:
        told = (
            TrustProblem.EXPIRED,
            f"the time of {_named(signer)} ended at {_at(signer.not_after)}, before {_at(time)}",
        )
    elif signer.not_before and signer.not_before - time > CLOCK_SKEW:
        told = (
            TrustProblem.NOT_YET_VALID,
            f"the time of {_named(signer)} begins at {_at(signer.not_before)}, after {_at(time)}",
        )
    if told is None:
        return None
    problem, sentence = told
    return SignatureRefused(
        sentence, problem=problem, field=field, fix="have the statement made again, by a key that holds"
    )


def _named(key: TrustedKey) -> str:
    return f"the key {key.name!r} ({key.key_id[:19]})"


def _at(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="seconds")
