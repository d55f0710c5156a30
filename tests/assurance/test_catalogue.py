"""The catalogue refuses every mistake at its file, line and field."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.assurance import Control, QueryKind, load
from maestro.assurance.coverage import gaps
from maestro.assurance.expression import check, facts_used
from maestro.assurance.facts import FactType, declared, label, values
from maestro.assurance.mistakes import Mistake
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


SHIPPED = load(resource_dir("controls"))


def test_each_shipped_control_carries_what_its_author_decided() -> None:
    assert len(SHIPPED.controls) == 31
    assert all(control.mappings and control.left_out == () for control in SHIPPED.controls)


@pytest.mark.parametrize("control", SHIPPED.controls, ids=lambda control: control.id)
def test_the_fix_of_each_shipped_control_has_a_command_or_a_link_or_says_what_to_write(control: Control) -> None:
    assert re.search(r"`[^`]+`|https://|[A-Z]{4,}", control.fix)
    assert control.query
    assert control.tier == 3 or control.fix != ""


def test_the_ids_of_the_first_controls_keep_their_meaning() -> None:
    """Cards and histories name them."""
    titles = {control.id: control.title for control in SHIPPED.controls}
    assert (
        titles.items()
        >= {
            "MC-AC-01": "Tests ran only where the tenant's policy allows",
            "MC-AC-02": "The pull request does not change the pipeline that judges it",
            "MC-BR-01": "Pull-request code ran in a sandbox, away from credentials",
            "MC-BR-02": "No private key enters the repository",
            "MC-CM-01": "What was tested is what a merge would give",
            "MC-QA-01": "Every selected test has a verdict, and none failed",
            "MC-QA-02": "An automated suite ran before the decision",
            "MC-QA-03": "No generated executable enters the repository",
        }.items()
    )


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


TYPES: dict[FactType, str] = {
    bool: "yes or no",
    int: "whole number",
    float: "decimal number",
    str: "text",
    tuple: "list of text",
}


@pytest.mark.parametrize("kind", list(QueryKind))
def test_the_readme_of_the_catalogue_lists_exactly_the_facts_of_each_kind(kind: QueryKind) -> None:
    readme = (resource_dir("controls") / "README.md").read_text(encoding="utf-8")
    wanted = []
    for fact, known in declared(kind).items():
        listed = ", ".join(f"`{value}`" for value in values(fact))
        wanted.append(f"| `{fact}` | {f'one of {listed}' if listed else TYPES[known]} | {label(fact)} |")
    assert [line for line in readme.splitlines() if line.startswith(f"| `{kind}.")] == wanted


def examples() -> list[str]:
    readme = (resource_dir("controls") / "README.md").read_text(encoding="utf-8")
    return [part.split("```", maxsplit=1)[0] for part in readme.split("```yaml\n")[1:]]


@pytest.mark.parametrize(("text", "id_"), list(zip(examples(), ("ABC-QA-07", "IG-SC-5"), strict=True)))
def test_each_example_of_the_readme_is_a_file_of_its_own(tmp_path: Path, text: str, id_: str) -> None:
    assert [control.id for control in load(write(tmp_path, text)).controls] == [id_]


QUOTED = "'passed'"
EXAMPLE = (
    "id: IG-SC-5\n"
    "query: [{kind: github_checks, where: required==pass}, {kind: opa, where: denies==0}, "
    "{kind: attest, where: provenance==verified && sbom.criticals==0}]\n"
)
"""As a user of the project wrote it: nothing may have to be added."""


def test_a_control_may_be_a_whole_file_and_what_it_leaves_out_is_strict(tmp_path: Path) -> None:
    [control] = load(write(tmp_path, EXAMPLE)).controls
    assert [query.where for query in control.query] == [
        "required==pass",
        "denies==0",
        "provenance==verified && sbom.criticals==0",
    ]
    assert (control.tier, control.title, control.owner) == (1, "IG-SC-5", "unassigned")
    assert control.evidence_max_age_hours == 24
    assert "`denies==0` (opa)" in control.fix
    assert "Nobody has written a fix" in control.fix
    assert control.kinds == (QueryKind.GITHUB_CHECKS, QueryKind.OPA, QueryKind.ATTEST, QueryKind.SBOM)
    assert set(control.left_out) == {"title", "fix", "tier", "owner", "evidence_max_age_hours"}


def test_it_joins_the_shipped_catalogue(tmp_path: Path) -> None:
    shutil.copytree(resource_dir("controls"), tmp_path / "controls")
    controls = load(write(tmp_path / "controls", EXAMPLE, "local.yml")).controls
    assert len(controls) == len(SHIPPED.controls) + 1


def standing(text: str, word: str) -> str:
    """Line and column of the only such word."""
    assert text.count(word) == 1
    before = text[: text.index(word)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_each_mistake_of_a_file_is_pointed_at(tmp_path: Path) -> None:
    wrong = EXAMPLE.replace("==pass", "=='passed'").replace("denies", "denise").replace("verified", "pass")
    with pytest.raises(BadInput) as caught:
        load(write(tmp_path, wrong))
    said = str(caught.value)
    assert caught.value.field == f"{tmp_path}/quality.yaml:{standing(wrong, QUOTED)}: query[0].where"
    assert "github_checks.required is never 'passed'\n  | required=='passed'\n  | ..........^" in said
    assert f"quality.yaml:{standing(wrong, 'denise')}: query[1].where: kind opa has no 'denise'" in said
    assert f"quality.yaml:{standing(wrong, 'pass &&')}: query[2].where: kind attest has no 'pass'" in said


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("where: failed == 0 && skiped == 0", id="on one line"),
        pytest.param('where: "failed == 0 && skiped == 0"', id="in quotes"),
        pytest.param("where: 'mode != ''all'' && skiped == 0'", id="with quotes in quotes"),
        pytest.param("where: |\n      failed == 0 &&\n      skiped == 0", id="on lines of its own"),
        pytest.param("where: >-\n      failed == 0 &&\n      skiped == 0", id="on folded lines"),
        pytest.param("where: failed == 0 &&\n      skiped == 0", id="on a continued line"),
    ],
)
def test_the_column_is_that_of_the_file_however_the_condition_is_written(tmp_path: Path, where: str) -> None:
    text = f"id: X-1\nquery:\n  - {where}\n    kind: tests\n"
    with pytest.raises(BadInput) as caught:
        load(write(tmp_path, text))
    assert caught.value.field == f"{tmp_path}/quality.yaml:{standing(text, 'skiped')}: query[0].where"
    assert "did you mean 'skipped'" in caught.value.fix


def test_with_an_escape_in_the_condition_only_its_line_is_known(tmp_path: Path) -> None:
    text = 'id: X-1\nquery:\n  - where: "failed == 0 \\x26& skiped == 0"\n    kind: tests\n'
    with pytest.raises(BadInput) as caught:
        load(write(tmp_path, text))
    assert caught.value.field.endswith("quality.yaml:3: query[0].where")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("id: X-1\n", "query: a required setting is missing", id="no query"),
        pytest.param("id: X-1\nquery: []\n", "query: the list is empty", id="an empty list of queries"),
        pytest.param("id: X-1\nquery:\n", "query: a list is needed", id="a query of nothing"),
        pytest.param("query: [{kind: tests, where: failed == 0}]\n", "id: a required setting is missing", id="no id"),
        pytest.param("id: X-1\nquery: [{kind: tests}]\n", "where: a required setting", id="no condition"),
        pytest.param("id: X-1\nquery: [{kind: tests, where: true}]\n", "text is needed", id="a yes that is no text"),
        pytest.param("id: X-1\ntier: true\nquery: [{kind: tests, where: failed == 0}]\n", "a whole", id="tier true"),
        pytest.param("[]\n", "the list is empty", id="an empty list"),
        pytest.param("", "id: a required setting is missing", id="an empty file"),
        pytest.param("hello\n", "settings are needed", id="a word"),
        pytest.param("a: &a [x]\nid: *a\n", "an alias (*a) cannot be used", id="an alias"),
        pytest.param("x: " + "[" * 5_000, "more than 32 levels", id="deep nesting"),
        pytest.param("x: " + "y" * 1_000_001, "more than the 1000000 that are read", id="a huge file"),
        pytest.param("id: X-1\nid: X-2\n", "the key is given a second time", id="a repeated key"),
        pytest.param("id: X-1\nquery: [{kind: tests, where: !a}]\n", "x.yaml:2", id="a condition that YAML misreads"),
    ],
)
def test_a_file_that_is_no_control_is_refused_with_the_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        load(write(tmp_path, text, "x.yaml"))
    assert says in str(caught.value)
    assert "x.yaml" in caught.value.field


def test_a_repeated_id_is_found_within_a_list_too(tmp_path: Path) -> None:
    one = "- id: X-1\n  query: [{kind: tests, where: failed == 0}]\n"
    with pytest.raises(BadInput, match="defined a second time") as caught:
        load(write(tmp_path, one + one))
    assert caught.value.field.endswith("quality.yaml:3: [1].id")


FRAMEWORKS = """\
frameworks:
  own: {title: Ours, source: us, complete: true, identifiers: {A.1: First, A.2: Second, A.3: Third}}
"""
MAPPED = "id: X-1\nmappings: {own: [A.1]}\nquery: [{kind: tests, where: failed == 0}]\n"
OUTSIDE = "framework: own\noutside:\n  - {requirement: A.2, reason: Nobody can.}\n"


def folder_with(folder: Path, **files: str) -> Path:
    for name, text in {"frameworks": FRAMEWORKS, "mapped": MAPPED, "outside": OUTSIDE, **files}.items():
        write(folder, text, f"{name}.yaml")
    return folder


def test_what_is_neither_mapped_nor_listed_is_told(tmp_path: Path) -> None:
    assert gaps(load(folder_with(tmp_path))) == ("own A.3",)


@pytest.mark.parametrize(
    ("name", "good", "bad", "says"),
    [
        pytest.param("mapped", "A.1", "A.11", "did you mean 'A.1'", id="a mistyped identifier"),
        pytest.param("mapped", "own:", "owm:", "did you mean 'own'", id="a mistyped framework"),
        pytest.param("outside", "A.2", "A.9", "own has no 'A.9'", id="a listed one that there is not"),
        pytest.param("outside", "A.2", "A.1", "mapped to A.1, which is listed as not visible", id="mapped and listed"),
        pytest.param("outside", "can.}", "can., partly: true}", "no control is mapped to it", id="a part of nothing"),
        pytest.param("outside", "reason: Nobody can.", 'reason: ""', "at least 1 char", id="no reason"),
        pytest.param("frameworks", "{A.1: First, A.2: Second, A.3: Third}", "{}", "no identifier", id="nothing named"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(tmp_path: Path, name: str, good: str, bad: str, says: str) -> None:
    text = {"mapped": MAPPED, "outside": OUTSIDE, "frameworks": FRAMEWORKS}[name]
    with pytest.raises(BadInput) as caught:
        load(folder_with(tmp_path, **{name: text.replace(good, bad)}))
    assert says in str(caught.value)
    assert f"{name}.yaml:" in caught.value.field


def test_without_frameworks_every_identifier_is_taken(tmp_path: Path) -> None:
    assert load(write(tmp_path, MAPPED)).controls[0].mappings == {"own": ("A.1",)}


BITS = (
    """failed tests.failed mode all 'all' isolation x 0 1.5 == < && || ! ( ) size( .all(x, in [ ] ? : true { dyn( é"""
)
bits = st.sampled_from([*BITS.split(), " ", "\n", "\t", "\0", "'", '"', "\\"])


@given(st.one_of(st.lists(bits, max_size=12).map("".join), st.text(max_size=30)), st.sampled_from(list(QueryKind)))
def test_whatever_is_written_is_a_condition_or_a_mistake_with_a_fix(where: str, kind: QueryKind) -> None:
    mistake: Mistake | None = None
    try:
        check(kind, where)
    except Mistake as refused:
        mistake = refused
    assert mistake.fix if mistake else facts_used(kind, where)
