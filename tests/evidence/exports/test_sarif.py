"""What code scanning shows of failed and open controls."""

from typing import Any

import pytest

from maestro.assurance import GitFacts
from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format
from tests.evidence.exports.cases import exported


def run(dossier: Dossier) -> Any:
    [found] = exported(dossier, Format.SARIF)["runs"]
    return found


def places(dossier: Dossier, control: str) -> list[tuple[str, str]]:
    found = [one["locations"][0]["physicalLocation"] for one in run(dossier)["results"] if one["ruleId"] == control]
    return [(place["artifactLocation"]["uriBaseId"], place["artifactLocation"]["uri"]) for place in found]


def with_executables(dossier: Dossier, *files: str) -> Dossier:
    git = dossier.contents.facts.git or GitFacts()
    changed = git.model_copy(update={"executables_added": files})
    facts = dossier.contents.facts.model_copy(update={"git": changed})
    return Dossier(contents=dossier.contents.model_copy(update={"facts": facts}), catalogue=dossier.catalogue)


def test_nothing_that_holds_is_a_result_and_every_control_is_a_rule(green: Dossier) -> None:
    found = run(green)
    assert found["results"] == []
    assert [rule["id"] for rule in found["tool"]["driver"]["rules"]] == [one.id for one in green.catalogue.controls]


def test_the_level_is_that_of_the_tier(blocked: Dossier) -> None:
    levels = {one["ruleId"]: (one["kind"], one["level"]) for one in run(blocked)["results"]}
    assert levels == {
        "MC-AC-02": ("fail", "warning"),
        "MC-BR-02": ("fail", "error"),
        "MC-QA-01": ("fail", "error"),
        "MC-QA-03": ("fail", "warning"),
    }


def test_a_control_without_an_answer_is_open_and_one_that_does_not_apply_is_absent(unsure: Dossier) -> None:
    kinds = {one["ruleId"]: one["kind"] for one in run(unsure)["results"]}
    assert kinds["MC-AC-01"] == "open"
    assert "MC-QA-01" not in kinds


def test_each_file_that_a_failure_names_is_a_result_in_the_repository(blocked: Dossier) -> None:
    assert places(blocked, "MC-QA-03") == [
        ("REPOSITORY", "bin/tool.exe"),
        ("REPOSITORY", "docs/my%20files/%5Brun%5D%20%7Bme%7D.so"),
    ]


def test_a_failure_without_a_file_stands_where_its_evidence_lies(blocked: Dossier) -> None:
    [(base, uri)] = places(blocked, "MC-QA-01")
    assert base == "BUNDLE"
    assert uri in {f"artifacts/{one.ref.digest.removeprefix('sha256:')}" for one in blocked.contents.evidence}


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd", "a//b", "."])
def test_a_name_that_leads_out_of_the_repository_is_no_place(blocked: Dossier, file: str) -> None:
    assert [base for base, _ in places(with_executables(blocked, file), "MC-QA-03")] == ["BUNDLE"]


def test_a_name_that_looks_like_an_address_is_a_file(blocked: Dossier) -> None:
    [place] = places(with_executables(blocked, "javascript:alert(1)"), "MC-QA-03")
    assert place == ("REPOSITORY", "javascript%3Aalert%281%29")


def test_a_name_is_never_a_link_or_a_placeholder_of_the_message(blocked: Dossier) -> None:
    [result] = [
        one for one in run(with_executables(blocked, "[x](http://host) {0}"))["results"] if one["ruleId"] == "MC-QA-03"
    ]
    assert result["message"]["text"].startswith("\\[x\\](http://host) {{0}}: ")


def test_fingerprints_stay_over_heads_and_differ_between_files(blocked: Dossier) -> None:
    def prints(dossier: Dossier) -> list[str]:
        return [one["partialFingerprints"]["maestroControl/v1"] for one in run(dossier)["results"]]

    card = blocked.contents.card
    head = card.pull_request.model_copy(update={"head_sha": "e" * 40})
    contents = blocked.contents.model_copy(update={"card": card.model_copy(update={"pull_request": head})})
    assert prints(blocked) == prints(Dossier(contents=contents, catalogue=blocked.catalogue))
    assert len(set(prints(blocked))) == len(prints(blocked))


def test_the_help_of_a_rule_links_where_its_fix_has_a_web_address(green: Dossier) -> None:
    first, *others = green.catalogue.controls
    told = first.model_copy(update={"fix": "Read [the guide](https://forge.example/guide?a=1), then push."})
    catalogue = type(green.catalogue)((told, *others), green.catalogue.digest)
    rules = run(Dossier(contents=green.contents, catalogue=catalogue))["tool"]["driver"]["rules"]
    assert rules[0]["helpUri"] == "https://forge.example/guide?a=1"
    assert "helpUri" not in rules[1]


def test_the_run_says_which_head_of_which_repository(blocked: Dossier) -> None:
    [provenance] = run(blocked)["versionControlProvenance"]
    assert provenance["repositoryUri"] == "https://forge.example/shop/checkout.git"
    assert provenance["revisionId"] == blocked.contents.card.pull_request.head_sha
