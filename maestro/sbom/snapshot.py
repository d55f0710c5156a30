"""The advisories of one day in one file, found by ecosystem and package without reading the rest.

The file is text, so that a stranger can read it: a first line about the whole, then one line per package, sorted, with
ecosystem, package and its advisories as JSON between tabs. Equal advisories give equal bytes; its SHA-256 names it.
"""

import contextlib
import hashlib
import json
import mmap
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Final, NoReturn

from pydantic import ValidationError

from maestro.canonical import DIGEST_PREFIX, canonical_json
from maestro.errors import IntegrityError, PlatformUnavailable
from maestro.model.base import Model
from maestro.sbom.advisories import Advisory
from maestro.sbom.locked import Ecosystem

FILE_NAME: Final = "advisories.osv.tsv"
_FORM: Final = "maestro-advisories 1"
_DAY_SECONDS: Final = 86_400.0


class Counts(Model):
    """How much is known of one ecosystem."""

    advisories: int
    packages: int


class About(Model):
    """The first line. ``taken`` is the day of the snapshot in UTC, ``newest`` when its newest advisory was changed,
    ``body`` the digest of all other lines.
    """

    taken: date
    newest: datetime
    ecosystems: dict[str, Counts]
    body: str


@dataclass(frozen=True)
class Snapshot:
    """An opened snapshot. ``digest`` is that of the whole file, so it stands for the date as well."""

    about: About
    digest: str
    path: Path
    _data: mmap.mmap | bytes = field(repr=False)
    _start: int = field(repr=False)

    @property
    def taken(self) -> date:
        return self.about.taken

    @cached_property
    def covered(self) -> frozenset[Ecosystem]:
        """The ecosystems of which it has all advisories; of others it knows nothing."""
        return frozenset(each for each in Ecosystem if str(each) in self.about.ecosystems)

    def age_days(self, now: datetime) -> float:
        """Days since the beginning of the snapshot's day; below zero for one that is dated in the future."""
        begun = datetime(self.taken.year, self.taken.month, self.taken.day, tzinfo=UTC)
        return (now.astimezone(UTC) - begun).total_seconds() / _DAY_SECONDS

    def advisories(self, ecosystem: Ecosystem, name: str) -> tuple[Advisory, ...]:
        """The advisories about a package, by id."""
        line = self._line(f"{ecosystem}\t{name}\t".encode())
        if line is None:
            return ()
        return tuple(Advisory.model_validate(each) for each in json.loads(line))

    def _line(self, wanted: bytes) -> bytes | None:
        """What stands behind ``wanted`` on its line, by bisection over the sorted lines."""
        low, high = self._start, len(self._data)
        while low < high:
            middle = self._data.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self._data.find(b"\n", middle, high)
            found = self._data[middle : min(middle + len(wanted), end)]
            if found == wanted:
                return self._data[middle + len(wanted) : end]
            # A key ends in a tab, which sorts before every character of a name: a longer name never hides a shorter.
            if found < wanted:
                low = end + 1
            else:
                high = middle
        return None


def write_snapshot(
    folder: Path, advisories: Mapping[Ecosystem, Mapping[str, Iterable[Advisory]]], *, taken: date
) -> Snapshot:
    """Put a snapshot into ``folder`` in the place of the one before, whole or not at all, and open it.

    Raises ``PlatformUnavailable`` where the folder or its disk does not allow it.
    """
    lines, counts, newest = [], {}, datetime.min.replace(tzinfo=UTC)
    for ecosystem, packages in advisories.items():
        ids = set[str]()
        for name, found in packages.items():
            listed = sorted(found, key=lambda each: each.id)
            ids.update(each.id for each in listed)
            newest = max(newest, *(each.modified for each in listed))
            body = canonical_json([each.model_dump(mode="json", exclude_defaults=True) for each in listed])
            lines.append(f"{ecosystem}\t{name}\t{body}\n".encode())
        counts[str(ecosystem)] = Counts(advisories=len(ids), packages=len(packages))
    body_digest = hashlib.sha256()
    lines.sort()
    for line in lines:
        body_digest.update(line)
    about = About(taken=taken, newest=newest, ecosystems=counts, body=DIGEST_PREFIX + body_digest.hexdigest())
    _replace(folder / FILE_NAME, [f"{_FORM}\t{canonical_json(about)}\n".encode(), *lines])
    opened = open_snapshot(folder)
    if opened is None:
        raise PlatformUnavailable("the snapshot vanished after it was written", field=str(folder), fix="import again")
    return opened


def open_snapshot(folder: Path) -> Snapshot | None:
    """The snapshot in ``folder``; None where there is none. Raises ``IntegrityError`` for one that is damaged."""
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        return None
    except ValueError:
        _damaged(path, "it is empty")
    except OSError as error:
        raise PlatformUnavailable(
            f"the advisories cannot be read: {error.strerror}", field=str(path), fix="give this user the file"
        ) from error
    start = data.find(b"\n") + 1
    form, _, first = data[:start].partition(b"\t")
    try:
        about = About.model_validate_json(first)
    except ValidationError:
        _damaged(path, "its first line cannot be read")
    with memoryview(data) as view:
        body = DIGEST_PREFIX + hashlib.sha256(view[start:]).hexdigest()
        digest = DIGEST_PREFIX + hashlib.sha256(view).hexdigest()
    if form.decode(errors="replace") != _FORM or body != about.body:
        _damaged(path, "its lines are not those that were written")
    return Snapshot(about, digest, path, data, start)


def _damaged(path: Path, reason: str) -> NoReturn:
    raise IntegrityError(
        f"the snapshot of advisories is damaged: {reason}", field=str(path), fix="run `maestro advisories import` again"
    )


def _replace(path: Path, lines: Iterable[bytes]) -> None:
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
        with os.fdopen(handle, "wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise PlatformUnavailable(
            f"the advisories cannot be written: {error.strerror}", field=str(path), fix="free space, or give the folder"
        ) from error
    finally:
        if partial is not None:
            with contextlib.suppress(FileNotFoundError):
                Path(partial).unlink()
