"""What the advisories say of a head, and when nobody can say."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from maestro.sbom import LIMIT_DAYS, Assessment, Severity, assess
from tests.execution.repositories import Files
from tests.sbom.heads import bill_of, pinned
from tests.sbom.osv import (
    DJANGO,
    JINJA2,
    JINJA2_BY_GITHUB,
    LOG4J,
    MINIMIST,
    NOW,
    URLLIB3,
    WORST,
    Record,
    advisory,
    snapshot_of,
)

PINNED: Files = {"requirements.txt": pinned("jinja2==2.11.2", "django==3.2.1", "urllib3==2.0.7")}
LOCKED_NPM = json.dumps(
    {
        "lockfileVersion": 3,
        "packages": {"node_modules/minimist": {"version": "1.2.5"}, "node_modules/other": {"version": "1.0.0"}},
    }
)
COUNTS = ("criticals", "highs", "unrated", "affected")


def assessed(
    folder: Path, files: Files, *records: Record, now: datetime = NOW, limit_days: float = LIMIT_DAYS
) -> Assessment:
    snapshot = snapshot_of(folder, *records) if records else None
    return assess(bill_of(folder, files), snapshot, now=now, limit_days=limit_days)


def counts(found: Assessment) -> tuple[object, ...]:
    return tuple(getattr(found.facts, name) for name in COUNTS)


def read(found: Assessment) -> Any:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(found.document.decode()) is None
    return json.loads(found.document)


def said(found: Assessment) -> dict[str, str]:
    return {each["name"]: each["value"] for each in read(found)["metadata"]["properties"]}


def test_flaws_are_counted_by_severity_and_only_where_they_affect(tmp_path: Path) -> None:
    worst = advisory("GHSA-w", "django", ("introduced", "3.0"), cvss=WORST)
    high = advisory("GHSA-h", "django", ("introduced", "3.0"), cvss="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H")
    found = assessed(tmp_path, PINNED, JINJA2, DJANGO, URLLIB3, worst, high)
    assert counts(found) == (1, 1, 2, ("pkg:pypi/django@3.2.1", "pkg:pypi/jinja2@2.11.2"))
    assert found.facts.snapshot == "2026-11-20"
    assert found.reasons == ()
    assert [flaw.id for flaw in found.flaws] == ["GHSA-w", "GHSA-h", "PYSEC-2021-66", "PYSEC-2022-190"]


def test_a_head_that_nothing_affects_has_zero_of_each(tmp_path: Path) -> None:
    found = assessed(tmp_path, {"requirements.txt": "urllib3==2.2.0\nunknown==1.0\n"}, URLLIB3)
    assert counts(found) == (0, 0, 0, ())


def test_one_flaw_under_several_names_counts_once_with_the_worst_rating(tmp_path: Path) -> None:
    linked = [
        advisory("PYSEC-1", "jinja2", ("introduced", "0"), aliases=["CVE-1"]),
        advisory("GHSA-1", "jinja2", ("introduced", "0"), aliases=["CVE-2"], cvss=WORST),
        advisory("OTHER-1", "jinja2", ("introduced", "0"), aliases=["CVE-1", "CVE-2"]),
    ]
    found = assessed(tmp_path, PINNED, *linked)
    assert counts(found) == (1, 0, 0, ("pkg:pypi/jinja2@2.11.2",))
    [flaw] = found.flaws
    assert flaw.id == "GHSA-1"
    assert {each["id"] for each in read(found)["vulnerabilities"][0]["references"]} == {
        "PYSEC-1",
        "OTHER-1",
        "CVE-1",
        "CVE-2",
    }


def test_an_unrated_advisory_and_a_rated_one_of_the_same_flaw_are_rated(tmp_path: Path) -> None:
    found = assessed(tmp_path, PINNED, JINJA2, JINJA2_BY_GITHUB)
    assert counts(found)[:3] == (0, 0, 0)
    assert [flaw.rating.severity for flaw in found.flaws] == [Severity.MEDIUM]


def test_two_versions_of_a_package_are_one_flaw_of_two_components(tmp_path: Path) -> None:
    files: Files = {"a/requirements.txt": "jinja2==2.11.1\n", "b/requirements.txt": "jinja2==2.11.2\n"}
    found = assessed(tmp_path, files, JINJA2)
    assert found.facts.unrated == 1
    assert found.facts.affected == ("pkg:pypi/jinja2@2.11.1", "pkg:pypi/jinja2@2.11.2")


def test_other_ecosystems_are_matched_by_their_own_names_and_orders(tmp_path: Path) -> None:
    files: Files = {
        "package-lock.json": LOCKED_NPM,
        "gradle.lockfile": "org.apache.logging.log4j:log4j-core:2.14.1=runtimeClasspath\n",
        "requirements.txt": "minimist==1.2.5\n",
    }
    found = assessed(tmp_path, files, MINIMIST, LOG4J, JINJA2)
    assert counts(found) == (
        2,
        0,
        0,
        ("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "pkg:npm/minimist@1.2.5"),
    )


@pytest.mark.parametrize(
    ("files", "records", "reason"),
    [
        pytest.param(PINNED, (), "there is no snapshot", id="no snapshot"),
        pytest.param(
            {**PINNED, "pubspec.lock": "x"}, (JINJA2,), "pubspec.lock was not read", id="a lock file that is not read"
        ),
        pytest.param(
            {"requirements.txt": "jinja2\n"}, (JINJA2,), "without an exact version: jinja2", id="no exact version"
        ),
        pytest.param(
            {"package-lock.json": LOCKED_NPM},
            (JINJA2,),
            "does not cover npm",
            id="an ecosystem that it knows nothing of",
        ),
        pytest.param(
            {"requirements.txt": "jinja2===odd\n"},
            (JINJA2,),
            "cannot be compared: jinja2 odd with PYSEC-2021-66",
            id="an odd version",
        ),
    ],
)
def test_what_cannot_be_known_is_not_counted_as_none(
    files: Files, records: tuple[Record, ...], reason: str, tmp_path: Path
) -> None:
    found = assessed(tmp_path, files, *records)
    assert counts(found) == (None, None, None, None)
    assert any(reason in each for each in found.reasons)
    assert said(found)["maestro:advisories-evaluated"] == "no"
    assert any(reason in value for value in said(found).values())


def test_an_odd_version_without_any_advisory_does_not_matter(tmp_path: Path) -> None:
    assert counts(assessed(tmp_path, {"requirements.txt": "six===odd\n"}, JINJA2)) == (0, 0, 0, ())


@pytest.mark.parametrize(
    ("now", "limit_days", "is_known"),
    [
        pytest.param(datetime(2026, 11, 27, tzinfo=UTC), 7.0, True, id="seven days, to the second"),
        pytest.param(datetime(2026, 11, 27, 0, 0, 1, tzinfo=UTC), 7.0, False, id="a second more"),
        pytest.param(datetime(2026, 11, 27, 0, 0, 1, tzinfo=UTC), 8.0, True, id="where more is allowed"),
        pytest.param(datetime(2026, 11, 19, 23, 59, tzinfo=UTC), 7.0, False, id="a clock before the snapshot"),
        pytest.param(datetime(2026, 11, 23, tzinfo=UTC), float("nan"), False, id="a limit that is no number"),
    ],
)
def test_a_snapshot_counts_until_its_limit_and_its_date_is_told_all_the_same(
    now: datetime, limit_days: float, is_known: bool, tmp_path: Path
) -> None:
    found = assessed(tmp_path, PINNED, JINJA2, now=now, limit_days=limit_days)
    assert (found.facts.unrated is not None) is is_known
    assert bool(found.flaws) is is_known
    assert found.facts.snapshot == "2026-11-20"
    assert said(found)["maestro:advisories-snapshot"] == "2026-11-20"


def test_flaws_that_are_known_are_told_also_where_the_count_is_not(tmp_path: Path) -> None:
    found = assessed(tmp_path, {**PINNED, "pubspec.lock": "x"}, JINJA2)
    assert found.facts.criticals is None
    assert [each["id"] for each in read(found)["vulnerabilities"]] == ["PYSEC-2021-66"]


def test_the_document_names_date_and_digest_of_the_snapshot_on_every_flaw(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, JINJA2_BY_GITHUB)
    found = assess(bill_of(tmp_path, PINNED), snapshot, now=NOW)
    [flaw] = read(found)["vulnerabilities"]
    assert {each["name"]: each["value"] for each in flaw["properties"]} == {
        "maestro:advisories-snapshot": "2026-11-20",
        "maestro:advisories-digest": snapshot.digest,
        "maestro:advisories-newest": "2026-11-01T00:00:00+00:00",
    }
    assert flaw["affects"] == [{"ref": "PyPI/jinja2@2.11.2", "versions": [{"status": "affected", "version": "2.11.2"}]}]
    [rated] = flaw["ratings"]
    assert (rated["method"], rated["score"], rated["severity"]) == ("CVSSv31", 5.3, "medium")
    assert said(found)["maestro:advisories-digest"] == snapshot.digest


def test_the_same_bill_and_snapshot_at_the_same_time_give_the_same_bytes(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, JINJA2, DJANGO, URLLIB3)
    bill = bill_of(tmp_path, PINNED)
    once, again, later = (assess(bill, snapshot, now=at) for at in (NOW, NOW, NOW + timedelta(hours=1)))
    assert once.document == again.document
    assert read(once)["metadata"]["timestamp"] != read(later)["metadata"]["timestamp"]
