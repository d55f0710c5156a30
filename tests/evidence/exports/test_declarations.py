"""What a reader of CycloneDX finds in the declarations."""

from typing import Any

from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format
from tests.evidence.exports.cases import exported


def mapped(dossier: Dossier, control: str) -> Any:
    [attestation] = exported(dossier, Format.CYCLONEDX)["declarations"]["attestations"]
    [entry] = [one for one in attestation["map"] if one["requirement"] == f"requirement:{control}"]
    return entry


def by_ref(dossier: Dossier, list_: str, ref: str) -> Any:
    [found] = [one for one in exported(dossier, Format.CYCLONEDX)["declarations"][list_] if one["bom-ref"] == ref]
    return found


def test_a_control_that_holds_is_a_claim_with_evidence_by_place_and_digest(green: Dossier) -> None:
    entry = mapped(green, "MC-QA-01")
    assert entry["conformance"]["score"] == 1
    claim = by_ref(green, "claims", entry["claims"][0])
    [reference] = claim["externalReferences"]
    assert reference["url"] == f"../artifacts/{reference['hashes'][0]['content']}"
    evidence = by_ref(green, "evidence", claim["evidence"][0])
    assert evidence["data"][0]["contents"]["url"] == reference["url"]


def test_a_failed_control_is_a_counter_claim_with_what_to_do(blocked: Dossier) -> None:
    entry = mapped(blocked, "MC-BR-02")
    assert entry["conformance"]["score"] == 0
    assert "claims" not in entry
    claim = by_ref(blocked, "claims", entry["counterClaims"][0])
    assert claim["predicate"] == "Not so: No private key enters the repository"
    mitigation = by_ref(blocked, "evidence", claim["mitigationStrategies"][0])
    assert "Revoke the key first" in mitigation["data"][0]["contents"]["attachment"]["content"]


def test_a_control_that_does_not_apply_has_a_reason_and_no_score(unsure: Dossier) -> None:
    entry = mapped(unsure, "MC-QA-01")
    assert entry["conformance"] == {
        "rationale": "Not applicable, neither met nor failed: Tests are affected by the pull request: no."
    }
    assert "claims" not in entry
    assert "counterClaims" not in entry


def test_the_standard_is_our_catalogue_with_public_identifiers(green: Dossier) -> None:
    [standard] = exported(green, Format.CYCLONEDX)["definitions"]["standards"]
    assert standard["version"] == green.catalogue.digest
    [requirement] = [one for one in standard["requirements"] if one["identifier"] == "MC-BR-02"]
    assert {"name": "maestro:mapped-to:soc2", "value": "CC6.1"} in requirement["properties"]
    [level] = [one for one in standard["levels"] if one["identifier"] == "tier-1"]
    assert requirement["bom-ref"] in level["requirements"]
