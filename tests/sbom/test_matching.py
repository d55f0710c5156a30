"""Whether a version is affected, on real advisories and by every rule of OSV's algorithm."""

import json

import pytest

from maestro.sbom.advisories import Advisory, read_record
from maestro.sbom.locked import Ecosystem, package
from maestro.sbom.matching import is_affected
from maestro.sbom.severity import Severity, rating
from tests.sbom.osv import DJANGO, JINJA2, LOG4J, MINIMIST, TIME, URLLIB3, WORST, Record, advisory


def first(record: Record) -> tuple[Ecosystem, str, Advisory]:
    read = read_record(json.dumps(record).encode(), is_yaml=False)
    [(ecosystem, by_name)] = read.packages.items()
    [(name, found)] = by_name.items()
    return Ecosystem(ecosystem), name, found


def affects(record: Record, version: str) -> bool | None:
    ecosystem, name, found = first(record)
    return is_affected(package(ecosystem, name, version), found)


@pytest.mark.parametrize(
    ("record", "affected", "unaffected"),
    [
        pytest.param(JINJA2, ["2.11.2", "2.11.3rc1", "0.1"], ["2.11.3", "3.0"], id="PYSEC-2021-66"),
        pytest.param(
            DJANGO, ["2.2.27", "3.2", "3.2.12", "4.0.3"], ["2.1", "2.2.28", "3.1", "3.2.13", "4.1"], id="PYSEC-2022-190"
        ),
        pytest.param(URLLIB3, ["1.26.17", "2.0.6"], ["1.26.18", "1.26.20", "2.0.7"], id="PYSEC-2023-212, unsorted"),
        pytest.param(MINIMIST, ["0.2.3", "1.0.0", "1.2.5"], ["0.2.4", "0.9.0", "1.2.6"], id="GHSA-xvch-5gv4-984h"),
        pytest.param(TIME, ["0.1.44", "0.2.22"], ["0.2.0", "0.2.5", "0.2.23", "0.3.0"], id="RUSTSEC-2020-0071"),
        pytest.param(
            LOG4J, ["2.0-beta9", "2.3", "2.12.1", "2.14.1"], ["2.3.1", "2.12.2", "2.15.0"], id="GHSA-jfh8-c2jp-5v3q"
        ),
        pytest.param(
            advisory("X-1", "a", ("introduced", "1.0"), ("last_affected", "2.0")),
            ["1.0", "2.0", "2.0+local.1"],
            ["0.9", "2.0.1"],
            id="the last affected one is affected, and what is built from it",
        ),
        pytest.param(
            advisory("X-2", "a", ("introduced", "0"), ("limit", "2.0")),
            ["1.9"],
            ["2.0", "3.0"],
            id="nothing from the limit on",
        ),
        pytest.param(
            advisory("X-3", "a", ("introduced", "0"), ("limit", "*")), ["1.9", "99"], [], id="a limit that is none"
        ),
        pytest.param(
            advisory("X-4", "a", ("introduced", "0"), ("limit", "1.0"), ("limit", "2.0")),
            ["1.5"],
            ["2.0"],
            id="the wider limit",
        ),
        pytest.param(
            advisory("X-5", "a", ("introduced", "1.0"), ("fixed", "1.0")),
            [],
            ["0.9", "1.0", "1.1"],
            id="an empty range",
        ),
        pytest.param(
            advisory(
                "X-6", "a", affected=[{"package": {"ecosystem": "PyPI", "name": "A"}, "versions": ["1.0", "odd"]}]
            ),
            ["1.0", "1.0.0", "odd"],
            ["1.0.1", "2.0"],
            id="a list of versions, in any spelling",
        ),
        pytest.param(
            advisory(
                "X-7",
                "a",
                affected=[
                    {
                        "package": {"ecosystem": "PyPI", "name": "a"},
                        "versions": ["1.0"],
                        "ranges": [{"type": "GIT", "repo": "https://git.example/a", "events": [{"introduced": "0"}]}],
                    }
                ],
            ),
            ["1.0"],
            ["2.0"],
            id="a range of commits is ignored",
        ),
        pytest.param(
            advisory(
                "X-8", "example.org/a", ("introduced", "1.0.0"), ("fixed", "1.2.0"), ecosystem="Go", kind="SEMVER"
            ),
            ["v1.0.0", "v1.2.0-rc.1", "v1.1.1-0.20200101000000-abcdef012345", "v1.1.0+incompatible"],
            ["v0.9.0", "v1.2.0"],
            id="Go, with pseudo-versions",
        ),
    ],
)
def test_exactly_the_versions_that_the_advisory_means_are_affected(
    record: Record, affected: list[str], unaffected: list[str]
) -> None:
    assert {version: affects(record, version) for version in (*affected, *unaffected)} == {
        **dict.fromkeys(affected, True),
        **dict.fromkeys(unaffected, False),
    }


@pytest.mark.parametrize(
    ("record", "version"),
    [
        pytest.param(JINJA2, "2024-weird", id="the installed version has no place"),
        pytest.param(
            advisory("X-1", "a", ("introduced", "0"), ("fixed", "2019-09-12x")), "1.0", id="the fixed one has none"
        ),
        pytest.param(advisory("X-2", "a"), "1.0", id="it does not say which versions"),
        pytest.param(
            advisory("X-3", "a/b", ("introduced", "0"), ("fixed", "2.0"), ecosystem="Packagist"),
            "dev-main",
            id="a branch",
        ),
    ],
)
def test_what_cannot_be_compared_is_unknown_and_not_unaffected(record: Record, version: str) -> None:
    assert affects(record, version) is None


def test_a_version_that_cannot_be_compared_but_is_listed_is_affected() -> None:
    record = advisory(
        "X-1",
        "a",
        affected=[
            {
                "package": {"ecosystem": "PyPI", "name": "a"},
                "versions": ["2004d"],
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2005"}]}],
            }
        ],
    )
    assert affects(record, "2004d") is True
    assert affects(record, "2004x") is None


def severity(record: Record) -> Severity:
    return rating(first(record)[2]).severity


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param({"cvss": WORST}, Severity.CRITICAL, id="9.8 by CVSS 3.1"),
        pytest.param({"cvss": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"}, Severity.CRITICAL, id="9.1 by CVSS 3.0"),
        pytest.param({"cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}, Severity.HIGH, id="7.5"),
        pytest.param({"cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"}, Severity.MEDIUM, id="5.3"),
        pytest.param(
            {"cvss": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},
            Severity.CRITICAL,
            id="9.3 by CVSS 4",
        ),
        pytest.param(
            {"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:C/I:C/A:C"}]},
            Severity.CRITICAL,
            id="10 by CVSS 2",
        ),
        pytest.param(
            {
                "severity": [
                    {"type": "CVSS_V3", "score": "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L"},
                    {"type": "CVSS_V3", "score": WORST},
                ]
            },
            Severity.CRITICAL,
            id="the worst of several",
        ),
        pytest.param({"cvss": "CVSS:3.1/AV:N"}, Severity.UNRATED, id="a vector that is cut off"),
        pytest.param({"cvss": "CVSS:9.9/" + "A" * 300}, Severity.UNRATED, id="a vector of no version"),
        pytest.param({"database_specific": {"severity": "CRITICAL"}}, Severity.CRITICAL, id="GitHub's word: critical"),
        pytest.param({"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM, id="GitHub's word: moderate"),
        pytest.param(
            {"cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", "database_specific": {"severity": "CRITICAL"}},
            Severity.MEDIUM,
            id="a vector before a word",
        ),
        pytest.param({"database_specific": {"severity": "dreadful"}}, Severity.UNRATED, id="another word"),
        pytest.param({}, Severity.UNRATED, id="nothing"),
    ],
)
def test_the_severity_is_that_of_the_vector_else_of_the_publishers_word(others: Record, expected: Severity) -> None:
    assert severity(advisory("X-1", "a", ("introduced", "0"), **others)) is expected


def test_a_malicious_package_is_critical_without_any_vector() -> None:
    assert severity(advisory("MAL-2026-1", "a", ("introduced", "0"))) is Severity.CRITICAL
