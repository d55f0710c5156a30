"""A key in a device: SoftHSM stands for it, openssl's own command checks what it signed.

Needs SoftHSM (Debian: apt-get install softhsm2) and the extra pkcs11. SOFTHSM2_MODULE may name the module.
"""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pkcs11
import pytest
from pkcs11.util.ec import encode_named_curve_parameters

from maestro.clock import utc_now
from maestro.errors import BadInput, PlatformUnavailable
from maestro.signing.envelope import pre_authentication_encoding, seal, unseal
from maestro.signing.keys import KEY_VARIABLE, open_evidence_keyring
from maestro.signing.pkcs11 import Pkcs11Signer
from maestro.signing.roots import TrustRoots
from maestro.signing.rotation import revoke_key
from maestro.signing.trusted import Reason

KIND = "application/vnd.in-toto+json"
PIN = "4711-secret"
MODULES = (
    os.environ.get("SOFTHSM2_MODULE", ""),
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The module with one token that has a key of each kind."""
    found = next((Path(path) for path in MODULES if path and Path(path).exists()), None)
    if found is None:
        pytest.fail("no SoftHSM is installed: apt-get install softhsm2, or name its module in SOFTHSM2_MODULE")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        told = subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", "maestro", "--pin", PIN, "--so-pin", "so-secret"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        fill(found)
        yield found
        pkcs11.unload(str(found))


def fill(module: Path) -> None:
    with pkcs11.lib(str(module)).get_token(token_label="maestro").open(rw=True, user_pin=PIN) as session:
        session.generate_keypair(pkcs11.KeyType.RSA, 3072, id=b"\x01", label="rsa", store=True)
        session.generate_keypair(pkcs11.KeyType.RSA, 1024, id=b"\x02", label="short", store=True)
        for number, curve in ((3, "secp256r1"), (4, "secp384r1")):
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True
            )
            parameters.generate_keypair(id=bytes([number]), label=curve, store=True)


@pytest.fixture
def pin_file(tmp_path: Path) -> Path:
    path = tmp_path / "pin"
    path.write_text(f"{PIN}\n")
    path.chmod(0o600)
    return path


def uri(module: Path, pin_file: Path, *, key: str = "object=rsa", token: str = "maestro") -> str:
    return f"pkcs11:token={token};{key}?module-path={module}&pin-source=file:{pin_file}"


@pytest.mark.parametrize("key", ["object=rsa", "id=%01", "object=secp256r1;type=private", "id=%03"])
def test_openssl_verifies_what_the_device_signed(
    module: Path, pin_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, uri(module, pin_file, key=key))
    ring = open_evidence_keyring(tmp_path / "keys")
    sealed = seal(b'{"a": 1}', payload_type=KIND, keys=ring)
    (tmp_path / "key.pub").write_bytes(ring.public_pem())
    (tmp_path / "message").write_bytes(pre_authentication_encoding(KIND, b'{"a": 1}'))
    (tmp_path / "signature").write_bytes(base64.b64decode(json.loads(sealed)["signatures"][0]["sig"]))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pub", "-signature", "signature", "message"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.stdout == "Verified OK\n", told.stderr
    (tmp_path / "message").write_bytes(b"another message")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0
    assert unseal(sealed, payload_type=KIND, keys=ring, field="f") == b'{"a": 1}'


def test_no_private_key_is_written_anywhere_and_the_key_stays_trusted_when_another_is_named(
    module: Path, pin_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, uri(module, pin_file))
    ring = open_evidence_keyring(tmp_path / "keys")
    sealed = seal(b"{}", payload_type=KIND, keys=ring)
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["trust-roots.json"]
    monkeypatch.delenv(KEY_VARIABLE)
    following = open_evidence_keyring(tmp_path / "keys")
    assert following.key_id != ring.key_id
    assert unseal(sealed, payload_type=KIND, keys=following, field="f") == b"{}"
    assert set(TrustRoots.of_folder(tmp_path / "keys").by_id) == {ring.key_id, following.key_id}


def test_the_pin_may_come_from_a_named_variable_and_stands_in_no_text(
    module: Path, pin_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_PIN", PIN)
    monkeypatch.setenv(KEY_VARIABLE, f"pkcs11:token=maestro;object=rsa?module-path={module}&pin-source=env:THE_PIN")
    ring = open_evidence_keyring(tmp_path / "keys")
    assert isinstance(ring.signer, Pkcs11Signer)
    assert PIN not in repr(ring)


def test_threads_sign_at_the_same_time_by_rings_of_their_own(
    module: Path, pin_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, uri(module, pin_file))

    def signs(number: int) -> bool:
        ring = open_evidence_keyring(tmp_path / "keys")
        message = str(number).encode()
        return ring.verifies(message, signature=ring.sign(message), key_id=ring.key_id)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(signs, range(24)))


def test_a_key_of_the_device_that_is_revoked_signs_no_more(
    module: Path, pin_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, uri(module, pin_file))
    ring = open_evidence_keyring(tmp_path / "keys")
    now = utc_now()
    revoke_key(tmp_path / "keys", ring.key_id, reason=Reason.SUPERSEDED, at=now, now=now)
    with pytest.raises(BadInput, match="is revoked"):
        open_evidence_keyring(tmp_path / "keys")
    assert not (tmp_path / "keys" / "evidence.pem").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"key": "object=nobody"}, "no private key", id="a key that is not there"),
        pytest.param({"token": "nobody"}, "no tokens are of this name", id="a token that is not there"),
        pytest.param({"key": "object=short"}, "an RSA key of 1024 bits", id="a weak key"),
        pytest.param({"key": "object=secp384r1"}, "not on the curve P-256", id="a curve that we do not sign by"),
    ],
)
def test_what_is_not_in_the_device_is_named(
    module: Path,
    pin_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
    told: str,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, uri(module, pin_file, **changes))
    with pytest.raises(BadInput, match=told) as refused:
        open_evidence_keyring(tmp_path / "keys")
    assert refused.value.field == KEY_VARIABLE


def test_a_wrong_pin_is_refused_and_a_file_that_is_no_module_said(
    module: Path, pin_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin_file.write_text("wrong-pin")
    monkeypatch.setenv(KEY_VARIABLE, uri(module, pin_file))
    with pytest.raises(BadInput, match="refuses the PIN"):
        open_evidence_keyring(tmp_path / "keys")
    monkeypatch.setenv(KEY_VARIABLE, uri(pin_file, pin_file))
    with pytest.raises(PlatformUnavailable, match="does not answer"):
        open_evidence_keyring(tmp_path / "keys")
