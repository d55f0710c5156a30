"""Which flaky tests do not block for a while: with evidence, an owner and an end, or not at all.

Only flips count for entering: the test failed and passed at the same revision. A quarantined test runs all the same,
and its failures are named; they stop a pull request again as soon as the quarantine has expired. One of the flips must
be of a main branch: nobody shall silence a test by pull requests that make it flip.
"""

from collections.abc import Sequence
from datetime import timedelta

from maestro.impact.risk.flaky import Behaviour, flakiness_of
from maestro.model.flaky import Flip, Quarantine

FLIPS_NEEDED = 2
"""One flip may be a machine that failed."""

PROBABILITY_NEEDED = 0.9

LASTS = timedelta(days=14)
"""Long enough to mend a test, too short to forget it."""

EVIDENCE_NAMED = 5
"""Newest flips whose sentences go with the quarantine."""


def quarantine_of(test: str, flips: Sequence[Flip], *, repo: str, tenant: str, owner: str) -> Quarantine | None:
    """The quarantine that the flips of a test justify, or None; it begins with the newest. ``flips`` are oldest first.

    A test that was there before needs new evidence: ``flips`` begins after its last quarantine did.
    """
    found = flakiness_of(Behaviour(reruns=(len(flips), len(flips))))
    enough = len(flips) >= FLIPS_NEEDED and any(flip.on_main for flip in flips)
    if not enough or found.probability < PROBABILITY_NEEDED:
        return None
    newest = tuple(f"{flip.evidence} ({flip.at:%Y-%m-%d})" for flip in flips[-EVIDENCE_NAMED:])
    return Quarantine(
        test=test,
        repo=repo,
        tenant=tenant,
        probability=found.probability,
        evidence=newest,
        owner=owner,
        entered_at=flips[-1].at,
        expires_at=flips[-1].at + LASTS,
    )
