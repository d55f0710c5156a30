"""What a bundle's statements say, and what they never say."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.attestations import predicates
from maestro.attestations.names import CYCLONEDX, DECISION, PROVENANCE, TEST_RESULT
from maestro.attestations.outgoing import signed_statements
from maestro.attestations.resource import resource_uri, source_uri
from maestro.errors import IntegrityError, MaestroError
from maestro.evidence.contents import Dossier
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord
from maestro.model.tests import Problem, TestOutcome, Verdict
from maestro.signing.keys import Keyring, open_keyring
from tests.attestations.statements import (
    BILL,
    dossier,
    said,
    with_bill,
    with_card,
    with_contents,
    with_outcomes,
    with_pull_request,
)
from tests.evidence.samples import SEALED_AT, TREE, store_at
from tests.render.sample_cards import PULL_REQUEST, RED_REPORT

HEAD = PULL_REQUEST.head_sha


@pytest.fixture
def keys(tmp_path: Path) -> Keyring:
    return open_keyring(tmp_path / "keys")


def statements(made: Dossier, folder: Path, keys: Keyring) -> dict[str, dict[str, Any]]:
    members = signed_statements(made, store=store_at(folder), keys=keys)
    return {member.path: said(member, keys) for member in members}


def test_every_statement_is_about_the_head_by_commit_and_tree(tmp_path: Path, keys: Keyring) -> None:
    found = statements(with_bill(dossier(tmp_path), tmp_path), tmp_path, keys)
    assert {path: each["predicateType"] for path, each in found.items()} == {
        "statements/test-result.dsse.json": TEST_RESULT,
        "statements/decision.dsse.json": DECISION,
        "statements/sbom.dsse.json": CYCLONEDX,
        "statements/provenance.dsse.json": PROVENANCE,
    }
    for each in found.values():
        assert each["_type"] == "https://in-toto.io/Statement/v1"
        assert [subject["digest"] for subject in each["subject"]] == [{"gitCommit": HEAD, "gitTree": TREE}]
        assert each["subject"][0]["annotations"] == {"pullRequest": "1482", "base": PULL_REQUEST.base_sha}


def test_the_same_contents_give_the_same_bytes(tmp_path: Path, keys: Keyring) -> None:
    made = dossier(tmp_path)
    once = signed_statements(made, store=store_at(tmp_path), keys=keys)
    assert signed_statements(made, store=store_at(tmp_path), keys=keys) == once


def test_the_decision_names_findings_their_evidence_and_the_records_behind_it(tmp_path: Path, keys: Keyring) -> None:
    made = dossier(tmp_path)
    predicate = statements(made, tmp_path, keys)["statements/decision.dsse.json"]["predicate"]
    contents = made.contents
    assert (predicate["state"], predicate["actor"]) == ("green", "policy")
    assert predicate["decidedAt"] == "2026-11-23T09:40:00Z"  # by its record, not by the card
    assert predicate["reasons"] == list(contents.card.decision.reasons)
    assert [(each["control"], each["state"]) for each in predicate["findings"]] == [
        (finding.control, finding.state) for finding in contents.card.findings
    ]
    assert predicate["findings"][0]["evidence"] == [ref.digest for ref in contents.card.findings[0].evidence]
    assert [each["hash"] for each in predicate["records"]] == [each.hash for each in contents.records]
    assert [each["digest"]["sha256"] for each in predicate["rules"]] == [
        contents.catalogue_digest.removeprefix("sha256:"),
        "d" * 64,
    ]
    assert predicate["landing"]["asTested"] is True
    assert predicate["riskStatement"]["tau"] == "0.0325"


def test_a_landing_with_another_tree_is_stated_as_not_tested(tmp_path: Path, keys: Keyring) -> None:
    made = dossier(tmp_path)
    assert made.contents.landing
    other = with_contents(made, landing=made.contents.landing.model_copy(update={"tree": "0" * 40}))
    assert (
        statements(other, tmp_path, keys)["statements/decision.dsse.json"]["predicate"]["landing"]["asTested"] is False
    )


def test_what_reviewers_did_is_in_the_decision_with_the_hash_of_its_record(tmp_path: Path, keys: Keyring) -> None:
    made = dossier(tmp_path)
    record = StoredRecord(
        sequence=4,
        previous_hash="sha256:" + "1" * 64,
        hash="sha256:" + "2" * 64,
        record=DecisionRecord(
            key=PULL_REQUEST.key("action", "a1"),
            kind=RecordKind.ACTION,
            repo=PULL_REQUEST.repo,
            pr=PULL_REQUEST.pr,
            head_sha=HEAD,
            actor="grace",
            outcome="approve: approved: the discount is right",
            reason="read it",
            at=SEALED_AT,
        ),
    )
    made = with_contents(made, records=(*made.contents.records, record))
    assert statements(made, tmp_path, keys)["statements/decision.dsse.json"]["predicate"]["reviewerActions"] == [
        {
            "action": "approve",
            "actor": "grace",
            "at": "2026-11-23T09:40:00Z",
            "changed": "approved: the discount is right",
            "reason": "read it",
            "record": "sha256:" + "2" * 64,
        }
    ]


def result(made: Dossier, folder: Path, keys: Keyring) -> dict[str, Any]:
    predicate: dict[str, Any] = statements(made, folder, keys)["statements/test-result.dsse.json"]["predicate"]
    return predicate


def outcome(test: str, verdict: Verdict) -> TestOutcome:
    return TestOutcome(test=test, verdict=verdict)


def test_tests_are_named_by_what_became_of_them(tmp_path: Path, keys: Keyring) -> None:
    made = with_outcomes(
        dossier(tmp_path),
        tmp_path,
        outcome("t.py::passes", Verdict.PASS),
        outcome("t.py::passed_again", Verdict.PASS),
        outcome("t.py::fails", Verdict.FAIL),
        outcome("t.py::errs", Verdict.ERROR),
        outcome("t.py::skips", Verdict.SKIP),
        counts={"pass": 2, "fail": 1, "error": 1, "skip": 1},
        failed_count=2,
        flaky=("t.py::passed_again",),
    )
    predicate = result(made, tmp_path, keys)
    assert predicate["result"] == "FAILED"
    assert predicate["passedTests"] == ["t.py::passes"]
    assert predicate["warnedTests"] == ["t.py::passed_again"]
    assert predicate["failedTests"] == ["t.py::errs", "t.py::fails"]
    assert predicate["urn:maestro-conductor:field:counts"]["skipped"] == 1
    assert set(predicate["urn:maestro-conductor:field:not-named"].values()) == {0}
    assert predicate["configuration"][0]["digest"]["sha256"] == made.contents.card.plan.body.digest[7:]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        pytest.param({"counts": {"pass": 3}}, "PASSED", id="all pass"),
        pytest.param({"counts": {"pass": 3}, "flaky": ("t",)}, "WARNED", id="one passed only when run again"),
        pytest.param(
            {"counts": {"pass": 3, "fail": 1}, "quarantined_count": 1}, "WARNED", id="one is held in quarantine"
        ),
        pytest.param({"counts": {"pass": 3, "fail": 1}, "failed_count": 1}, "FAILED", id="one failed"),
        pytest.param({"counts": {"pass": 3}, "missing_count": 1}, "FAILED", id="one has no verdict"),
        pytest.param({"problems": (Problem(kind="crash", message="it crashed"),)}, "FAILED", id="the runner crashed"),
    ],
)
def test_the_result_is_the_worst_that_happened(
    tmp_path: Path, keys: Keyring, report: dict[str, object], expected: str
) -> None:
    assert result(with_outcomes(dossier(tmp_path), tmp_path, **report), tmp_path, keys)["result"] == expected


def test_a_test_that_failed_in_quarantine_is_warned_of_and_never_passed(tmp_path: Path, keys: Keyring) -> None:
    made = with_outcomes(
        dossier(tmp_path),
        tmp_path,
        outcome("t.py::held", Verdict.FAIL),
        counts={"fail": 1},
        quarantined_count=1,
    )
    predicate = result(made, tmp_path, keys)
    assert (predicate["warnedTests"], predicate["failedTests"]) == (["t.py::held"], [])


def test_names_beyond_the_limit_are_counted(tmp_path: Path, keys: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicates, "NAMES_LIMIT", 2)
    made = with_outcomes(
        dossier(tmp_path), tmp_path, *(outcome(f"t{n}", Verdict.PASS) for n in range(5)), counts={"pass": 5}
    )
    predicate = result(made, tmp_path, keys)
    assert predicate["passedTests"] == ["t0", "t1"]
    assert predicate["urn:maestro-conductor:field:not-named"]["passedTests"] == 3


def test_figures_without_stored_names_say_that_nothing_is_named(tmp_path: Path, keys: Keyring) -> None:
    predicate = result(dossier(tmp_path), tmp_path, keys)
    assert predicate["passedTests"] == []
    assert predicate["urn:maestro-conductor:field:not-named"]["passedTests"] == 120


def test_the_report_names_failures_even_where_no_results_were_stored(tmp_path: Path, keys: Keyring) -> None:
    made = with_card(dossier(tmp_path), report=RED_REPORT.model_copy(update={"results": ()}))
    assert len(result(made, tmp_path, keys)["failedTests"]) == 2


@pytest.mark.parametrize("report", [pytest.param(None, id="no report"), pytest.param({}, id="a report without a test")])
def test_nothing_is_stated_of_tests_where_none_ran(
    tmp_path: Path, keys: Keyring, report: dict[str, object] | None
) -> None:
    made = dossier(tmp_path)
    made = with_card(made, report=None) if report is None else with_outcomes(made, tmp_path)
    assert "statements/test-result.dsse.json" not in statements(made, tmp_path, keys)


def test_results_that_are_gone_or_damaged_stop_the_bundle(tmp_path: Path, keys: Keyring) -> None:
    made = with_outcomes(dossier(tmp_path), tmp_path, outcome("t", Verdict.PASS), counts={"pass": 1})
    assert made.contents.card.report
    (ref,) = made.contents.card.report.results
    store_at(tmp_path).remove(ref)
    with pytest.raises(IntegrityError, match=r"results\.json"):
        statements(made, tmp_path, keys)
    listing = store_at(tmp_path).put(b"[7]", media_type="application/json", name="results.json")
    made = with_card(made, report=made.contents.card.report.model_copy(update={"results": (listing,)}))
    with pytest.raises(IntegrityError, match="no list of verdicts"):
        statements(made, tmp_path, keys)


def test_the_bill_of_materials_is_stated_as_it_was_stored(tmp_path: Path, keys: Keyring) -> None:
    made = with_bill(with_bill(dossier(tmp_path), tmp_path), tmp_path, bill=BILL | {"version": 2})
    found = statements(made, tmp_path, keys)
    assert found["statements/sbom.dsse.json"]["predicate"] == BILL
    assert found["statements/sbom-2.dsse.json"]["predicate"] == BILL | {"version": 2}


def test_a_bill_that_came_with_the_pull_request_is_not_signed_as_ours(tmp_path: Path, keys: Keyring) -> None:
    assert "statements/sbom.dsse.json" not in statements(
        with_bill(dossier(tmp_path), tmp_path, kind="attest"), tmp_path, keys
    )


@pytest.mark.parametrize("bill", [b'{"bomFormat":"SPDX"}', b"[]", b"{", b'{"bomFormat":"CycloneDX","a":1,"a":2}'])
def test_what_is_no_bill_stops_the_bundle(tmp_path: Path, keys: Keyring, bill: bytes) -> None:
    with pytest.raises(MaestroError):
        statements(with_bill(dossier(tmp_path), tmp_path, bill=bill), tmp_path, keys)


def test_provenance_says_what_was_tested_on_what_and_what_came_of_it(tmp_path: Path, keys: Keyring) -> None:
    predicate = statements(dossier(tmp_path), tmp_path, keys)["statements/provenance.dsse.json"]["predicate"]
    definition, details = predicate["buildDefinition"], predicate["runDetails"]
    assert definition["externalParameters"]["pullRequest"]["head"] == HEAD
    assert definition["externalParameters"]["mode"] == "standard"
    assert [each["name"] for each in definition["resolvedDependencies"]] == ["head", "base", "environment"]
    assert definition["resolvedDependencies"][1]["digest"] == {"gitCommit": PULL_REQUEST.base_sha}
    assert details["metadata"] == {
        "invocationId": PULL_REQUEST.workflow_id,
        "startedOn": "2026-11-23T09:31:07Z",
        "finishedOn": "2026-11-23T09:32:20Z",
    }
    assert details["byproducts"]


LOCATIONS = [
    pytest.param("https://forge.example/a/b.git", "git+https://forge.example/a/b.git", id="a web address"),
    pytest.param(
        "https://ada:s3cret@forge.example/a/b?token=s3cret#s3cret", "git+https://forge.example/a/b", id="with secrets"
    ),
    pytest.param("https://s3cret@forge.example:8443/a/b/", "git+https://forge.example:8443/a/b", id="with a port"),
    pytest.param("ssh://git@forge.example/a/b.git", "git+ssh://forge.example/a/b.git", id="ssh"),
    pytest.param("git@Forge.Example:a/b.git", "git+ssh://forge.example/a/b.git", id="ssh as scp writes it"),
    pytest.param("https://[2001:db8::1]/a/b", "git+https://[2001:db8::1]/a/b", id="an address of version 6"),
    pytest.param("https://forge.example/a@b/c d", "git+https://forge.example/a%40b/c%20d", id="a path with an at sign"),
    pytest.param("/home/s3cret/shop", "pkg:generic/shop/checkout", id="a folder"),
    pytest.param("file:///home/s3cret/shop", "pkg:generic/shop/checkout", id="a folder as address"),
    pytest.param("C:\\s3cret\\shop", "pkg:generic/shop/checkout", id="a folder with a drive"),
    pytest.param("../s3cret", "pkg:generic/shop/checkout", id="a relative folder"),
    pytest.param("https://forge.example:s3cret/a", "pkg:generic/shop/checkout", id="an address that is none"),
]


@pytest.mark.parametrize(("location", "expected"), LOCATIONS)
def test_the_repository_is_named_without_secrets_and_folders(
    tmp_path: Path, keys: Keyring, location: str, expected: str
) -> None:
    reason = f"the mirror of {location} is old, see file://{location}, and '{location}'."
    made = with_pull_request(dossier(tmp_path), repository=location)
    decided = made.contents.card.decision.model_copy(update={"reasons": (reason,)})
    made = with_card(made, decision=decided)
    assert source_uri(made.contents.card.pull_request) == expected
    assert resource_uri(made.contents.card.pull_request) == f"{expected}@{HEAD}"
    for member in signed_statements(made, store=store_at(tmp_path), keys=keys):
        assert b"s3cret" not in base64.b64decode(json.loads(member.content)["payload"])


@given(location=st.text(max_size=60) | st.from_regex(r"\A[a-z+]{1,5}://[^ ]{0,30}\Z"))
def test_whatever_the_location_is_the_name_is_one_line_of_a_uri(location: str) -> None:
    named = resource_uri(PULL_REQUEST.model_copy(update={"repository": location}))
    assert named.isascii()
    assert named.isprintable()
    assert " " not in named
    assert named.endswith(f"@{HEAD}")
    assert named.count("@") == 1
