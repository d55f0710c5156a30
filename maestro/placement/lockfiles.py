"""The packages that a head depends on, read from its commit: policy must know them before a region is chosen."""

from functools import lru_cache

from maestro.errors import BadInput
from maestro.execution.git import tell
from maestro.execution.mirror import fetch
from maestro.execution.places import Places
from maestro.model.pull_request import PullRequest
from maestro.placement.dependencies import dependency_names, is_dependency_file

REMEMBERED_HEADS = 256
"""A pull request that waits for a region asks every few seconds, and a commit never changes."""

LOCK_FILE_LIMIT_BYTES = 20_000_000


def dependencies_at(pull_request: PullRequest, *, places: Places) -> tuple[str, ...]:
    """The sorted, normalized names. Raises ``BadInput`` for a file that cannot be read or a repository without it."""
    return _dependencies(pull_request.repository, pull_request.repo, pull_request.head_sha, places)


@lru_cache(maxsize=REMEMBERED_HEADS)
def _dependencies(repository: str, repo: str, sha: str, places: Places) -> tuple[str, ...]:
    mirror = fetch(repository, repo, (sha,), places=places)
    listing = tell(mirror, "ls-tree", "-r", "-z", "--format=%(objectsize) %(path)", sha)
    sizes = {path: size for size, _, path in (entry.partition(" ") for entry in listing.split("\0") if entry)}
    files = {}
    for path, size in sizes.items():
        if not is_dependency_file(path):
            continue
        if size.isdigit() and int(size) > LOCK_FILE_LIMIT_BYTES:
            raise BadInput(
                f"the file has {size} bytes, and placement reads at most {LOCK_FILE_LIMIT_BYTES}",
                field=path,
                fix="split the file, or rename it if it does not list dependencies",
            )
        files[path] = tell(mirror, "cat-file", "blob", f"{sha}:{path}")
    return dependency_names(files)
