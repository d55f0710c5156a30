"""Our OSCAL documents under compliance-trestle, a tool that we did not write. Installs it once into the cache folder.

It holds documents against its own models of OSCAL 1.2.1; it does not look whether references lead anywhere, which is
why we do.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format, export_one, oscal_problems
from tests.evidence.exports import cases
from tests.outside.oscal_tools import programs, run

VERSION = "5.2.0"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def trestle() -> str:
    """The program, in an environment of its own: it pins releases that Maestro does not use."""
    return str(programs("compliance-trestle", VERSION) / "trestle")


@pytest.fixture
def workspace(trestle: str, tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    made = run(folder, trestle, "init", "--local")
    assert made.returncode == 0, made.stderr
    return folder


def accepts(trestle: str, workspace: Path, *, model: str, content: bytes) -> bool:
    """Whether trestle imports the document and then finds it valid."""
    file = workspace.parent / "document.json"
    file.write_bytes(content)
    imported = run(workspace, trestle, "import", "-f", str(file), "-o", "ours")
    return imported.returncode == 0 and run(workspace, trestle, "validate", "-t", model, "-n", "ours").returncode == 0


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(cases.green, id="every control holds"),
        pytest.param(cases.blocked, id="controls fail"),
        pytest.param(cases.unsure, id="controls could not be asked"),
        pytest.param(cases.whole, id="the whole catalogue"),
    ],
)
def test_assessment_results_are_accepted(
    case: Callable[[Path], Dossier], trestle: str, workspace: Path, tmp_path: Path
) -> None:
    content = export_one(case(tmp_path), Format.OSCAL).content
    assert accepts(trestle, workspace, model="assessment-results", content=content)


def test_the_catalog_is_accepted(trestle: str, workspace: Path, tmp_path: Path) -> None:
    content = export_one(cases.whole(tmp_path), Format.OSCAL_CATALOG).content
    assert accepts(trestle, workspace, model="catalog", content=content)


def test_a_state_that_oscal_does_not_have_is_refused(trestle: str, workspace: Path, tmp_path: Path) -> None:
    document = json.loads(export_one(cases.green(tmp_path), Format.OSCAL).content)
    document["assessment-results"]["results"][0]["findings"][0]["target"]["status"]["state"] = "not-evaluated"
    content = json.dumps(document).encode()
    assert not accepts(trestle, workspace, model="assessment-results", content=content)


def test_two_observations_with_one_uuid_are_refused(trestle: str, workspace: Path, tmp_path: Path) -> None:
    document = json.loads(export_one(cases.green(tmp_path), Format.OSCAL).content)
    [result] = document["assessment-results"]["results"]
    result["observations"][1]["uuid"] = result["observations"][0]["uuid"]
    content = json.dumps(document).encode()
    assert not accepts(trestle, workspace, model="assessment-results", content=content)


def test_a_finding_on_an_observation_that_does_not_exist_is_found_by_us_alone(
    trestle: str, workspace: Path, tmp_path: Path
) -> None:
    document = json.loads(export_one(cases.green(tmp_path), Format.OSCAL).content)
    [result] = document["assessment-results"]["results"]
    result["findings"][0]["related-observations"][0]["observation-uuid"] = NOWHERE
    content = json.dumps(document).encode()
    assert accepts(trestle, workspace, model="assessment-results", content=content)
    place = "results[0].findings[0].related-observations[0].observation-uuid"
    assert oscal_problems(content) == (f"{place} names {NOWHERE}, and none of the observations has this identifier",)
