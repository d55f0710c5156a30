"""The numbers that the change model is fitted on: one matrix for each case, and which of its tests fail."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import case_features
from maestro.impact.knowledge.features import COLUMN, FEATURES
from tests.execution.recorded import PLAIN
from tests.impact.evaluation.shop import DISCOUNT, LISTED, NEW, Shop, case_file


def test_each_case_has_its_features_and_its_failing_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = Shop(tmp_path / "repository")
    cases = case_file(tmp_path / "cases.jsonl", [shop.executed_line(), "{", shop.new_test()])
    out = tmp_path / "features.npz"
    options = ("--repo", shop.folder, "--python", sys.executable, "--cases", cases, "--out", out)
    pytest_options = f"--pytest={' '.join(PLAIN)}"
    monkeypatch.setattr(sys, "argv", ["x", *map(str, options), "--home", str(tmp_path / "home"), pytest_options])
    case_features.main()
    with np.load(out) as found:
        assert found["columns"].tolist() == [feature.name for feature in FEATURES]
        assert found["lines"].tolist() == [1, 3]
        assert found["unjudged"].tolist() == ["", ""]
        assert found["tests_0"][found["failing_0"]].tolist() == [DISCOUNT]
        assert found["tests_1"][found["failing_1"]].tolist() == [NEW] == found["tests_1"][found["forced_1"]].tolist()
        assert found["features_0"].shape == (len(LISTED), len(FEATURES))
        assert found["features_0"][found["failing_0"], COLUMN["line_executed"]].tolist() == [1]
        assert found["seconds_0"].shape == (len(LISTED),)
    assert "line 2: the line: it is no JSON" in capsys.readouterr().err
