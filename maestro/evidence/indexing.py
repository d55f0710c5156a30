"""Makes the index of a bundle, and refuses a bundle whose files do not hold together before anything is signed.

The same contents and members give the same bytes, in whatever order the members come.
"""

from collections.abc import Iterable

from maestro.canonical import DIGEST_PREFIX, canonical_json, digest_of_bytes
from maestro.errors import BadInput, IntegrityError
from maestro.evidence.contents import INDEX, SUMMARY, Contents, Landing, Member, Role, artifact_path
from maestro.evidence.index import Index, IndexedControl, IndexedFile, Subject
from maestro.evidence.paths import sameness, why_not
from maestro.evidence.references import Names, missing, references
from maestro.model.evidence import ControlFinding
from maestro.model.pull_request import PullRequest

FILES_LIMIT = 100_000
OWN_JSON = frozenset({Role.CARD, Role.FACTS})
"""Files whose references to stored artifacts Maestro wrote itself; each must lead to a file of the bundle."""


def index_of(contents: Contents, members: Iterable[Member]) -> bytes:
    """The index of the members as canonical JSON.

    Raises BadInput for a path that a bundle cannot have or has twice, IntegrityError where a reference leads out of the
    bundle, where nothing refers to an artifact, or where an artifact does not have the digest that its path says.
    """
    ordered = sorted(members, key=lambda member: member.path)
    _require_paths(ordered)
    digests = {member.path: digest_of_bytes(member.content) for member in ordered}
    names = Names.of(digests.items())
    files = tuple(_indexed(member, digest=digests[member.path], names=names) for member in ordered)
    controls = tuple(control_of(finding) for finding in contents.card.findings)
    _require_whole(ordered, files=files, controls=controls, names=names)
    card = contents.card
    index = Index(
        subject=subject_of(card.pull_request, tested_tree=contents.tested_tree, landing=contents.landing),
        decision=card.decision.state,
        decided_by=card.decision.actor,
        reasons=card.decision.reasons,
        controls=controls,
        files=files,
        catalogue_digest=contents.catalogue_digest,
        policy_digest=contents.policy_digest,
        maestro_version=contents.maestro_version,
        sealed_at=contents.sealed_at,
    )
    return canonical_json(index).encode()


def subject_of(pull_request: PullRequest, *, tested_tree: str, landing: Landing | None) -> Subject:
    """What a bundle of this pull request is about."""
    return Subject(
        repository=pull_request.repository,
        repo=pull_request.repo,
        pr=pull_request.pr,
        title=pull_request.title,
        author=pull_request.author,
        base_sha=pull_request.base_sha,
        merge_base_sha=pull_request.merge_base_sha,
        head_sha=pull_request.head_sha,
        tested_tree=tested_tree,
        landing=landing,
    )


def control_of(finding: ControlFinding) -> IndexedControl:
    """The answer of a control as the index has it."""
    return IndexedControl(
        control=finding.control,
        title=finding.title,
        tier=finding.tier,
        state=finding.state,
        evidence=tuple(dict.fromkeys(artifact_path(ref) for ref in finding.evidence)),
    )


def unreferenced(files: Iterable[IndexedFile], controls: Iterable[IndexedControl]) -> tuple[str, ...]:
    """The artifacts to which neither a control nor a file refers, by path."""
    listed = tuple(files)
    referred = {path for control in controls for path in control.evidence}
    referred.update(path for file in listed for path in file.refers_to)
    return tuple(file.path for file in listed if file.role is Role.ARTIFACT and file.path not in referred)


def _require_paths(members: list[Member]) -> None:
    if len(members) > FILES_LIMIT:
        raise BadInput(
            f"a bundle of {len(members)} files is more than the {FILES_LIMIT} that anybody verifies",
            field=INDEX,
            fix="store logs of shards in fewer files",
        )
    met = {sameness(reserved): reserved for reserved in (INDEX, SUMMARY)}
    for member in members:
        reason = why_not(member.path)
        if not reason and sameness(member.path) in met:
            reason = f"{met[sameness(member.path)]} is there already, and some systems take them for the same file"
        if reason:
            raise BadInput(
                f"a bundle cannot have a file at {member.path!r}: {reason}", field=member.path[:200], fix="rename it"
            )
        met[sameness(member.path)] = member.path


def _indexed(member: Member, *, digest: str, names: Names) -> IndexedFile:
    return IndexedFile(
        path=member.path,
        digest=digest,
        bytes=len(member.content),
        media_type=member.media_type,
        role=member.role,
        shows=member.shows,
        refers_to=references(member.path, member.content, role=member.role, media_type=member.media_type, names=names),
    )


def _require_whole(
    members: list[Member], *, files: tuple[IndexedFile, ...], controls: tuple[IndexedControl, ...], names: Names
) -> None:
    paths = {file.path for file in files}
    for file in files:
        hexadecimal = file.digest.removeprefix(DIGEST_PREFIX)
        if file.role is Role.ARTIFACT and file.path != f"artifacts/{hexadecimal}":
            raise _broken(f"the artifact's bytes hash to {file.digest}", file.path)
    for control in controls:
        for path in control.evidence:
            if path not in paths:
                raise _broken(f"the control {control.control} rests on it, and it is not in the bundle", path)
    for member in members:
        if member.role in OWN_JSON:
            for digest in missing(member.content, file=member.path, names=names):
                raise _broken(f"{member.path} refers to it, and it is not in the bundle", digest)
    for path in unreferenced(files, controls):
        raise _broken("nothing in the bundle refers to this artifact", path)


def _broken(message: str, field: str) -> IntegrityError:
    return IntegrityError(message, field=field, fix="build the bundle from the artifacts of its own contents")
