"""openssl, cosign and slsa-verifier on our bundles: they accept what is right, and refuse what was tampered with.

Each runs the commands of `docs/attestations.md`, in a network namespace without a network where one can be had.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maestro.evidence.contents import Dossier, Landing
from maestro.model.decision import DecisionState
from maestro.signing.algorithms import Algorithm
from tests.attestations.bundles import bundle
from tests.attestations.signing import ring
from tests.attestations.statements import dossier, with_bill, with_card, with_contents, with_pull_request
from tests.evidence.samples import TREE
from tests.outside.asking import Question, cosign, openssl, slsa_verifier, without_network
from tests.outside.tampering import TAMPERINGS, Tampered, Tampering
from tests.outside.tools import NotHereError

Verifier = Callable[[Question], subprocess.CompletedProcess[str]]

KEYS = (Algorithm.RSA, Algorithm.ECDSA)
VERIFIERS: tuple[Verifier, ...] = (openssl, cosign, slsa_verifier)


def plain(folder: Path) -> Dossier:
    return dossier(folder)


def merged_with_a_bill(folder: Path) -> Dossier:
    landing = Landing(base_ref="main", commit="5" * 40, tree=TREE)
    return with_contents(with_bill(dossier(folder), folder), landing=landing)


def from_a_folder_by_the_control_of_the_issue(folder: Path) -> Dossier:
    made = with_pull_request(dossier(folder), repository=str(folder), head_sha="ab" * 20)
    first, *others = made.contents.card.findings
    return with_card(made, findings=(first.model_copy(update={"control": "IG-SC-5"}), *others))


DOSSIERS = (plain, merged_with_a_bill, from_a_folder_by_the_control_of_the_issue)


@pytest.fixture(autouse=True)
def _say_how_to_get_what_is_missing() -> Iterator[None]:
    try:
        yield
    except NotHereError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(params=KEYS, ids=str)
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Question:
    return bundle(dossier(tmp_path), tmp_path, ring(request.param))


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("make", DOSSIERS)
def test_every_verifier_accepts_the_bundle(
    make: Callable[[Path], Dossier], keys: Algorithm, verify: Verifier, tmp_path: Path
) -> None:
    done = verify(bundle(make(tmp_path), tmp_path, ring(keys)))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("verify", VERIFIERS)
@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_every_verifier_refuses_what_was_tampered_with(tamper: Tampering, verify: Verifier, asked: Question) -> None:
    question = tamper(Tampered(asked, ring(Algorithm.RSA, "foreign"))) or asked
    done = verify(question)
    assert done.returncode != 0, f"{tamper.__name__}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519])
@pytest.mark.parametrize("tampered", [False, True])
def test_openssl_and_cosign_know_ed25519_as_well(algorithm: Algorithm, tampered: bool, tmp_path: Path) -> None:
    asked = bundle(dossier(tmp_path), tmp_path, ring(algorithm))
    if tampered:
        TAMPERINGS[0](Tampered(asked, ring(Algorithm.RSA, "foreign")))
    assert (openssl(asked, ed25519=True).returncode != 0) == tampered
    assert (cosign(asked).returncode != 0) == tampered


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"head": "5" * 40}, id="another commit"),
        pytest.param({"level": "IG-SC-99"}, id="a control that does not hold"),
        pytest.param({"level": "SLSA_BUILD_LEVEL_1"}, id="a level of SLSA"),
        pytest.param({"resource": "git+https://forge.example/else@" + "9ac3" * 10}, id="another repository"),
        pytest.param({"key_id": "sha256:" + "0" * 64}, id="another key id"),
    ],
)
def test_slsa_verifier_says_no_to_a_question_about_something_else(changed: dict[str, Any], asked: Question) -> None:
    assert slsa_verifier(replace(asked, **changed)).returncode != 0


def test_cosign_says_no_to_another_commit_and_to_another_index(asked: Question) -> None:
    assert cosign(replace(asked, head="5" * 40)).returncode != 0
    (asked.folder / "index.json").write_bytes((asked.folder / "index.json").read_bytes() + b"\n")
    assert cosign(asked).returncode != 0
    assert slsa_verifier(asked).returncode != 0


def test_the_summary_of_another_bundle_is_not_taken_for_this_one(asked: Question, tmp_path: Path) -> None:
    keys = next(ring(each) for each in KEYS if ring(each).key_id == asked.key_id)
    (tmp_path / "other").mkdir()
    other = bundle(from_a_folder_by_the_control_of_the_issue(tmp_path / "other"), tmp_path / "other", keys)
    shutil.copy(other.folder / "vsa.dsse.json", asked.folder / "vsa.dsse.json")
    assert cosign(asked).returncode != 0
    assert slsa_verifier(asked).returncode != 0


@pytest.mark.parametrize("state", [DecisionState.BLOCKED, DecisionState.NEEDS_PERSON])
def test_slsa_verifier_never_passes_what_is_not_green(state: DecisionState, tmp_path: Path) -> None:
    asked = bundle(dossier(tmp_path, state=state), tmp_path, ring(Algorithm.RSA))
    done = slsa_verifier(asked)
    assert done.returncode != 0
    assert "FAILED" in done.stderr
    assert cosign(asked).returncode == 0  # it is signed, and about this index: cosign reads no result
    assert slsa_verifier(replace(asked, level="FAILED")).returncode != 0


def test_only_slsa_verifier_looks_at_the_key_id_which_is_not_signed(asked: Question) -> None:
    tampered = Tampered(asked, ring(Algorithm.RSA, "foreign"))
    (signature,) = tampered.envelope()["signatures"]
    tampered.write(signatures=[signature | {"keyid": "sha256:" + "0" * 64}])
    assert slsa_verifier(asked).returncode != 0
    assert openssl(asked).returncode == 0
    assert cosign(asked).returncode == 0


def test_a_control_whose_id_is_of_slsa_can_be_asked_for(tmp_path: Path) -> None:
    made = dossier(tmp_path)
    first, *others = made.contents.card.findings
    made = with_card(made, findings=(first.model_copy(update={"control": "SLSA_OWN"}), *others))
    asked = bundle(made, tmp_path, ring(Algorithm.RSA))
    assert slsa_verifier(replace(asked, level="control:SLSA_OWN")).returncode == 0
    assert slsa_verifier(replace(asked, level=others[0].control)).returncode == 0


def test_a_statement_that_was_tampered_with_is_refused_beside_a_good_summary(asked: Question) -> None:
    path = asked.folder / "statements" / "decision.dsse.json"
    envelope = json.loads(path.read_bytes())
    payload = base64.b64decode(envelope["payload"]).replace(b'"actor":"policy"', b'"actor":"grace!"')
    path.write_text(json.dumps(envelope | {"payload": base64.b64encode(payload).decode()}))
    assert openssl(asked).returncode != 0
    assert cosign(asked).returncode != 0


def test_nothing_of_this_needed_a_network() -> None:
    command = without_network()
    if not command:
        pytest.skip("this machine lets nobody make a network namespace; the verifiers had only a proxy that is nowhere")
    connect = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    done = subprocess.run([*command, "python3", "-c", connect], capture_output=True, text=True, check=False)
    assert "unreachable" in done.stderr
