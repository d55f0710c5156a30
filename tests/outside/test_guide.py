"""A bundle's own ``VERIFY.md``, followed to its end with the real cosign and slsa-verifier."""

import os
from pathlib import Path

import pytest

from maestro.evidence.contents import INDEX
from maestro.signing.algorithms import Algorithm
from maestro.signing.rotation import create_key
from maestro.signing.trusted import Purpose
from tests.evidence.bundles import sealed_in
from tests.evidence.test_guide import follow
from tests.outside.tools import COSIGN, SLSA_VERIFIER, NotHereError, need


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    try:
        for tool in (COSIGN, SLSA_VERIFIER):
            (folder / tool.name).symlink_to(need(tool))
    except NotHereError as error:
        pytest.fail(str(error), pytrace=False)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("algorithm", [Algorithm.RSA, Algorithm.ECDSA])
def test_every_command_of_the_guide_holds(algorithm: Algorithm, tmp_path: Path) -> None:
    create_key(tmp_path / "keys", algorithm=algorithm, purpose=Purpose.EVIDENCE)
    code, told = follow(sealed_in(tmp_path), tmp_path / "bundle", without=())
    assert code == 0, told
    assert "Verified OK" in told
    assert "PASSED: SLSA verification passed" in told


def test_the_part_of_cosign_fails_for_another_index(tmp_path: Path) -> None:
    made = sealed_in(tmp_path)
    changed = made.put(INDEX, made.files[INDEX] + b"\n")
    code, told = follow(changed, tmp_path / "bundle", without=("sha256sum --check", "slsa-verifier"))
    assert code != 0
    assert "subject" in told or "digest" in told
