"""Our statements under the openssl command, by the very lines of `docs/attestations.md`."""

from pathlib import Path

import pytest

from maestro.signing.algorithms import Algorithm
from tests.attestations.bundles import bundle
from tests.attestations.signing import ring
from tests.attestations.statements import dossier
from tests.outside.asking import Question, openssl
from tests.outside.tampering import TAMPERINGS, Tampered, Tampering
from tests.outside.tools import NotHereError


def accepts(question: Question, algorithm: Algorithm) -> bool:
    try:
        return openssl(question, ed25519=algorithm is Algorithm.ED25519).returncode == 0
    except NotHereError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.mark.parametrize("algorithm", [Algorithm.RSA, Algorithm.ECDSA, Algorithm.ED25519])
def test_openssl_accepts_every_statement_of_a_bundle(algorithm: Algorithm, tmp_path: Path) -> None:
    assert accepts(bundle(dossier(tmp_path), tmp_path, ring(algorithm)), algorithm)


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_openssl_refuses_what_was_tampered_with(tamper: Tampering, tmp_path: Path) -> None:
    asked = bundle(dossier(tmp_path), tmp_path, ring(Algorithm.ECDSA))
    assert not accepts(tamper(Tampered(asked, ring(Algorithm.RSA, "foreign"))) or asked, Algorithm.ECDSA)
