"""Files that come with a pull request: what a forge's checks say, and attestations. They are stored and travel as
references; what can be seen to be wrong is refused before anything starts, and what they claim is judged later.
"""

from collections.abc import Sequence
from pathlib import Path

from maestro.artifacts import ArtifactStore
from maestro.assurance.checks import checks_facts
from maestro.errors import BadInput
from maestro.home import artifacts_dir
from maestro.model.artifact import ArtifactRef
from maestro.model.pull_request import PullRequest

LIMIT_BYTES = 64 * 1024 * 1024
"""Of one file. The largest attestation in the wild, a bill of materials, has a tenth of it."""

LIMIT_FILES = 100

STATEMENT = "--attestation"
CHECKS = "--checks"
JSON = "application/json"


def given(
    checks: Path | None, attestations: Sequence[Path], *, pull_request: PullRequest
) -> dict[str, ArtifactRef | tuple[ArtifactRef, ...]]:
    """The references of the stored files, by the field of the pull request that takes them.

    Raises BadInput, naming the option and the file, for one that is too large or that speaks of another head.
    """
    if len(attestations) > LIMIT_FILES:
        raise BadInput(
            f"{len(attestations)} files are more than {LIMIT_FILES}", field=STATEMENT, fix="put them into fewer files"
        )
    read = [_read(path, option=STATEMENT) for path in attestations]
    said = None if checks is None else _checked(checks, pull_request)
    if said is None and not read:
        return {}
    store = ArtifactStore(artifacts_dir())
    kept: dict[str, ArtifactRef | tuple[ArtifactRef, ...]] = {
        "attestations": tuple(store.put(content, media_type=JSON, name=name) for name, content in read)
    }
    if said is not None:
        kept["checks"] = store.put(said[1], media_type=JSON, name=said[0])
    return kept


def _checked(path: Path, pull_request: PullRequest) -> tuple[str, bytes]:
    name, content = _read(path, option=CHECKS)
    try:
        checks_facts(content, required=(), head_sha=pull_request.head_sha)
    except BadInput as error:
        raise BadInput(error.message, field=f"{CHECKS} {path}: {error.field}", fix=error.fix) from error
    return name, content


def _read(path: Path, *, option: str) -> tuple[str, bytes]:
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"it cannot be read: {error.strerror}", field=f"{option} {path}", fix="name a file that can be read"
        ) from error
    if not content or len(content) > LIMIT_BYTES:
        what = "it is empty" if not content else f"it has more than {LIMIT_BYTES} bytes"
        raise BadInput(what, field=f"{option} {path}", fix="name the right file")
    return path.name, content
