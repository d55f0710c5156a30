"""Whose tests are recorded, and where what their shards recorded is put together, when all of a round have ended."""

from functools import reduce
from pathlib import Path

from activities.services import Services
from maestro.config.topology import Recorded
from maestro.execution.git import tell
from maestro.impact.knowledge.recording import Recording
from maestro.ledger.recordings import MEDIA_TYPE
from maestro.model.artifact import ArtifactRef
from maestro.model.conduct import GatherRequest, ShardRequest

ANCESTORS = 500
"""Revisions among which the nearest recording is looked for; an older one would be doubted in every file."""


def is_recorded(request: ShardRequest, recorded: Recorded) -> bool:
    """Whether a shard's tests are recorded: by night those of a main branch, not what tracing runs again."""
    pull_request = request.pull_request
    of_main = pull_request.base_sha == pull_request.head_sha
    first = request.attempt == 0 and request.plan.round == 0
    return recorded == "always" or (recorded == "nightly" and of_main and first)


def keep_recording(services: Services, mirror: Path, request: GatherRequest) -> None:
    """Keep what the shards of a round recorded as the recording of its head.

    A run of everything stands alone, so that tests which are gone are forgotten; one that left tests out, or has no
    verdict for some, is laid over the nearest recording of its ancestors.
    """
    refs = [shard.recording for shard in request.shards if shard.recording]
    if not refs:
        return
    pull_request, plan = request.pull_request, request.plan
    whole = not plan.left_out_count and not any(shard.missing_count or shard.resumed for shard in request.shards)
    under = None if whole else _nearest(services, mirror, request)
    parts = [_read(services, ref) for ref in ([under] if under else []) + refs]
    stored = services.artifacts.put(reduce(Recording.merge, parts).dump(), media_type=MEDIA_TYPE, name="recording")
    services.ledger.recordings.put(
        stored,
        repo=pull_request.repo,
        revision=pull_request.head_sha,
        environment=plan.environment_key,
        tenant=pull_request.tenant,
    )


def _nearest(services: Services, mirror: Path, request: GatherRequest) -> ArtifactRef | None:
    pull_request = request.pull_request
    ancestors = tell(mirror, "rev-list", "--topo-order", f"--max-count={ANCESTORS}", pull_request.head_sha).split()
    kept = services.ledger.recordings.near(ancestors, repo=pull_request.repo, tenant=pull_request.tenant)
    return kept.ref if kept else None


def _read(services: Services, ref: ArtifactRef) -> Recording:
    return Recording.load(services.artifacts.get(ref))
