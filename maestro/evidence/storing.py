"""A bundle in the artifact store: each file under its own digest, so that nothing is stored a second time."""

from collections.abc import Iterable, Iterator

from maestro.artifacts import ArtifactStore
from maestro.canonical import digest_of_bytes
from maestro.errors import BadInput, IntegrityError
from maestro.evidence.contents import INDEX, SUMMARY, Member
from maestro.evidence.index import Index
from maestro.evidence.untrusted import read_object
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import Bundle
from maestro.model.record import StoredRecord

JSON = "application/json"
ENVELOPE = "application/vnd.dsse.envelope.v1+json"


def store_bundle(members: Iterable[Member], *, index: bytes, summary: Member, store: ArtifactStore) -> Bundle:
    """Store every file of a bundle; the references to its index and its signed summary find all others again.

    Raises IntegrityError where the members are not the files that the index names.
    """
    wanted = {file.path: file.digest for file in read_index(index).files}
    for member in members:
        if wanted.pop(member.path, None) != digest_of_bytes(member.content):
            raise _other(member.path)
        store.put(member.content, media_type=member.media_type, name=member.path)
    for path in wanted:
        raise _other(path)
    return Bundle(
        index=store.put(index, media_type=JSON, name=INDEX),
        summary=store.put(summary.content, media_type=summary.media_type, name=SUMMARY),
    )


def bundle_of(record: StoredRecord, store: ArtifactStore) -> Bundle:
    """The bundle that a record of kind ``evidence`` put on record.

    Raises IntegrityError where its index or its summary is missing or damaged, BadInput for another kind of record.
    """
    inputs = record.record.inputs
    try:
        index = ArtifactRef(digest=inputs["index"], media_type=JSON, bytes=0, name=INDEX)
        summary = ArtifactRef(digest=inputs["summary"], media_type=ENVELOPE, bytes=0, name=SUMMARY)
    except (KeyError, ValueError) as error:
        raise BadInput(
            f"the record {record.sequence} names no bundle",
            field=record.record.key,
            fix="name a record of kind evidence",
        ) from error
    return Bundle(index=_sized(index, store), summary=_sized(summary, store))


def read_bundle(bundle: Bundle, store: ArtifactStore) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every file of a stored bundle, each checked, in the order of their paths.

    Raises IntegrityError, naming it, for one that is missing or damaged.
    """
    index = store.get(bundle.index)
    refs = {
        file.path: ArtifactRef(digest=file.digest, media_type=file.media_type, bytes=file.bytes, name=file.path)
        for file in read_index(index).files
    }
    for path, ref in sorted((refs | {INDEX: bundle.index, SUMMARY: bundle.summary}).items()):
        yield path, store.get(ref)


def read_index(content: bytes) -> Index:
    """The index that ``content`` holds. Raises BadInput, naming it, for anything else."""
    try:
        return Index.model_validate(read_object(content, file=INDEX))
    except ValueError as error:
        raise BadInput(f"it is no index of a bundle: {error}", field=INDEX, fix="name a bundle of Maestro") from error


def _sized(ref: ArtifactRef, store: ArtifactStore) -> ArtifactRef:
    return ref.model_copy(update={"bytes": len(store.get(ref))})


def _other(path: str) -> IntegrityError:
    return IntegrityError(
        "this file and the index of the bundle do not fit", field=path, fix="make the index of exactly these members"
    )
