"""By whose signature a checkpoint is believed: a key that the trust roots name for it, at the time that it states."""

from datetime import datetime

from maestro.ledger.checkpoints_check import Reader
from maestro.ledger.checkpoints_statement import PAYLOAD_TYPE
from maestro.signing.roots import TrustRoots
from maestro.signing.trust import time_at, verify_envelope
from maestro.signing.trusted import Purpose


def believing(trust: TrustRoots, *, now: datetime) -> Reader:
    """What ``Checkpoints.verify`` reads envelopes by. ``now`` is the reader's time."""

    def read(envelope: bytes, name: str) -> bytes:
        verified = verify_envelope(
            envelope,
            payload_type=PAYLOAD_TYPE,
            trust=trust,
            signed_at=time_at("predicate", "at"),
            now=now,
            purpose=Purpose.CHECKPOINT,
            field=name,
        )
        return verified.payload

    return read
