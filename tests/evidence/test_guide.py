"""``VERIFY.md`` followed by a reader without Maestro, in a shell: it holds for the bundle and for no changed one."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from maestro.evidence.contents import INDEX, SUMMARY
from maestro.signing.algorithms import Algorithm
from maestro.signing.rotation import create_key
from maestro.signing.trusted import Purpose
from tests.evidence.bundles import Sealed, sealed, sealed_in

TOOLS = ("openssl", "jq", "sha256sum", "python3", "base64")


@pytest.fixture(autouse=True, scope="module")
def _tools_are_here() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.fail(f"the guide is followed with {', '.join(missing)}, not here: apt-get install openssl jq coreutils")


def follow(made: Sealed, folder: Path, *, without: tuple[str, ...] = ("cosign", "slsa-verifier")) -> tuple[int, str]:
    """Exit code and output of every command of the guide, in one shell that ends at the first that fails."""
    blocks = re.findall(r"^```sh\n(.*?)^```", made.files["VERIFY.md"].decode(), re.DOTALL | re.MULTILINE)
    script = "\n".join(block for block in blocks if not any(tool in block for tool in without))
    temporary = folder.parent / f"{folder.name}-temporary"
    temporary.mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=made.folder(folder),
        env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_guide_holds_for_its_bundle(tmp_path: Path) -> None:
    code, told = follow(sealed(), tmp_path / "bundle")
    assert code == 0, told
    assert sealed().keys.key_id.removeprefix("sha256:") in told
    assert "Verified OK" in told


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ECDSA])
def test_the_guide_holds_for_keys_of_every_kind(tmp_path: Path, algorithm: Algorithm) -> None:
    create_key(tmp_path / "keys", algorithm=algorithm, purpose=Purpose.EVIDENCE)
    code, told = follow(sealed_in(tmp_path), tmp_path / "bundle")
    assert code == 0, told


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: sealed().put("card.json", b"{}"), id="another card"),
        pytest.param(lambda: sealed().drop("facts.json"), id="a file that is missing"),
        pytest.param(lambda: sealed().put("more.txt", b"more"), id="a file that nobody names"),
        pytest.param(lambda: sealed().put(INDEX, sealed().files[INDEX] + b" "), id="another index"),
        pytest.param(lambda: sealed().put(SUMMARY, forged()), id="another summary"),
    ],
)
def test_the_guide_fails_for_a_bundle_that_was_changed(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, told = follow(made(), tmp_path / "bundle")
    assert code != 0, told


def forged() -> bytes:
    """The summary with one other letter in its payload."""
    return sealed().files[SUMMARY].replace(b'"payload":"eyJ', b'"payload":"eyI', 1)


def test_no_text_of_the_pull_request_stands_in_the_guide() -> None:
    guide = sealed().files["VERIFY.md"].decode()
    pull_request = sealed().contents.card.pull_request
    assert pull_request.title not in guide
    assert pull_request.head_sha in guide
