"""What a failing test of the night turned out to be, and the pull request that owes it."""

from enum import StrEnum
from typing import Literal

from maestro.model.artifact import ArtifactRef
from maestro.model.base import Model


class FindingKind(StrEnum):
    """A failure counts as one of these, and only as an escape after it was run on both sides of what broke it."""

    ESCAPE = "escape"
    OLD_FAILURE = "old_failure"
    FLAKY = "flaky"
    UNTRACED = "untraced"


class Sight(StrEnum):
    """What a probe saw of one test at one revision. ``absent``: the test did not exist there, so nothing was broken;
    ``unknown``: nobody can say, because the revision could not be tested.
    """

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Suspect(Model):
    """A test that failed at the end of a line of revisions. ``good`` is the index of the revision from which on it is
    searched: where it is known or supposed to have passed; ``why`` says which, as a sentence.
    """

    test: str
    good: int
    why: str


class TraceSubject(Model):
    """What is traced, fixed before the first probe; an artifact. ``line`` has the revisions oldest first, and the tests
    failed at its last one. ``skipped`` failed as well and are beyond what one night traces.
    """

    line: tuple[str, ...]
    suspects: tuple[Suspect, ...]
    skipped: tuple[str, ...] = ()


class Finding(Model):
    """What became of one suspect. ``evidence`` are sentences, each about something that was run.

    ``first_bad`` and ``base`` are set for an escape: the first revision at which the test fails, and what was seen of
    it at the revision before.
    """

    test: str
    kind: FindingKind
    evidence: tuple[str, ...]
    first_bad: str = ""
    base: Literal[Sight.PASSED, Sight.ABSENT] | None = None


class Escape(Model):
    """A failure that was merged, or decided green, and the pull request that owes it.

    ``pr`` is empty where ``head_sha`` is a commit that no conducted pull request brought. ``first_bad_head`` is the
    first revision at which the test fails, ``base_verdict`` what it did just before. ``left_out`` says that the pull
    request's own plan left the test out, ``false_green`` that the pull request was decided green all the same.
    ``changed_files`` are the paths that the pull request changed, old names included.
    """

    test: str
    repo: str
    tenant: str = "default"
    pr: str = ""
    head_sha: str
    first_bad_head: str
    base_verdict: Literal[Sight.PASSED, Sight.ABSENT]
    evidence: tuple[str, ...]
    changed_files: tuple[str, ...]
    left_out: bool
    false_green: bool

    @property
    def owner(self) -> str:
        """Who owes it, as people say it. A pull request has many heads, and one that no forge knows has no number."""
        head = self.head_sha[:12]
        return f"pull request {self.pr} ({head})" if self.pr else f"commit {head}"


class PastEscape(Model):
    """What a later selection needs to know of an escape: who owed it, and the files that were changed then."""

    owner: str
    files: frozenset[str]


class Trace(Model):
    """The findings of one run of the night in figures; all of them are in ``findings``, a list of ``Finding``.

    ``escapes`` names at most ``SAMPLE_LIMIT`` of the escaped tests.
    """

    counts: dict[FindingKind, int]
    escapes: tuple[str, ...] = ()
    probes: int = 0
    findings: ArtifactRef
