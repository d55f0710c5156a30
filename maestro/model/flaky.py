"""What is known of tests that pass and fail at the same revision, and the quarantine that follows from it."""

from datetime import datetime

from pydantic import Field

from maestro.model.base import Model


class Flip(Model):
    """Once, a test both passed and failed at ``revision``; ``evidence`` is the sentence on how that was seen.

    ``on_main``: the revision is one of a main branch, so no single pull request can have made the test flip.
    """

    revision: str
    evidence: str
    on_main: bool
    at: datetime


class Quarantine(Model):
    """A flaky test whose failures do not block until ``expires_at``, and are named instead. It runs all the same.

    ``evidence`` are the sentences that it was put there for, ``probability`` that of the test being flaky; ``owner``
    is whom to ask, the newest author of its file.
    """

    test: str
    repo: str
    tenant: str = "default"
    probability: float = Field(ge=0, le=1)
    evidence: tuple[str, ...] = Field(min_length=1)
    owner: str
    entered_at: datetime
    expires_at: datetime
