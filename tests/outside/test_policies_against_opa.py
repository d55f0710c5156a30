"""The shipped policies under the real OPA: its formatter, its checks, their tests, and the same answers from both
engines on generated inputs. Needs ``opa``, so it is not part of the default run.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from maestro.policy.engine import RegorusEngine
from maestro.resources import resource_dir
from tests.policy.inputs import (
    decision_inputs,
    failover_inputs,
    network_inputs,
    placement_inputs,
    selection_inputs,
)

POLICIES = resource_dir("policies")
OPA_VERSION = "1.22.2"
INPUTS = 300

ENTRYPOINTS = {
    "data.maestro.placement.answer": placement_inputs(),
    "data.maestro.failover.answer": failover_inputs(),
    "data.maestro.network.answer": network_inputs(),
    "data.maestro.selection.answer": selection_inputs(),
    "data.maestro.decision.answer": decision_inputs(),
}


@pytest.fixture(scope="module")
def opa() -> str:
    cache = Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache")
    candidates = [os.environ.get("MAESTRO_OPA", ""), shutil.which("opa"), str(cache / "maestro" / "bin" / "opa")]
    found = next((path for path in candidates if path and Path(path).is_file()), None)
    if found is None:
        pytest.fail(
            f"opa is not here. Get it with `go install github.com/open-policy-agent/opa@v{OPA_VERSION}` "
            "and put it on the PATH, or name it in MAESTRO_OPA."
        )
    return found


def run(opa: str, *arguments: str) -> str:
    done = subprocess.run([opa, *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_policies_are_formatted_as_opa_formats_them(opa: str) -> None:
    assert run(opa, "fmt", "--list", str(POLICIES)) == ""


def test_the_policies_pass_opas_strict_check(opa: str) -> None:
    run(opa, "check", "--strict", str(POLICIES))


def test_the_policies_own_tests_hold_and_reach_nearly_every_rule(opa: str) -> None:
    run(opa, "test", str(POLICIES))
    coverage = json.loads(run(opa, "test", "--coverage", str(POLICIES)))
    assert coverage["coverage"] > 98


def test_the_folder_is_an_opa_bundle_with_the_same_data(opa: str) -> None:
    answer = json.loads(run(opa, "eval", "--bundle", str(POLICIES), "--format", "json", "data.tenants"))
    written = yaml.safe_load((POLICIES / "tenants" / "data.yaml").read_text())
    assert answer["result"][0]["expressions"][0]["value"] == written


@pytest.mark.parametrize("entrypoint", ENTRYPOINTS)
def test_both_engines_give_the_same_answer_to_the_same_input(opa: str, entrypoint: str, tmp_path: Path) -> None:
    documents = _generated(ENTRYPOINTS[entrypoint])
    expected = _asked(opa, entrypoint, documents, tmp_path)
    engine = RegorusEngine(POLICIES)
    differing = [
        (document, answer.value, other)
        for document, other in zip(documents, expected, strict=True)
        if (answer := engine.evaluate(entrypoint, document)).value != other
    ]
    assert differing == []
    assert len(documents) >= 8


def _generated(strategy: st.SearchStrategy[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same few hundred inputs each time; fewer where there are not as many."""
    collected: dict[str, dict[str, Any]] = {}

    @settings(
        max_examples=INPUTS,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(document: dict[str, Any]) -> None:
        collected[json.dumps(document, sort_keys=True)] = document

    collect()
    return list(collected.values())


def _asked(opa: str, entrypoint: str, documents: list[dict[str, Any]], folder: Path) -> list[Any]:
    """OPA's answers, from one process: an evaluation for each input, undefined as null."""
    path = folder / "inputs.json"
    path.write_text(json.dumps({"documents": documents}))
    query = (
        f"[answer | some document in input.documents; answer := [value | value := {entrypoint} with input as document]]"
    )
    output = run(opa, "eval", "--data", str(POLICIES), "--input", str(path), "--format", "json", query)
    answers = json.loads(output)["result"][0]["expressions"][0]["value"]
    return [answer[0] if answer else None for answer in answers]
