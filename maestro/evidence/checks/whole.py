"""Whether the bundle is whole: its paths, its digests, and every reference in both directions."""

from collections.abc import Iterator

from maestro.canonical import digest_of_bytes
from maestro.errors import BadInput
from maestro.evidence.case import Case, Unreadable, differing
from maestro.evidence.contents import INDEX, SUMMARY, Role
from maestro.evidence.indexing import OWN_JSON, unreferenced
from maestro.evidence.paths import sameness, why_not
from maestro.evidence.references import Names, is_artifact, missing, references
from maestro.evidence.verdict import Problem


def plain_files(case: Case) -> Iterator[Problem]:
    """Nothing in it is a link, a device, or a file under a path that could mean another one."""
    for path, reason in case.opened.problems:
        yield Problem(file=path, reason=reason)


def index_is_signed(case: Case) -> Iterator[Problem]:
    """The signed summary names the digest of the index as it is."""
    stated = [
        subject.digest.get("sha256", "") for subject in case.statement(SUMMARY).body.subject if subject.name == INDEX
    ]
    if len(stated) != 1:
        yield Problem(file=SUMMARY, reason=f"it names {len(stated)} digests of {INDEX}, and one is wanted")
    else:
        found = digest_of_bytes(case.content(INDEX))
        yield from differing(INDEX, "its digest", found=found, wanted=f"sha256:{stated[0]}")


def every_file(case: Case) -> Iterator[Problem]:
    """Every file that the index names is there with its size and digest, and no other."""
    named: dict[str, str] = {}
    for file in case.index.files:
        if reason := _unusable(file.path, named):
            yield Problem(file=file.path, reason=f"the index cannot name it: {reason}")
        named[sameness(file.path)] = file.path
        found = case.opened.files.get(file.path)
        if found is None:
            yield Problem(file=file.path, reason="it is missing")
        elif found.size_bytes != file.bytes:
            yield from differing(file.path, "its size in bytes", found=found.size_bytes, wanted=file.bytes)
        else:
            yield from differing(file.path, "its digest", found=found.digest, wanted=file.digest)
        if file.role is Role.ARTIFACT or is_artifact(file.path):
            wanted = f"artifacts/{file.digest.removeprefix('sha256:')}"
            yield from differing(file.path, "the path of an artifact", found=file.path, wanted=wanted)
            yield from differing(file.path, "the role of an artifact", found=file.role.value, wanted="artifact")
    for path in sorted(case.opened.files.keys() - set(named.values()) - {INDEX, SUMMARY}):
        yield Problem(file=path, reason="the index does not name it")


def references_both_ways(case: Case) -> Iterator[Problem]:
    """What a file names is in the bundle and stands in the index, and every artifact is named by a file."""
    index, files = case.index, case.files
    names = Names.of((file.path, file.digest) for file in index.files)
    for control in index.controls:
        for path in control.evidence:
            if path not in files:
                yield Problem(file=path, reason=f"the control {control.control} rests on it, and it is not there")
            elif files[path].role is not Role.ARTIFACT:
                yield Problem(file=path, reason=f"the control {control.control} rests on it, and it is no artifact")
    for path in unreferenced(index.files, index.controls):
        yield Problem(file=path, reason="nothing refers to this artifact")
    for file in index.files:
        if not is_artifact(file.path) and file.path in case.opened.files:
            content = case.content(file.path)
            found = references(file.path, content, role=file.role, media_type=file.media_type, names=names)
            yield from differing(file.path, "what it refers to", found=found, wanted=file.refers_to)
            if file.role in OWN_JSON:
                yield from _lost(file.path, content, names)


def _lost(path: str, content: bytes, names: Names) -> Iterator[Problem]:
    try:
        for digest in missing(content, file=path, names=names):
            yield Problem(file=path, reason=f"it refers to the artifact {digest}, which is not there")
    except BadInput as error:
        raise Unreadable(path, error.message) from error


def _unusable(path: str, named: dict[str, str]) -> str:
    if sameness(path) in named:
        return f"it names {named[sameness(path)]!r} already"
    return why_not(path) or ("it is the index or the summary" if path in {INDEX, SUMMARY} else "")
