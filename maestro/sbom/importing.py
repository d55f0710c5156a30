"""Takes advisories in OSV form into a snapshot: all of them or none, with the file named that is wrong."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from maestro.errors import BadInput
from maestro.sbom.advisories import Advisory, Record, read_record
from maestro.sbom.locked import Ecosystem
from maestro.sbom.snapshot import Snapshot, write_snapshot
from maestro.sbom.sources import files_of

FIRST_DAY: Final = date(2021, 1, 1)
"""OSV began in this year; an earlier date is a slip of the pen."""

_SLACK: Final = timedelta(days=1)
"""Between the day that somebody wrote down and UTC."""


def import_advisories(
    paths: Iterable[Path], *, taken: date, now: datetime, folder: Path, ecosystems: Collection[Ecosystem] = ()
) -> Snapshot:
    """Read folders, ZIP archives and files of advisories, and put them into ``folder`` in the place of those before.

    ``taken`` is the day on which they were published together (UTC). ``ecosystems`` are those of which all advisories
    are there. Without it, one counts as covered when an advisory is about that ecosystem alone: in the archive of one
    ecosystem, those about several do not make it speak for the others. Withdrawn advisories are left out.

    Raises ``BadInput`` for a file that is no advisory, a date that cannot be right, or where nothing is covered.
    """
    _require_plausible(taken, now)
    records = _records(paths, taken)
    covered = set(ecosystems) or {Ecosystem(*each.ecosystems) for each in records if _is_of_one(each)}
    if not covered:
        raise BadInput(
            "no ecosystem is covered: every advisory is about several, or about none that is known",
            field="--ecosystem",
            fix=f"name those of which all advisories are there: {', '.join(Ecosystem)}",
        )
    return write_snapshot(folder, {each: _of(each, records) for each in sorted(covered)}, taken=taken)


def _records(paths: Iterable[Path], taken: date) -> list[Record]:
    """Every advisory once, in its latest form, without those that were withdrawn."""
    found: dict[str, Record] = {}
    for path in paths:
        for source in files_of(path):
            where = source.name if source.name == path.name else f"{path.name}: {source.name}"
            try:
                record = read_record(source.content, is_yaml=source.is_yaml)
                _require_before(record, taken)
                found[record.id] = _later(found.get(record.id), record)
            except BadInput as error:
                raise BadInput(error.message, field=where, fix=error.fix) from error
    return [record for record in found.values() if not _is_withdrawn(record, taken)]


def _of(ecosystem: Ecosystem, records: Iterable[Record]) -> dict[str, list[Advisory]]:
    packages: dict[str, list[Advisory]] = {}
    for record in records:
        for name, advisory in record.packages.get(ecosystem, {}).items():
            packages.setdefault(name, []).append(advisory)
    if not packages:
        raise BadInput(
            f"no advisory is about a package in {ecosystem}",
            field="--ecosystem",
            fix="import what that ecosystem publishes, or leave it out",
        )
    return packages


def _require_plausible(taken: date, now: datetime) -> None:
    if taken > now.astimezone(UTC).date():
        raise BadInput(
            f"{taken} lies in the future: today is {now.astimezone(UTC).date()} (UTC)",
            field="--snapshot",
            fix="give the day on which the advisories were published",
        )
    if taken < FIRST_DAY:
        raise BadInput(
            f"{taken} is before {FIRST_DAY}, when OSV began",
            field="--snapshot",
            fix="give the day on which the advisories were published",
        )


def _require_before(record: Record, taken: date) -> None:
    if record.modified.date() > taken + _SLACK:
        raise BadInput(
            f"it was changed on {record.modified.date()}, after the snapshot's date {taken}",
            fix="give the day on which the advisories were published: --snapshot",
        )


def _is_of_one(record: Record) -> bool:
    return len(record.ecosystems) == 1 and len(record.packages) == 1


def _is_withdrawn(record: Record, taken: date) -> bool:
    return record.withdrawn is not None and record.withdrawn.date() <= taken + _SLACK


def _later(before: Record | None, record: Record) -> Record:
    if before is None or before.modified < record.modified:
        return record
    if before.modified == record.modified and before != record:
        raise BadInput(f"{record.id} was read before and said something else", fix="take one of the two out")
    return before
