"""Whose tests are recorded, and where what their shards recorded is put together, when all of a round have ended."""

from functools import reduce
from pathlib import Path

from activities.services import Services
from maestro.config.topology import Recorded
from maestro.impact.knowledge.recording import Recording
from maestro.impact.nearest import nearest_recording
from maestro.ledger.recordings import MEDIA_TYPE
from maestro.model.conduct import GatherRequest, ShardRequest
from maestro.model.pull_request import PullRequest


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
    parts = [Recording.load(services.artifacts.get(ref)) for ref in refs]
    if plan.left_out_count or any(shard.missing_count or shard.resumed for shard in request.shards):
        parts = [*_under(services, mirror, pull_request), *parts]
    stored = services.artifacts.put(reduce(Recording.merge, parts).dump(), media_type=MEDIA_TYPE, name="recording")
    services.ledger.recordings.put(
        stored,
        repo=pull_request.repo,
        revision=pull_request.head_sha,
        environment=plan.environment_key,
        tenant=pull_request.tenant,
    )


def _under(services: Services, mirror: Path, pull_request: PullRequest) -> list[Recording]:
    """Nothing where the nearest recording cannot be used: its tests then count as new, and run."""
    nearest = nearest_recording(
        services.ledger,
        services.artifacts,
        mirror,
        pull_request.head_sha,
        repo=pull_request.repo,
        tenant=pull_request.tenant,
    )
    return [nearest.recording] if nearest.recording else []
