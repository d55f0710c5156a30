"""What continuous integration shows of the controls."""

from xml.etree import ElementTree as ET

from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format
from tests.evidence.exports.cases import exported


def case(dossier: Dossier, control: str) -> ET.Element:
    root: ET.Element = exported(dossier, Format.JUNIT)
    [found] = [one for one in root.iter("testcase") if one.attrib["name"].startswith(control)]
    return found


def verdicts(element: ET.Element) -> list[str]:
    return [child.tag for child in element if child.tag != "system-out"]


def test_a_control_that_holds_is_a_passed_case_that_names_its_evidence(green: Dossier) -> None:
    passed = case(green, "MC-QA-01")
    assert verdicts(passed) == []
    assert "sha256:" in (passed.findtext("system-out") or "")


def test_a_failed_control_is_a_failure_with_what_to_do(blocked: Dossier) -> None:
    failed = case(blocked, "MC-BR-02")
    assert verdicts(failed) == ["failure"]
    assert failed.find("failure").attrib["message"] == "Files that gain a private key: deploy/id_rsa."  # type: ignore[union-attr]
    assert "Revoke the key first" in (failed.findtext("failure") or "")


def test_a_control_without_an_answer_is_an_error_and_never_a_pass(unsure: Dossier) -> None:
    assert verdicts(case(unsure, "MC-AC-01")) == ["error"]


def test_a_control_that_does_not_apply_is_skipped_with_the_reason(unsure: Dossier) -> None:
    skipped = case(unsure, "MC-QA-01").find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == "Not applicable: Tests are affected by the pull request: no."


def test_there_is_a_suite_per_tier_that_says_what_it_is_about(blocked: Dossier) -> None:
    suites = exported(blocked, Format.JUNIT).findall("testsuite")
    assert [suite.attrib["name"] for suite in suites] == [
        "Tier 1, which stops a merge",
        "Tier 2, which asks for a person",
        "Tier 3, which advises",
    ]
    told = {one.attrib["name"]: one.attrib["value"] for one in suites[0].iter("property")}
    assert told["repo"] == "shop/checkout"
    assert told["pr"] == "1482"
    assert told["head"] == blocked.contents.card.pull_request.head_sha
    assert told["decision"] == "blocked"
    assert told["catalogue-digest"] == blocked.contents.catalogue_digest
