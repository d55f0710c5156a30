"""What a tool of governance reads in the assessment results and the catalog."""

import json
from typing import Any

import pytest

from maestro.canonical import digest_of_bytes
from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format, export_one, oscal_problems
from maestro.model.pull_request import AuthorKind
from maestro.model.record import DecisionRecord, RecordKind, StoredRecord
from tests.evidence.exports.cases import exported
from tests.evidence.samples import SEALED_AT


def results(dossier: Dossier) -> Any:
    [result] = exported(dossier, Format.OSCAL)["assessment-results"]["results"]
    return result


def states(dossier: Dossier) -> dict[str, str]:
    return {one["target"]["target-id"]: one["target"]["status"]["state"] for one in results(dossier)["findings"]}


def ours(node: Any, name: str) -> str:
    [value] = [one["value"] for one in node["props"] if one["name"] == name]
    return str(value)


def test_a_failed_control_has_a_finding_an_observation_and_a_risk_with_what_to_do(blocked: Dossier) -> None:
    result = results(blocked)
    [finding] = [one for one in result["findings"] if one["target"]["target-id"] == "MC-BR-02_obj"]
    assert finding["target"]["status"] == {"state": "not-satisfied", "reason": "fail"}
    [risk] = [one for one in result["risks"] if one["uuid"] == finding["related-risks"][0]["risk-uuid"]]
    assert risk["status"] == "open"
    assert "Revoke the key first" in risk["remediations"][0]["description"]
    [seen] = [
        one for one in result["observations"] if one["uuid"] == risk["related-observations"][0]["observation-uuid"]
    ]
    assert "deploy/id_rsa" in seen["description"]


def test_a_control_that_holds_is_satisfied_and_has_no_risk(green: Dossier) -> None:
    assert set(states(green).values()) == {"satisfied"}
    assert "risks" not in results(green)


def test_controls_without_an_answer_are_selected_apart_and_observed_with_the_reason(unsure: Dossier) -> None:
    result = results(unsure)
    by_state = {
        ours(selection, "state"): {one["control-id"] for one in selection["include-controls"]}
        for selection in result["reviewed-controls"]["control-selections"]
    }
    assert "MC-AC-01" in by_state["not-evaluated"]
    assert "MC-QA-01" in by_state["not-applicable"]
    assert set.union(*by_state.values()) == {control.id for control in unsure.catalogue.controls}
    decided = {target.removesuffix("_obj") for target in states(unsure)}
    assert decided == by_state["satisfied"]
    [seen] = [one for one in result["observations"] if ours(one, "control-id") == "MC-AC-01"]
    assert seen["description"].startswith("Whether this applies is not known")
    assert ours(result, "count-not-evaluated") == str(len(by_state["not-evaluated"]))


def test_evidence_names_the_artifact_by_place_and_digest_and_says_when_it_expires(green: Dossier) -> None:
    document = exported(green, Format.OSCAL)["assessment-results"]
    [seen] = [one for one in document["results"][0]["observations"] if ours(one, "control-id") == "MC-QA-01"]
    [evidence] = seen["relevant-evidence"]
    name = evidence["href"].removeprefix("../artifacts/")
    [resource] = [
        one for one in document["back-matter"]["resources"] if f"#{one['uuid']}" == evidence["links"][0]["href"]
    ]
    assert resource["rlinks"][0]["hashes"] == [{"algorithm": "SHA-256", "value": name}]
    assert (seen["collected"], seen["expires"]) == ("2026-11-23T09:40:00Z", "2026-11-24T09:40:00Z")


def test_the_plan_is_the_catalog_beside_it_by_digest(green: Dossier) -> None:
    document = exported(green, Format.OSCAL)["assessment-results"]
    [plan] = [one for one in document["back-matter"]["resources"] if f"#{one['uuid']}" == document["import-ap"]["href"]]
    [link] = plan["rlinks"]
    catalog = export_one(green, Format.OSCAL_CATALOG)
    assert catalog.path == f"exports/{link['href']}"
    assert digest_of_bytes(catalog.content) == f"sha256:{link['hashes'][0]['value']}"
    assert "remarks" not in plan


def test_a_catalogue_that_has_changed_since_is_said_to_have_changed(green: Dossier) -> None:
    contents = green.contents.model_copy(update={"catalogue_digest": "sha256:" + "1" * 64})
    document = exported(Dossier(contents=contents, catalogue=green.catalogue), Format.OSCAL)["assessment-results"]
    assert "has changed" in document["back-matter"]["resources"][0]["remarks"]


def test_every_target_is_an_objective_of_the_catalog(blocked: Dossier) -> None:
    catalog = exported(blocked, Format.OSCAL_CATALOG)["catalog"]
    controls = [control for group in catalog["groups"] for control in group["controls"]]
    assert set(states(blocked)) <= {part["id"] for control in controls for part in control["parts"]}


def test_the_catalog_names_public_requirements_by_identifier(green: Dossier) -> None:
    catalog = exported(green, Format.OSCAL_CATALOG)["catalog"]
    [control] = [one for group in catalog["groups"] for one in group["controls"] if one["id"] == "MC-BR-02"]
    mapped = {(one["class"], one["value"]) for one in control["props"] if one["name"] == "mapped-to"}
    assert ("osps-baseline", "OSPS-BR-07.01") in mapped
    assert ("iso27001", "A.8.24") in mapped


def test_the_log_has_every_decision_record_with_its_hash(green: Dossier) -> None:
    entries = results(green)["assessment-log"]["entries"]
    assert [ours(entry, "record-hash") for entry in entries] == [stored.hash for stored in green.contents.records]


def by_a_person(dossier: Dossier, actor: str) -> Dossier:
    """The pull request of an agent, approved by ``actor``."""
    contents, pull_request = dossier.contents, dossier.contents.card.pull_request
    record = DecisionRecord(
        key=pull_request.key("action", "1"),
        kind=RecordKind.ACTION,
        repo=pull_request.repo,
        pr=pull_request.pr,
        head_sha=pull_request.head_sha,
        actor=actor,
        outcome="approve",
        reason="I have read it.",
        at=SEALED_AT,
    )
    stored = StoredRecord(sequence=4, previous_hash="sha256:0", hash="sha256:1", record=record)
    card = contents.card.model_copy(
        update={
            "pull_request": pull_request.model_copy(update={"author": "bot", "author_kind": AuthorKind.AGENT}),
            "decision": contents.card.decision.model_copy(update={"actor": actor}),
        }
    )
    changed = contents.model_copy(update={"card": card, "records": (*contents.records, stored)})
    return Dossier(contents=changed, catalogue=dossier.catalogue)


def test_a_reviewer_is_a_person_who_decided_and_an_agent_is_none(green: Dossier) -> None:
    document = exported(by_a_person(green, "grace"), Format.OSCAL)["assessment-results"]
    parties = {one["uuid"]: (one["name"], one["type"]) for one in document["metadata"]["parties"]}
    roles = {
        one["role-id"]: [parties[uuid] for uuid in one["party-uuids"]]
        for one in document["metadata"]["responsible-parties"]
    }
    assert roles == {
        "assessor": [("Maestro Conductor", "organization")],
        "author": [("bot", "organization")],
        "decider": [("grace", "person")],
    }
    last = document["results"][0]["assessment-log"]["entries"][-1]
    assert parties[last["logged-by"][0]["party-uuid"]] == ("grace", "person")


def test_uuids_stay_when_the_same_head_is_sealed_again(green: Dossier) -> None:
    contents = green.contents.model_copy(update={"sealed_at": SEALED_AT.replace(hour=12)})
    later = Dossier(contents=contents, catalogue=green.catalogue)
    before, after = (exported(one, Format.OSCAL)["assessment-results"] for one in (green, later))
    assert before["uuid"] != after["uuid"]
    for kind in ("observations", "findings"):
        assert [one["uuid"] for one in before["results"][0][kind]] == [one["uuid"] for one in after["results"][0][kind]]


def test_a_clock_that_was_wrong_gives_no_result_that_ends_before_it_starts(green: Dossier) -> None:
    early = green.contents.model_copy(update={"sealed_at": SEALED_AT.replace(year=2025)})
    result = results(Dossier(contents=early, catalogue=green.catalogue))
    assert result["start"] <= result["end"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("https://me:pass@forge.example/a/b.git", "https://forge.example/a/b.git", id="an address"),
        pytest.param("git@forge.example:a/b.git", "ssh://forge.example/a/b.git", id="the short form of ssh"),
        pytest.param("/srv/my repos/b", "pkg:generic/shop/checkout", id="a path, which is of one machine only"),
    ],
)
def test_the_repository_is_named_by_an_address_without_credentials(green: Dossier, written: str, shown: str) -> None:
    card = green.contents.card
    pull_request = card.pull_request.model_copy(update={"repository": written})
    contents = green.contents.model_copy(update={"card": card.model_copy(update={"pull_request": pull_request})})
    result = results(Dossier(contents=contents, catalogue=green.catalogue))
    [head] = result["local-definitions"]["components"]
    assert ours(head, "repository") == shown


def test_every_reference_of_a_bundle_resolves(blocked: Dossier) -> None:
    artifacts = {f"artifacts/{one.ref.digest.removeprefix('sha256:')}" for one in blocked.contents.evidence}
    paths = {*artifacts, "exports/oscal-catalog.json"}
    content = export_one(blocked, Format.OSCAL).content
    assert oscal_problems(content, paths=paths) == ()
    missing = next(iter(sorted(artifacts & set(_named(content)))))
    problems = oscal_problems(content, paths=paths - {missing})
    assert problems
    assert all(missing in problem and "no such file" in problem for problem in problems)


def _named(content: bytes) -> list[str]:
    document = json.loads(content)["assessment-results"]
    return [one["rlinks"][0]["href"].removeprefix("../") for one in document["back-matter"]["resources"]]
