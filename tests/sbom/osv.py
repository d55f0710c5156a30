"""Advisories for tests. Ids, ranges and vectors of real ones are facts of the databases named; no text is taken over.

PYSEC: PyPA's advisory database (CC-BY-4.0). GHSA: GitHub's advisory database (CC-BY-4.0). RUSTSEC: RustSec's (CC0-1.0).
"""

import json
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from maestro.sbom import Snapshot, import_advisories

TAKEN = date(2026, 11, 20)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

Record = dict[str, Any]
WORST = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def advisory(
    identity: str,
    package: str,
    *events: tuple[str, str],
    ecosystem: str = "PyPI",
    kind: str = "ECOSYSTEM",
    aliases: Iterable[str] = (),
    cvss: str = "",
    modified: str = "2026-11-01T00:00:00Z",
    **others: Any,
) -> Record:
    """A record with one range of one package; ``others`` are further keys, or replace these."""
    ranges = [{"type": kind, "events": [{name: version} for name, version in events]}] if events else []
    severity = [{"type": "CVSS_V4" if cvss.startswith("CVSS:4") else "CVSS_V3", "score": cvss}] if cvss else []
    return {
        "schema_version": "1.6.0",
        "id": identity,
        "modified": modified,
        "aliases": list(aliases),
        "severity": severity,
        "affected": [{"package": {"ecosystem": ecosystem, "name": package}, "ranges": ranges}],
    } | others


JINJA2 = advisory(
    "PYSEC-2021-66",
    "jinja2",
    ("introduced", "0"),
    ("fixed", "2.11.3"),
    aliases=["CVE-2020-28493", "GHSA-g3rq-g295-4j3m"],
)
JINJA2_BY_GITHUB = advisory(
    "GHSA-g3rq-g295-4j3m",
    "Jinja2",
    ("introduced", "0"),
    ("fixed", "2.11.3"),
    aliases=["CVE-2020-28493"],
    cvss="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
)
DJANGO = advisory(
    "PYSEC-2022-190",
    "django",
    *(("introduced", "4.0"), ("fixed", "4.0.4"), ("introduced", "3.2"), ("fixed", "3.2.13")),
    *(("introduced", "2.2"), ("fixed", "2.2.28")),
    aliases=["CVE-2022-28346", "GHSA-2gwj-7jmv-h26r"],
)
URLLIB3 = advisory(
    "PYSEC-2023-212",
    "urllib3",
    *(("introduced", "2.0.0"), ("fixed", "2.0.7"), ("introduced", "0"), ("fixed", "1.26.18")),
    aliases=["CVE-2023-45803", "GHSA-g4mx-q9vg-27p4"],
    cvss="CVSS:3.1/AV:A/AC:H/PR:H/UI:N/S:U/C:H/I:N/A:N",
)
MINIMIST = advisory(
    "GHSA-xvch-5gv4-984h",
    "minimist",
    *(("introduced", "1.0.0"), ("fixed", "1.2.6"), ("introduced", "0"), ("fixed", "0.2.4")),
    ecosystem="npm",
    aliases=["CVE-2021-44906"],
    cvss=WORST,
)
TIME = advisory(
    "RUSTSEC-2020-0071",
    "time",
    *(("introduced", "0.0.0-0"), ("fixed", "0.2.0"), ("introduced", "0.2.7-0"), ("fixed", "0.2.23")),
    ecosystem="crates.io",
    kind="SEMVER",
    aliases=["CVE-2020-26235"],
    cvss="CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
)
LOG4J = advisory(
    "GHSA-jfh8-c2jp-5v3q",
    "org.apache.logging.log4j:log4j-core",
    *(("introduced", "2.13.0"), ("fixed", "2.15.0"), ("introduced", "0"), ("fixed", "2.3.1")),
    *(("introduced", "2.4"), ("fixed", "2.12.2")),
    ecosystem="Maven",
    aliases=["CVE-2021-44228"],
    cvss="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
)


def write(folder: Path, *records: Record) -> Path:
    """A folder with a JSON file for each record."""
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        (folder / f"{record['id']}.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def archive(path: Path, entries: dict[str, bytes | str]) -> Path:
    """A ZIP archive as OSV publishes them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def snapshot_of(folder: Path, *records: Record, taken: date = TAKEN) -> Snapshot:
    """A snapshot of these records."""
    written = write(folder / "published", *records)
    return import_advisories([written], taken=taken, now=NOW, folder=folder / "advisories")
