"""Files of keys: refused where somebody else can have read, exchanged or changed them."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP256R1, generate_private_key

from maestro.errors import BadInput, PlatformUnavailable
from maestro.signing import keyfile
from maestro.signing.algorithms import Algorithm
from maestro.signing.keys import KEY_VARIABLE, open_evidence_keyring, open_keyring
from maestro.signing.roots import TrustRoots
from maestro.signing.signers import make_private_pem
from tests.signing.statements import private_pem, signer

P256 = generate_private_key(SECP256R1())


def put(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o601])
def test_a_key_that_others_can_use_is_refused_with_the_fix(tmp_path: Path, mode: int) -> None:
    put(tmp_path / "evidence.pem", private_pem(P256), mode)
    with pytest.raises(BadInput, match="can be read by others") as refused:
        open_evidence_keyring(tmp_path)
    assert refused.value.field == str(tmp_path / "evidence.pem")
    assert "chmod 600" in refused.value.fix


def test_a_key_that_is_a_link_is_refused_also_where_it_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "evidence.pem").symlink_to(tmp_path / "elsewhere.pem")
    for _ in range(2):
        with pytest.raises(BadInput, match="the signing key is a link"):
            open_evidence_keyring(tmp_path / "keys")
        put(tmp_path / "elsewhere.pem", private_pem(P256))


def test_a_pipe_in_the_place_of_a_key_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "evidence.pem", 0o600)
    with pytest.raises(BadInput, match="no plain file"):
        open_evidence_keyring(tmp_path)


def test_a_folder_in_the_place_of_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evidence.pem").mkdir(mode=0o700)
    with pytest.raises(BadInput, match="no plain file"):
        open_evidence_keyring(tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "not an unencrypted private key", id="nothing"),
        pytest.param(signer().public_pem(), "not an unencrypted private key", id="a public key"),
        pytest.param(private_pem(P256)[:-60], "not an unencrypted private key", id="a cut key"),
        pytest.param(private_pem(P256, b"secret"), "is encrypted, and nobody is there", id="an encrypted key"),
        pytest.param(private_pem(generate_private_key(SECP256K1())), "on the curve secp256k1", id="another curve"),
        pytest.param(b"x" * 70_000, "more than 65536 bytes", id="a large file"),
    ],
)
def test_what_is_no_key_to_sign_with_is_refused_by_name(tmp_path: Path, content: bytes, told: str) -> None:
    put(tmp_path / "evidence.pem", content)
    with pytest.raises(BadInput, match=told) as refused:
        open_evidence_keyring(tmp_path)
    assert refused.value.field == str(tmp_path / "evidence.pem")
    assert refused.value.fix


def test_an_rsa_key_that_makes_no_signature_by_its_public_half_is_refused(tmp_path: Path) -> None:
    one, other = (rsa.generate_private_key(65537, 2048).private_numbers() for _ in range(2))
    names = ("p", "q", "d", "dmp1", "dmq1", "iqmp", "public_numbers")
    for wrong in (
        {"public_numbers": other.public_numbers},
        {"d": one.d + 2, "dmp1": one.dmp1 + 2, "dmq1": one.dmq1 + 2},
    ):
        put(tmp_path / "evidence.pem", pkcs1(**{name: getattr(one, name) for name in names} | wrong))
        with pytest.raises(BadInput, match="not an unencrypted private key"):
            open_evidence_keyring(tmp_path)


def pkcs1(**parts: Any) -> bytes:
    """An RSA key in PEM as it is, also one that no library would write."""
    public = parts["public_numbers"]
    numbers = (0, public.n, public.e, *(parts[name] for name in ("d", "p", "q", "dmp1", "dmq1", "iqmp")))
    body = b"".join(der(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in numbers)
    text = base64.encodebytes(der(0x30, body)).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{text}-----END RSA PRIVATE KEY-----\n".encode()


def der(tag: int, content: bytes) -> bytes:
    length = len(content)
    size = (
        bytes([length])
        if length < 128
        else b"\x82" + length.to_bytes(2, "big")
        if length > 255
        else bytes([0x81, length])
    )
    return bytes([tag]) + size + content


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(put(tmp_path / "evidence.pem", private_pem(P256)), 12_345, 12_345)
    with pytest.raises(BadInput, match="belongs to another user"):
        open_evidence_keyring(tmp_path)


def test_a_folder_that_cannot_be_looked_into_is_said_to_be_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_keyring(tmp_path / "keys")

    def denied(self: Path, **_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", denied)
    for attempt in (open_keyring, open_evidence_keyring, TrustRoots.of_folder):
        with pytest.raises(PlatformUnavailable, match="Permission denied"):
            attempt(tmp_path / "keys")


def test_a_file_in_the_place_of_the_folder_is_said_to_be_unavailable(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    for attempt in (open_keyring, open_evidence_keyring):
        with pytest.raises(PlatformUnavailable, match="cannot be used"):
            attempt(tmp_path / "keys")


def test_a_key_that_is_exchanged_after_the_look_is_not_the_one_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, evil = put(tmp_path / "keys" / "evidence.pem", private_pem(P256)), make_private_pem(Algorithm.ED25519)
    right = open_evidence_keyring(tmp_path / "keys").key_id
    look = os.fstat

    def exchanged(handle: int) -> os.stat_result:
        state = look(handle)
        put(tmp_path / "evil.pem", evil, 0o644).replace(good)
        return state

    monkeypatch.setattr(os, "fstat", exchanged)
    content = keyfile.read_secret(good, what="the signing key")
    assert content == private_pem(P256)
    monkeypatch.undo()
    assert right == open_evidence_keyring_of(tmp_path / "again", content)
    with pytest.raises(BadInput, match="can be read by others"):
        open_evidence_keyring(tmp_path / "keys")


def open_evidence_keyring_of(folder: Path, content: bytes) -> str:
    put(folder / "evidence.pem", content)
    return open_evidence_keyring(folder).key_id


def test_a_key_elsewhere_is_named_by_the_environment_and_stays_trusted_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "mounted" / "key.pem", private_pem(P256))
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    ring = open_evidence_keyring(tmp_path / "keys")
    signature = ring.sign(b"m")
    assert [each.name for each in (tmp_path / "keys").iterdir()] == ["trust-roots.json"]
    monkeypatch.delenv(KEY_VARIABLE)
    following = open_evidence_keyring(tmp_path / "keys")
    assert following.key_id != ring.key_id
    assert following.verifies(b"m", signature=signature, key_id=ring.key_id)
    assert ring.key_id not in open_keyring(tmp_path / "keys").trusted


@pytest.mark.parametrize(
    ("named", "told"),
    [
        pytest.param("key.pem", "neither a pkcs11: URI nor an absolute path", id="a relative path"),
        pytest.param("/nowhere/key.pem", "there is no file", id="a path to nothing"),
        pytest.param("https://example.org/key", "neither a pkcs11: URI nor", id="another scheme"),
    ],
)
def test_what_names_no_key_in_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, told: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, named)
    with pytest.raises(BadInput, match=told) as refused:
        open_evidence_keyring(tmp_path)
    assert refused.value.field == KEY_VARIABLE
    assert not (tmp_path / "evidence.pem").exists()
