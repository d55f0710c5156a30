"""The examples of the documentation are read by what reads the real files."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from maestro.assurance import load as load_catalogue
from maestro.config.project import ProjectConfig
from maestro.config.topology import Topology
from maestro.config.yamlfile import parse
from maestro.policy.data import Tenants
from maestro.policy.engine import RegorusEngine
from maestro.resources import resource_dir
from tests.docs.pages import PAGES, Block, blocks


def catalogue_with(text: str, folder: Path) -> object:
    controls = folder / "controls"
    shutil.copytree(resource_dir("controls"), controls)
    (controls / "local.yaml").write_text(text, encoding="utf-8")
    return load_catalogue(controls)


READERS: dict[str, Callable[[str, Path], object]] = {
    "temporal-dev.yaml": lambda text, _: parse(text, Topology, source="the example"),
    "maestro.yaml": lambda text, _: parse(text, ProjectConfig, source="the example"),
    "policies/tenants/data.yaml": lambda text, _: parse(text, Tenants, source="the example"),
    "controls/local.yaml": catalogue_with,
    ".gitlab-ci.yml": lambda text, _: yaml.safe_load(text),
    ".github/workflows/conduct.yml": lambda text, _: yaml.safe_load(text),
    ".github/workflows/conduct-alone.yml": lambda text, _: yaml.safe_load(text),
    "a step of any CI": lambda text, _: yaml.safe_load(text),
}
"""By what the first line of an example says that it is."""

YAML = [block for page in PAGES for block in blocks(page, "yaml")]
REGO = [block for page in PAGES for block in blocks(page, "rego")]


@pytest.mark.parametrize("block", YAML, ids=str)
def test_a_file_in_yaml_can_be_used_as_it_stands(block: Block, tmp_path: Path) -> None:
    first, _, _ = block.text.partition("\n")
    assert READERS[first.removeprefix("# ")](block.text, tmp_path)


@pytest.mark.parametrize("block", REGO, ids=str)
def test_a_rule_compiles_among_the_shipped_policies(block: Block, tmp_path: Path) -> None:
    shutil.copytree(resource_dir("policies"), tmp_path / "policies")
    with (tmp_path / "policies" / "reasons.rego").open("a", encoding="utf-8") as file:
        file.write(f"\n{block.text}")
    assert RegorusEngine(tmp_path / "policies").digest != RegorusEngine(resource_dir("policies")).digest
