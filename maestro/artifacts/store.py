"""Content-addressed bytes on the local disk.

An artifact is there completely or not at all, under the digest of its content, whoever else writes at the same time;
it is checked against that digest whenever it is read. Media type and name live in the reference only.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from maestro.canonical import DIGEST_PREFIX, canonical_json
from maestro.errors import BadInput, IntegrityError, MaestroError, PlatformUnavailable
from maestro.model.artifact import ArtifactRef

ModelT = TypeVar("ModelT", bound=BaseModel)

CHUNK_BYTES = 1024 * 1024
ABANDONED_SECONDS = 24 * 3_600.0
"""A partial file this old belongs to a writer that died; no write takes that long."""

_PARTIAL = "partial"
_FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class ArtifactStore:
    """Put and get artifacts below one folder. Safe for many threads and processes on that folder."""

    def __init__(self, root: Path) -> None:
        """Open the store, make its folders, and remove what writers that died left behind.

        Raises PlatformUnavailable where that cannot be done.
        """
        self._root = root
        with self._explained():
            (root / _PARTIAL).mkdir(parents=True, exist_ok=True)
            _remove_abandoned(root / _PARTIAL)

    def put(self, content: bytes, *, media_type: str, name: str = "") -> ArtifactRef:
        """Store bytes. Raises PlatformUnavailable where the disk is full or not writable."""
        return self._put_stream(io.BytesIO(content), media_type=media_type, name=name)

    def put_file(self, path: Path, *, media_type: str, name: str | None = None) -> ArtifactRef:
        """Store a copy of a file of any size; ``name`` is the file's own where none is given.

        Raises BadInput where the file cannot be read, PlatformUnavailable where the disk is full or not writable.
        """
        try:
            source = path.open("rb")
        except OSError as error:
            raise BadInput(
                f"the file cannot be read: {error.strerror}", field=str(path), fix="name a file that exists"
            ) from error
        with source:
            return self._put_stream(source, media_type=media_type, name=path.name if name is None else name)

    def put_model(self, model: BaseModel, *, name: str) -> ArtifactRef:
        """Store a model as canonical JSON: equal models have equal digests."""
        return self.put(canonical_json(model).encode(), media_type="application/json", name=name)

    def get(self, ref: ArtifactRef) -> bytes:
        """The bytes of an artifact. Raises IntegrityError where they are gone or are not those that were stored."""
        with self._explained(ref), self._file(ref.digest).open("rb") as file:
            content = file.read()
        _require_digest(ref, found=hashlib.sha256(content).hexdigest())
        return content

    def path(self, ref: ArtifactRef) -> Path:
        """The file of an artifact, checked now, to be read and never written. Raises as ``get`` does."""
        file = self._file(ref.digest)
        with self._explained(ref):
            found = _sha256(file)
        _require_digest(ref, found=found)
        return file

    def read_model(self, ref: ArtifactRef, model: type[ModelT]) -> ModelT:
        """The model that ``put_model`` stored. Raises as ``get`` does, and IntegrityError for another kind of model."""
        try:
            # Not model_validate_json: it refuses names that are not UTF-8, which canonical JSON can carry.
            return model.model_validate(json.loads(self.get(ref)))
        except (ValidationError, ValueError) as error:
            raise IntegrityError(
                f"the artifact is no {model.__name__}: {error}", field=ref.digest, fix="check which artifact was meant"
            ) from error

    def remove(self, ref: ArtifactRef) -> None:
        """Take an artifact out, if it is there; for who knows that nothing else refers to the same bytes.

        Raises PlatformUnavailable where the store cannot be changed.
        """
        with self._explained(ref):
            self._file(ref.digest).unlink(missing_ok=True)

    def _put_stream(self, source: BinaryIO, *, media_type: str, name: str) -> ArtifactRef:
        with self._explained():
            handle, partial_name = tempfile.mkstemp(dir=self._root / _PARTIAL)
            partial = Path(partial_name)
            try:
                with os.fdopen(handle, "wb") as target:
                    digest, size = _copy(source, target)
                    ref = ArtifactRef(digest=digest, media_type=media_type, bytes=size, name=name)
                    if not self._is_intact(ref):
                        target.flush()
                        os.fsync(target.fileno())
                        os.fchmod(target.fileno(), 0o444)
                        self._keep(partial, self._file(digest))
            finally:
                partial.unlink(missing_ok=True)
        return ref

    def _is_intact(self, ref: ArtifactRef) -> bool:
        """It is stored already; a damaged copy is not, and is replaced by the good bytes that are at hand."""
        file = self._file(ref.digest)
        return file.exists() and DIGEST_PREFIX + _sha256(file) == ref.digest

    def _keep(self, partial: Path, final: Path) -> None:
        final.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(final)
        # A rename survives a power cut only once the folders that name it are on the disk.
        for folder in (final.parent, final.parent.parent, self._root):
            _fsync_folder(folder)

    def _file(self, digest: str) -> Path:
        hexadecimal = digest.removeprefix(DIGEST_PREFIX)
        return self._root / "sha256" / hexadecimal[:2] / hexadecimal

    @contextlib.contextmanager
    def _explained(self, ref: ArtifactRef | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if ref is None:
                raise self._unavailable(error) from error
            raise IntegrityError(
                f"the artifact {ref.name or ref.media_type} is not in the store",
                field=ref.digest,
                fix=f"restore it below {self._root}, or open the store that holds it",
            ) from error
        except OSError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: OSError) -> MaestroError:
        if error.errno in _FULL_DISK:
            message, fix = "the artifact store's disk is full", "free space, then try again; nothing was half-written"
        elif error.errno in _NOT_WRITABLE:
            message, fix = "the artifact store may not be used by this user", "give this user the folder"
        else:
            message, fix = f"the artifact store fails: {error.strerror}", "check the folder and its disk"
        return PlatformUnavailable(message, field=str(self._root), fix=fix)


def _copy(source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    """Copy, and say what was copied: its digest, and its size in bytes."""
    running = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        running.update(chunk)
        target.write(chunk)
        size += len(chunk)
    return DIGEST_PREFIX + running.hexdigest(), size


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _require_digest(ref: ArtifactRef, *, found: str) -> None:
    if DIGEST_PREFIX + found != ref.digest:
        raise IntegrityError(
            f"the stored bytes of {ref.name or ref.media_type} are not those that were stored: they hash to {found}",
            field=ref.digest,
            fix="put the artifact again from its source, or restore it from a backup",
        )


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(folder: Path) -> None:
    oldest = time.time() - ABANDONED_SECONDS
    for partial in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process removed it first
            if partial.stat().st_mtime < oldest:
                partial.unlink()
