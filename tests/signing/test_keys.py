"""Signing keys: made once, readable by their owner alone, and believed only where they are known."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from maestro.errors import BadInput
from maestro.signing.keys import Keyring, open_keyring


def publish(ring: Keyring, path: Path) -> None:
    """Write the ring's own public key where another installation trusts it."""
    path.write_bytes(ring.public_pem())


def test_a_key_is_made_at_first_use_and_found_again(tmp_path: Path) -> None:
    first = open_keyring(tmp_path / "keys")
    assert open_keyring(tmp_path / "keys").key_id == first.key_id
    assert open_keyring(tmp_path / "others").key_id != first.key_id


def test_nobody_but_its_owner_can_read_a_key_or_list_its_folder(tmp_path: Path) -> None:
    open_keyring(tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "signing.pem").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["signing.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_use_is_refused_with_the_fix(tmp_path: Path, mode: int) -> None:
    open_keyring(tmp_path)
    (tmp_path / "signing.pem").chmod(mode)
    with pytest.raises(BadInput, match="can be read by others") as refused:
        open_keyring(tmp_path)
    assert "chmod 600" in refused.value.fix


def test_those_who_make_the_key_at_the_same_time_all_get_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        rings = list(threads.map(lambda _: open_keyring(tmp_path), range(8)))
    assert len({ring.key_id for ring in rings}) == 1


def test_a_signature_is_believed_only_for_the_message_and_key_that_it_was_made_with(tmp_path: Path) -> None:
    ours, theirs = open_keyring(tmp_path / "ours"), open_keyring(tmp_path / "theirs")
    signature = ours.sign(b"message")
    assert ours.verifies(b"message", signature=signature, key_id=ours.key_id)
    assert not ours.verifies(b"massage", signature=signature, key_id=ours.key_id)
    assert not ours.verifies(b"message", signature=signature, key_id=theirs.key_id)
    assert not theirs.verifies(b"message", signature=signature, key_id=ours.key_id)


def test_the_public_key_of_another_installation_is_trusted_once_it_lies_beside_the_own(tmp_path: Path) -> None:
    ours, theirs = open_keyring(tmp_path / "ours"), open_keyring(tmp_path / "theirs")
    publish(ours, tmp_path / "theirs" / "ours.pub.pem")
    trusting = open_keyring(tmp_path / "theirs")
    assert trusting.key_id == theirs.key_id
    assert trusting.verifies(b"message", signature=ours.sign(b"message"), key_id=ours.key_id)


def test_what_is_no_key_is_refused_by_name(tmp_path: Path) -> None:
    open_keyring(tmp_path)
    (tmp_path / "broken.pub.pem").write_text("no key")
    with pytest.raises(BadInput, match="not one public key in PEM") as refused:
        open_keyring(tmp_path)
    assert refused.value.field.endswith("broken.pub.pem")
