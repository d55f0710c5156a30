"""The recording that says most about a revision: that of the nearest of its ancestors that has one."""

from dataclasses import dataclass
from pathlib import Path

from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput, IntegrityError
from maestro.execution.git import tell
from maestro.impact.knowledge.recording import Recording
from maestro.ledger import Ledger

ANCESTORS = 500
"""Revisions among which the nearest recording is looked for; an older one would be doubted in every file."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The ``recording`` with its ``digest``; None where there is none, or where ``trouble`` says why the one that there
    is cannot be used.
    """

    recording: Recording | None = None
    digest: str = ""
    trouble: str = ""


def nearest_recording(
    ledger: Ledger, artifacts: ArtifactStore, repository: Path, revision: str, *, repo: str, tenant: str
) -> Nearest:
    """The recording of ``revision`` or its nearest ancestor; ``repository`` is its git folder.

    Raises ``PlatformUnavailable`` when git or the stores cannot answer.
    """
    ancestors = tell(repository, "rev-list", "--topo-order", f"--max-count={ANCESTORS}", revision).split()
    kept = ledger.recordings.near(ancestors, repo=repo, tenant=tenant)
    if kept is None:
        return Nearest()
    try:
        return Nearest(Recording.load(artifacts.get(kept.ref)), kept.ref.digest)
    except (BadInput, IntegrityError) as error:
        return Nearest(trouble=f"the recording of {kept.revision[:12]} cannot be used: {error.message}")
