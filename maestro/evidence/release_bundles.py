"""The bundles of a repository: those on record in the ledger, or those in a folder that an auditor was given.

What decides is verified as ``maestro evidence verify`` does it, and only once a commit may rest on it.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from maestro.artifacts import ArtifactStore
from maestro.canonical import DIGEST_PREFIX
from maestro.errors import BadInput, MaestroError
from maestro.evidence.contents import INDEX
from maestro.evidence.index import Index
from maestro.evidence.merges import History
from maestro.evidence.opening import open_bundle
from maestro.evidence.population import Candidate
from maestro.evidence.storing import bundle_of, read_bundle, read_index
from maestro.evidence.verification import verify
from maestro.evidence.writing import ARCHIVE_SUFFIX
from maestro.ledger import Ledger
from maestro.ledger.records import LIST_LIMIT
from maestro.model.record import RecordKind, StoredRecord
from maestro.signing.roots import TrustRoots

FOLDER_LIMIT = 100_000
"""Bundles in one folder; more than a release ever has."""


def bundles_on_record(
    ledger: Ledger, store: ArtifactStore, *, repo: str, trust: TrustRoots, now: datetime
) -> list[Candidate]:
    """Every bundle that the ledger names for the repository, oldest first.

    Raises IntegrityError for a record that is not what was recorded.
    """
    found: list[Candidate] = []
    after = 0
    while batch := ledger.records.list(repo=repo, kind=RecordKind.EVIDENCE, after=after, limit=LIST_LIMIT):
        found += [_on_record(stored, store, trust=trust, now=now) for stored in batch]
        after = batch[-1].sequence
    return found


def bundles_in_folder(folder: Path, *, repo: str, trust: TrustRoots, now: datetime) -> tuple[list[Candidate], int]:
    """Every bundle of the repository right below the folder, as folder or archive, and how many are of other ones.

    What is no bundle, or cannot be read, is a candidate as well, so that it is named. Raises BadInput for a folder that
    cannot be read.
    """
    found: list[Candidate] = []
    others = 0
    for number, path in enumerate(_paths(folder)):
        candidate = _in_file(path, number=number, trust=trust, now=now)
        if candidate.index is not None and candidate.index.subject.repo != repo:
            others += 1
        else:
            found.append(candidate)
    return found, others


def gone_from_branch(history: History, candidates: Iterable[Candidate]) -> list[str]:
    """Bundles that say that they landed on the branch of this history, at a commit that it does not contain."""
    branch = history.branch
    if branch is None:
        return []
    landed: dict[str, Candidate] = {}
    for candidate in candidates:
        landing = candidate.index.subject.landing if candidate.index else None
        if landing is not None and landing.base_ref.removeprefix("refs/heads/") == branch.name:
            landed[landing.commit] = candidate
    there = {commit.sha for commit in history.repository.commits(landed)}
    span = "".join(f"{sha}\n" for sha in (*there, f"^{branch.commit}")).encode()
    outside = set(history.repository.ask("rev-list", "--stdin", stdin=span).decode().split())
    return [
        f"{candidate.name} (pull request {candidate.pr}) says that it landed on {branch.name} as {sha}, which is not in"
        " its history: it was taken out, or this clone is older than the landing"
        for sha, candidate in landed.items()
        if sha not in there or sha in outside
    ]


def _on_record(stored: StoredRecord, store: ArtifactStore, *, trust: TrustRoots, now: datetime) -> Candidate:
    record = stored.record
    index: Index | None = None
    missing = ""
    try:
        index = read_index(store.get(bundle_of(stored, store).index))
    except MaestroError as error:
        missing = f"{error.message} ({error.field})"
    else:
        missing = _unlike(index, stored)
        index = None if missing else index
    return Candidate(
        name=f"bundle of record {stored.sequence}",
        pr=record.pr,
        head=record.head_sha,
        order=(0.0, stored.sequence),
        index_digest=record.inputs.get("index", ""),
        index=index,
        problems=_once(lambda: _problems_on_record(stored, store, trust=trust, now=now)),
        missing=missing,
    )


def _unlike(index: Index, stored: StoredRecord) -> str:
    """Why the index is not what its record says, empty where it is."""
    said, record = index.subject, stored.record
    if (said.repo, said.pr, said.head_sha) != (record.repo, record.pr, record.head_sha):
        return "its index is about another pull request than the record that names it"
    if index.decision.value != record.outcome:
        return f"it says {index.decision.value}, and its record says {record.outcome}"
    return ""


def _problems_on_record(stored: StoredRecord, store: ArtifactStore, *, trust: TrustRoots, now: datetime) -> list[str]:
    """As an auditor would find it: written to a folder, and verified there."""
    with tempfile.TemporaryDirectory(prefix="maestro-bundle-") as made:
        for path, content in read_bundle(bundle_of(stored, store), store):
            # Never out of the folder: the index is not believed yet.
            target = Path(os.path.normpath(Path(made) / path))
            if not target.is_relative_to(made):
                return [f"{path}: it leads out of the bundle"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return _problems_at(Path(made), head=stored.record.head_sha, trust=trust, now=now)


def _problems_at(path: Path, *, head: str, trust: TrustRoots, now: datetime) -> list[str]:
    verified = verify(path, trust=trust, now=now, expected_head=head)
    told = [f"{problem.file}: {problem.reason}" for problem in verified.problems]
    return told or ([] if verified.holds else ["a check was not possible"])


def _in_file(path: Path, *, number: int, trust: TrustRoots, now: datetime) -> Candidate:
    index: Index | None = None
    digest = missing = ""
    try:
        found = open_bundle(path).files.get(INDEX)
        if found is None or found.content is None:
            raise BadInput(f"there is no {INDEX} in it", field=str(path))
        index, digest = read_index(found.content), found.digest
    except MaestroError as error:
        missing = error.message
    head = index.subject.head_sha if index else ""
    return Candidate(
        name=path.name,
        pr=index.subject.pr if index else "",
        head=head or f"unknown/{number}",
        order=(index.sealed_at.timestamp() if index else 0.0, number),
        index_digest=digest,
        index=index,
        problems=_once(lambda: _problems_at(path, head=head, trust=trust, now=now)),
        missing=missing,
    )


def _once(problems: Callable[[], list[str]]) -> Callable[[], tuple[str, ...]]:
    @cache
    def asked() -> tuple[str, ...]:
        try:
            return tuple(problems())
        except MaestroError as error:
            return (f"{error.message} ({error.field})" if error.field.startswith(DIGEST_PREFIX) else error.message,)
        except (OSError, ValueError) as error:
            return (f"it cannot be verified: {error}",)

    return asked


def _paths(folder: Path) -> Iterator[Path]:
    try:
        listed = sorted(folder.iterdir())
    except OSError as error:
        raise BadInput(
            f"the folder cannot be read: {error.strerror}", field="--bundles", fix="name a folder of exported bundles"
        ) from error
    if len(listed) > FOLDER_LIMIT:
        raise BadInput(
            f"it holds {len(listed)} entries", field="--bundles", fix=f"give at most {FOLDER_LIMIT} in one folder"
        )
    for path in listed:
        if not path.name.startswith(".") and (path.is_dir() or path.name.endswith(ARCHIVE_SUFFIX)):
            yield path
