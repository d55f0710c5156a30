"""Our OSCAL documents under the rules of NIST's Metaschema that a JSON schema cannot have: which values a property may
take where, and how many there may be. The package `oscal` knows them; it is installed once into the cache folder.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maestro.evidence.contents import Dossier
from maestro.evidence.exports import Format, export_one
from tests.evidence.exports import cases
from tests.outside.oscal_tools import programs, run

VERSION = "3.2.2"
ASK = """
import json, sys
from oscal import OSCAL
document = OSCAL.load(sys.argv[1])
document.validate()
print(json.dumps([document.validation_status, document.validation_errors], default=str))
"""
PHASES = {"well-formed", "structure", "data-types", "allowed-values", "cardinality", "choice"}


def problems(content: bytes, folder: Path) -> list[Any]:
    file = folder / "document.json"
    file.write_bytes(content)
    done = run(folder, str(programs("oscal", VERSION) / "python"), "-I", "-c", ASK, str(file))
    assert done.returncode == 0, done.stderr
    status, found = json.loads(done.stdout.splitlines()[-1])
    assert set(status) == PHASES
    return [*found, *(phase for phase in PHASES if status[phase] is not True)]


@pytest.mark.parametrize("form", [Format.OSCAL, Format.OSCAL_CATALOG])
@pytest.mark.parametrize("case", [cases.blocked, cases.unsure, cases.whole])
def test_no_constraint_is_broken(case: Callable[[Path], Dossier], form: Format, tmp_path: Path) -> None:
    assert problems(export_one(case(tmp_path), form).content, tmp_path) == []


def test_a_broken_constraint_is_found(tmp_path: Path) -> None:
    document = json.loads(export_one(cases.blocked(tmp_path), Format.OSCAL).content)
    [result] = document["assessment-results"]["results"]
    result["findings"][0]["target"]["status"]["state"] = "not-evaluated"
    assert problems(json.dumps(document).encode(), tmp_path)
