"""What holds for all machine exports: valid for their owners, three states, the same bytes, whatever anybody wrote."""

import json

import pytest

from maestro.evidence.contents import Dossier, Role
from maestro.evidence.exports import Format, export_members, export_one
from maestro.model.artifact import ArtifactRef
from maestro.model.evidence import ControlFinding, FindingState
from tests.evidence.exports.cases import exported, invalid

HOSTILE = (
    "\x00\x1b[31m]]>&\"'<script>alert(1)</script>\ud800\udfff\ufffe\u202e\u2028{0} [a](javascript:b) \r\n" + "x" * 9_000
)


def hostile(dossier: Dossier) -> Dossier:
    """Every text that somebody outside can write is as bad as it gets."""
    contents = dossier.contents
    card = contents.card
    findings = tuple(
        finding.model_copy(
            update={
                "reason": HOSTILE,
                "title": HOSTILE,
                "evidence": tuple(ref.model_copy(update={"name": HOSTILE}) for ref in finding.evidence),
            }
        )
        for finding in card.findings
    )
    pull_request = card.pull_request.model_copy(
        update={"title": HOSTILE, "author": HOSTILE, "repository": f"https://me:secret@forge.example/{HOSTILE}"}
    )
    decision = card.decision.model_copy(update={"actor": HOSTILE, "reasons": (HOSTILE, "")})
    records = tuple(
        stored.model_copy(
            update={
                "record": stored.record.model_copy(
                    update={
                        "actor": HOSTILE,
                        "outcome": HOSTILE,
                        "reason": HOSTILE,
                        "inputs": {HOSTILE: HOSTILE, "": ""},
                    }
                )
            }
        )
        for stored in contents.records
    )
    worse = card.model_copy(update={"pull_request": pull_request, "decision": decision, "findings": findings})
    evidence = tuple(one.model_copy(update={"summary": HOSTILE}) for one in contents.evidence)
    return Dossier(
        contents=contents.model_copy(update={"card": worse, "records": records, "evidence": evidence}),
        catalogue=dossier.catalogue,
    )


def with_findings(dossier: Dossier, *findings: ControlFinding) -> Dossier:
    card = dossier.contents.card.model_copy(update={"findings": findings})
    return Dossier(contents=dossier.contents.model_copy(update={"card": card}), catalogue=dossier.catalogue)


def found(control: str, state: FindingState, *, tier: int = 1) -> ControlFinding:
    return ControlFinding(control=control, title=f"About {control}", tier=tier, state=state, reason="Because.")


@pytest.mark.parametrize("form", list(Format))
def test_the_owner_of_the_format_accepts_it(each: Dossier, form: Format) -> None:
    assert invalid(each, form) == []


@pytest.mark.parametrize("form", list(Format))
def test_no_text_breaks_a_document(form: Format, blocked: Dossier) -> None:
    worst = hostile(blocked)
    assert invalid(worst, form) == []
    text = export_one(worst, form).content.decode()
    assert "secret" not in text
    assert not set(text) & set("\x00\x1b\u202e\u2028")


@pytest.mark.parametrize("form", list(Format))
def test_the_same_dossier_gives_the_same_bytes(form: Format, blocked: Dossier) -> None:
    dossier = blocked
    assert export_one(dossier, form) == export_one(dossier, form)


@pytest.mark.parametrize("form", list(Format))
def test_a_catalogue_without_controls_is_never_a_pass(form: Format, green: Dossier) -> None:
    dossier = green
    empty = with_findings(Dossier(contents=dossier.contents, catalogue=type(dossier.catalogue)((), "")))
    assert invalid(empty, form) == []
    if form is Format.JUNIT:
        assert exported(empty, form).attrib["errors"] == "1"
    else:
        assert '"satisfied"' not in export_one(empty, form).content.decode()


@pytest.mark.parametrize("form", list(Format))
def test_findings_for_strange_or_unknown_controls_stay_apart_and_valid(form: Format, green: Dossier) -> None:
    strange = with_findings(
        green,
        *(found(name, FindingState.FAIL, tier=9) for name in ("", "a b", "a_b", "a  b", "1", "\ud800", "é", HOSTILE)),
    )
    assert invalid(strange, form) == []


def test_every_export_is_a_file_of_the_bundle_with_a_plain_name(green: Dossier) -> None:
    members = export_members(green)
    assert [member.path for member in members] == [
        "exports/oscal-assessment-results.json",
        "exports/oscal-catalog.json",
        "exports/cyclonedx-declarations.json",
        "exports/findings.sarif",
        "exports/controls.junit.xml",
    ]
    assert {member.role for member in members} == {Role.EXPORT}
    assert all(member.shows for member in members)


def test_what_was_not_evaluated_is_neither_satisfied_nor_failed_anywhere(unsure: Dossier) -> None:
    dossier = unsure
    control = "MC-BR-02"
    open_ = [
        finding if finding.control != control else found(control, FindingState.NOT_EVALUATED)
        for finding in dossier.contents.card.findings
    ]
    dossier = with_findings(dossier, *open_)

    [result] = exported(dossier, Format.OSCAL)["assessment-results"]["results"]
    assert f"{control}_obj" not in {one["target"]["target-id"] for one in result["findings"]}
    assert f"{control}: not-evaluated" in {one["title"] for one in result["observations"]}

    bom = exported(dossier, Format.CYCLONEDX)
    [attestation] = bom["declarations"]["attestations"]
    [entry] = [one for one in attestation["map"] if one["requirement"] == f"requirement:{control}"]
    assert entry == {
        "requirement": f"requirement:{control}",
        "conformance": {"rationale": "Not evaluated, neither met nor failed: Because."},
    }

    [run] = exported(dossier, Format.SARIF)["runs"]
    [kind] = {(one["kind"], one["level"]) for one in run["results"] if one["ruleId"] == control}
    assert kind == ("open", "none")

    [case] = exported(dossier, Format.JUNIT).findall(f".//testcase[@name='{control} About {control}']")
    assert [child.tag for child in case] == ["error"]


def test_a_control_that_nobody_answered_is_not_evaluated_rather_than_lost(green: Dossier) -> None:
    dossier = green
    fewer = with_findings(dossier, *dossier.contents.card.findings[1:])
    errors = exported(fewer, Format.JUNIT).findall(".//testcase/error")
    assert [error.attrib["message"] for error in errors] == ["Not evaluated: No answer to this control was recorded."]


def test_of_two_answers_to_one_control_the_stricter_one_counts(green: Dossier) -> None:
    both = with_findings(green, found("MC-QA-01", FindingState.FAIL), found("MC-QA-01", FindingState.PASS))
    [result] = exported(both, Format.OSCAL)["assessment-results"]["results"]
    assert [one["target"]["status"]["state"] for one in result["findings"]] == ["not-satisfied"]


def test_an_artifact_whose_type_is_odd_does_not_spoil_the_document(green: Dossier) -> None:
    dossier = green
    odd = ArtifactRef(digest="sha256:" + "0" * 64, media_type="", bytes=0)
    findings = tuple(one.model_copy(update={"evidence": (odd,)}) for one in dossier.contents.card.findings)
    for form in Format:
        assert invalid(with_findings(dossier, *findings), form) == []


def test_json_exports_have_each_key_once(blocked: Dossier) -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    for member in export_members(blocked):
        if not member.path.endswith(".xml"):
            json.loads(member.content, object_pairs_hook=once)
