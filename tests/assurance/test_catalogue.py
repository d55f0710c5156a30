"""The catalogue refuses every mistake at its file, line and field."""

import re
from pathlib import Path

import pytest

from maestro.assurance import QueryKind, load
from maestro.assurance.facts import declared
from maestro.errors import BadInput
from maestro.resources import resource_dir

CONTROL = """\
family: QA
title: Quality
controls:
  - id: T-QA-01
    title: Tests pass
    tier: 1
    owner: quality
    evidence_max_age_hours: 24
    fix: Mend them.
    query:
      - kind: tests
        where: tests.failed == 0
"""


def write(folder: Path, text: str, name: str = "quality.yaml") -> Path:
    folder.joinpath(name).write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_catalogue_has_eight_controls_that_each_carry_a_fix_and_a_mapping() -> None:
    catalogue = load(resource_dir("controls"))
    assert len(catalogue.controls) == 8
    assert all(control.fix and control.mappings and control.owner for control in catalogue.controls)


def test_the_controls_stand_in_the_order_of_their_ids() -> None:
    ids = [control.id for control in load(resource_dir("controls")).controls]
    assert ids == sorted(ids)


def test_the_digest_changes_with_any_byte_of_any_file(tmp_path: Path) -> None:
    before = load(write(tmp_path, CONTROL)).digest
    after = load(write(tmp_path, CONTROL + "# a remark\n")).digest
    assert before != after


@pytest.mark.parametrize(
    ("good", "bad", "field", "message"),
    [
        pytest.param(
            "tests.failed == 0", "tests.faild == 0", ":12:16: ", "did you mean 'tests.failed'", id="a typing mistake"
        ),
        pytest.param("tests.failed == 0", "faild == 0", ":12:16: ", "did you mean 'failed'", id="a bare one"),
        pytest.param(
            "tests.failed == 0", "tests.failed == '0'", ":12:29: ", "\n  | .............^", id="a comparison of types"
        ),
        pytest.param(
            "tests.failed == 0", "tests.failed", ":12:16: ", "gives INT", id="a number where a yes or no belongs"
        ),
        pytest.param("tests.failed == 0", "git.linear", ":12:16: ", "no 'git.linear'", id="a fact of another kind"),
        pytest.param("tests.failed == 0", "'  '", ":12: ", "the query is empty", id="an empty condition"),
        pytest.param("tests.failed == 0", "'true'", ":12:17: ", "whatever the facts are", id="a constant"),
        pytest.param("tests.failed == 0", "failed == 0 || true", ":12:16: ", "whatever", id="a constant in disguise"),
        pytest.param("tests.failed == 0", "1 / 0 == 1", ":12:16: ", "names no fact", id="an error for everybody"),
        pytest.param("tests.failed == 0", "dyn(failed) == '0'", ":12:19: ", "leave dyn() out", id="a hidden type"),
        pytest.param("tests.failed == 0", "mode == 'wide'", ":12:24: ", "direct, standard, all", id="no such value"),
        pytest.param("tests.failed == 0", "failed == 0.5", ":12:23: ", "double(…)", id="whole and decimal numbers"),
        pytest.param("tests.failed == 0", "failed ==", ":12:25: ", "mismatched input", id="half a condition"),
        pytest.param("tests.failed == 0", "x" * 2_001, ":12: ", "more than 2000", id="a condition without end"),
        pytest.param("kind: tests", "kind: test", ":11: ", "did you mean 'tests'", id="an unknown kind"),
        pytest.param("tier: 1", "tier: one", ":6: ", "a whole number is needed", id="a tier that is a word"),
        pytest.param("tier: 1", "tier: 4", ":6: ", "less than or equal to 3", id="a tier that does not exist"),
        pytest.param("tier: 1", "tier: 1\n    owners: me", ":7: ", "did you mean 'owner'", id="an unknown field"),
        pytest.param("id: T-QA-01", "id: quality", ":4: ", "such as ABC-QA-01", id="an id without a family"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(
    tmp_path: Path, good: str, bad: str, field: str, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        load(write(tmp_path, CONTROL.replace(good, bad)))
    assert f"quality.yaml{field}controls[0]" in caught.value.field
    assert message in str(caught.value)


def test_a_control_without_a_query_is_refused(tmp_path: Path) -> None:
    text = CONTROL.split("    query:", maxsplit=1)[0] + "    query: []\n"
    with pytest.raises(BadInput, match="the list is empty"):
        load(write(tmp_path, text))


def test_an_id_that_two_files_share_is_refused_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, CONTROL)
    with pytest.raises(BadInput) as caught:
        load(write(tmp_path, CONTROL, "zebra.yaml"))
    assert "zebra.yaml:4: controls[0].id" in caught.value.field
    assert "quality.yaml:4" in caught.value.message


def test_a_folder_without_controls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no control"):
        load(tmp_path)


@pytest.mark.parametrize("kind", list(QueryKind))
def test_the_readme_of_the_catalogue_lists_exactly_the_facts_of_each_kind(kind: QueryKind) -> None:
    readme = (resource_dir("controls") / "README.md").read_text(encoding="utf-8")
    assert re.findall(rf"^\| `({kind}\.\w+)` \|", readme, re.MULTILINE) == list(declared(kind))


def test_the_example_of_the_readme_is_a_control(tmp_path: Path) -> None:
    readme = (resource_dir("controls") / "README.md").read_text(encoding="utf-8")
    example = readme.split("```yaml\n")[1].split("```", maxsplit=1)[0]
    controls = load(write(tmp_path, "family: QA\ntitle: Quality\ncontrols:\n" + example)).controls
    assert [control.id for control in controls] == ["ABC-QA-07"]
