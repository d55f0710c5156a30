"""A folder of policies: what belongs to its version, and data that cannot be used."""

from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.policy.bundle import read_bundle
from maestro.resources import resource_dir

TENANT = """\
default:
  residency: {rule: r, regions: ["*"], why: w}
  network_for_tests: false
  needs_person:
    {for_agents: true, when_not_judged: false, when_untested: false, when_flaky: false, above_changed_files: null}
  selection:
    {mode: enforce, base_tau: 0.05, floor: 0.01, ceiling: 0.1, agents: [], critical_paths: [], critical_labels: [],
     replay_labels: []}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "data.yaml").write_text(TENANT)
    (tmp_path / "p.rego").write_text("package p\n\nx := data.tenants.default.network_for_tests\n")
    return tmp_path


def test_the_shipped_policies_and_their_data_can_be_used() -> None:
    bundle = read_bundle(resource_dir("policies"))
    assert set(bundle.data) == {"tenants", "dependencies", "failover"}
    assert not any(name.endswith("_test.rego") for name in bundle.modules)


def test_the_version_changes_with_anything_that_can_change_an_answer_and_nothing_else(folder: Path) -> None:
    before = read_bundle(folder).digest
    (folder / "p_test.rego").write_text("package p_test\n")
    (folder / "README.md").write_text("words")
    assert read_bundle(folder).digest == before
    (folder / "tenants" / "data.yaml").write_text(TENANT.replace("false", "true"))
    after_data = read_bundle(folder).digest
    (folder / "q.rego").write_text("package q\n")
    assert len({before, after_data, read_bundle(folder).digest}) == 3


@pytest.mark.parametrize(
    ("old", "new", "field", "fix"),
    [
        pytest.param(
            "network_for_tests", "network_for_test", "3: default.network_for_test", "'network_for_tests'", id="a typo"
        ),
        pytest.param("false", "no", "3: default.network_for_tests", "true or false", id="no is a word, not a boolean"),
        pytest.param(
            ", above_changed_files: null", "", "4: default.needs_person.above_changed_files", "add it", id="left out"
        ),
        pytest.param(
            "mode: enforce", "mode: strict", "7: default.selection.mode", "correct", id="a mode that there is not"
        ),
        pytest.param("0.05", "0.2", "6: default.selection", "floor <= base_tau <= ceiling", id="a base out of bounds"),
        pytest.param("agents: []", 'agents: [""]', "7: default.selection.agents[0]", "", id="a text in every author"),
        pytest.param('["*"]', "[]", "2: default.residency.regions", "", id="a residency without a region"),
    ],
)
def test_data_that_a_rule_would_silently_miss_is_refused(
    folder: Path, old: str, new: str, field: str, fix: str
) -> None:
    (folder / "tenants" / "data.yaml").write_text(TENANT.replace(old, new, 1))
    with pytest.raises(BadInput) as caught:
        read_bundle(folder)
    assert caught.value.field == f"{folder}/tenants/data.yaml:{field}"
    assert fix in caught.value.fix


def test_a_package_is_named_as_indexes_spell_it_or_it_would_never_match(folder: Path) -> None:
    (folder / "dependencies").mkdir()
    (folder / "dependencies" / "data.yaml").write_text("r: {packages: [Acme_Solver], regions: [], why: w}")
    with pytest.raises(BadInput) as caught:
        read_bundle(folder)
    assert caught.value.fix == "write 'acme-solver'"


def test_a_pair_of_clusters_reaches_the_policy_under_the_names_that_its_file_has(folder: Path) -> None:
    (folder / "failover").mkdir()
    rules = "{never_active: {}, pairs: {p: {from: a, to: b, kinds: [forced], why: w}}, tenants: {}, hours: {}}"
    (folder / "failover" / "data.yaml").write_text(rules)
    pair = {"from": "a", "to": "b", "kinds": ["forced"], "why": "w"}
    assert read_bundle(folder).data["failover"] == {
        "never_active": {},
        "pairs": {"p": pair},
        "tenants": {},
        "hours": {},
    }
    (folder / "failover" / "data.yaml").write_text(rules.replace("forced", "force"))
    with pytest.raises(BadInput) as caught:
        read_bundle(folder)
    assert caught.value.field.endswith("pairs.p.kinds[0]")


def test_data_for_rules_of_ones_own_is_taken_as_it_is(folder: Path) -> None:
    (folder / "freeze").mkdir()
    (folder / "freeze" / "data.yaml").write_text("days: [friday]")
    assert read_bundle(folder).data["freeze"] == {"days": ["friday"]}


def test_a_folder_without_a_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no policy"):
        read_bundle(tmp_path)


def test_a_policy_that_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "p.rego").write_bytes(b"package p # \xff")
    with pytest.raises(BadInput) as caught:
        read_bundle(folder)
    assert caught.value.field.endswith("p.rego")
