"""Trust roots: read strictly, or refused with the place and the fix; in a folder, what lies there is trusted."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from maestro.errors import BadInput
from maestro.signing.algorithms import Algorithm, key_id
from maestro.signing.keys import open_evidence_keyring, open_keyring
from maestro.signing.roots import KEYS_LIMIT, TRUST_LIMIT_BYTES, TrustRoots
from maestro.signing.trusted import Purpose
from tests.signing.statements import NOW, entry, public_pem, roots, signer, weak_keys

OURS, OTHER = signer(), signer(Algorithm.ECDSA)

FULL = {
    "key_id": OURS.key_id,
    "name": "Plant 4, line 2 (Köln)",
    "public_key": OURS.public_pem().decode(),
    "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2027-01-01T00:00:00+01:00",
    "revoked_at": "2026-06-01T00:00:00Z",
    "revocation_reason": "superseded",
    "purposes": ["evidence", "models", "attestations", "checkpoint"],
    "builders": ["https://builder.example.org/v1"],
}


def written(path: Path, *keys: dict[str, Any], **more: Any) -> Path:
    path.write_text(json.dumps({"version": 1, "keys": keys, **more}))
    return path


def refusal(path: Path) -> BadInput:
    with pytest.raises(BadInput) as refused:
        TrustRoots.load(path)
    assert refused.value.field.startswith(str(path))
    assert refused.value.fix
    return refused.value


def test_every_field_is_read_and_written_again(tmp_path: Path) -> None:
    read = TrustRoots.load(written(tmp_path / "roots.json", FULL))
    assert read.by_id[OURS.key_id].name == "Plant 4, line 2 (Köln)"
    assert read.by_id[OURS.key_id].builders == ("https://builder.example.org/v1",)
    assert TrustRoots.parse(read.dump(), source="again") == read
    assert TrustRoots.parse(read.dump(), source="again").dump() == read.dump()


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        pytest.param({"not_afer": None}, "keys[0].not_afer", "no such field", id="a misspelt field"),
        pytest.param({"key_id": OTHER.key_id}, "keys[0].key_id", "not the id of the public key", id="another key's id"),
        pytest.param({"key_id": OURS.key_id.upper()}, "keys[0].key_id", "not the id", id="an id in capitals"),
        pytest.param({"public_key": "no key"}, "keys[0].public_key", "not one public key", id="no key"),
        pytest.param({"public_key": "\ud800"}, "keys[0].public_key", "not one public key", id="half a character"),
        pytest.param({"not_before": "2027-06-01T00:00:00Z"}, "keys[0]", "not later than", id="a window upside down"),
        pytest.param({"not_after": "2026-01-01T00:00:00Z"}, "keys[0]", "not later than", id="an empty window"),
        pytest.param({"not_after": "2027-01-01"}, "keys[0].not_after", "no time with a zone", id="a day"),
        pytest.param({"not_after": "2027-01-01T00:00:00"}, "keys[0].not_after", "with a zone", id="no zone"),
        pytest.param({"not_after": 1_800_000_000}, "keys[0].not_after", "with a zone", id="seconds"),
        pytest.param({"not_after": "٢٠٢٧-01-01T00:00:00Z"}, "keys[0].not_after", "with a zone", id="other digits"),
        pytest.param({"revoked_at": None}, "keys[0]", "one is there alone", id="a reason without a time"),
        pytest.param({"revocation_reason": None}, "keys[0]", "one is there alone", id="a time without a reason"),
        pytest.param({"revocation_reason": "lost"}, "keys[0].revocation_reason", "superseded", id="another reason"),
        pytest.param({"purposes": []}, "keys[0].purposes", "at least 1", id="for nothing"),
        pytest.param({"purposes": ["evidence", "evidence"]}, "keys[0].purposes", "twice", id="a purpose twice"),
        pytest.param({"purposes": ["everything"]}, "keys[0].purposes[0]", "evidence", id="an unknown purpose"),
        pytest.param({"purposes": ["evidence"]}, "keys[0]", "no meaning without", id="builders for no attestation"),
        pytest.param({"builders": [""]}, "keys[0].builders[0]", "at least 1", id="an empty builder"),
        pytest.param({"name": ""}, "keys[0].name", "can be printed", id="no name"),
        pytest.param({"name": "a\u202eb"}, "keys[0].name", "can be printed", id="a name that turns the text"),
        pytest.param({"name": "\x1b[2J"}, "keys[0].name", "can be printed", id="a name that clears the screen"),
        pytest.param({"name": "a" * 101}, "keys[0].name", "can be printed", id="a long name"),
        pytest.param({"name": 7}, "keys[0].name", "text is needed", id="a number as a name"),
    ],
)
def test_what_is_wrong_in_an_entry_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, Any], field: str, told: str
) -> None:
    refused = refusal(written(tmp_path / "roots.json", FULL | changes))
    assert refused.field == f"{tmp_path / 'roots.json'}: {field}"
    assert told in refused.message


@pytest.mark.parametrize("name", ["key_id", "name", "public_key", "purposes"])
def test_a_required_field_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    refused = refusal(written(tmp_path / "roots.json", {key: value for key, value in FULL.items() if key != name}))
    assert refused.message == "a required field is missing"
    assert refused.field.endswith(f"keys[0].{name}")


@pytest.mark.parametrize(("told", "key"), weak_keys().items(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_weak_key_is_no_root(tmp_path: Path, told: str, key: PrivateKeyTypes) -> None:
    weak = {"public_key": public_pem(key).decode(), "key_id": key_id(key.public_key())}  # type: ignore[arg-type]
    assert told in refusal(written(tmp_path / "roots.json", FULL | weak)).message


def test_two_entries_about_one_key_are_refused(tmp_path: Path) -> None:
    refused = refusal(written(tmp_path / "roots.json", FULL, FULL | {"name": "again"}))
    assert f"the entries 0 and 1 are about the same key {OURS.key_id}" in refused.message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "no JSON", id="nothing"),
        pytest.param(b"keys: []", "no JSON", id="YAML"),
        pytest.param(b"\xff\xfe{}", "not UTF-8", id="no UTF-8"),
        pytest.param(b"[]", "an object is needed|valid", id="a list"),
        pytest.param(b'{"keys": [], "keys": []}', "is there twice", id="a repeated field"),
        pytest.param(b'{"version": 2, "keys": []}', "1", id="another version"),
        pytest.param(b'{"key": []}', "no such field", id="an unknown field"),
        pytest.param(b"[" * 100_000, "nests more than", id="brackets without end"),
        pytest.param(b'{"keys": ' + b"9" * 100_000 + b"}", "no JSON", id="a number without end"),
        pytest.param(b" " * (TRUST_LIMIT_BYTES + 1), "bytes", id="too large"),
        pytest.param(b'{"keys": [' + b"1," * KEYS_LIMIT + b"1]}", str(KEYS_LIMIT), id="too many"),
    ],
)
def test_what_is_no_file_of_roots_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "roots.json").write_bytes(content)
    refused = refusal(tmp_path / "roots.json")
    assert any(each in refused.message for each in told.split("|"))


def test_a_file_that_is_not_there_or_not_readable_is_named(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "nothing.json").message
    assert "cannot be read" in refusal(tmp_path).message


def test_a_folder_trusts_its_own_keys_each_for_what_it_signs_and_what_lies_beside(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert TrustRoots.of_folder(folder) == TrustRoots()
    assert not folder.exists()
    evidence, models = open_evidence_keyring(folder), open_keyring(folder)
    (folder / "other.pub.pem").write_bytes(OTHER.public_pem())
    found = TrustRoots.of_folder(folder).by_id
    assert {key: found[key].purposes for key in found} == {
        evidence.key_id: (Purpose.EVIDENCE, Purpose.ATTESTATIONS, Purpose.CHECKPOINT),
        models.key_id: (Purpose.MODELS,),
        OTHER.key_id: tuple(Purpose),
    }
    assert found[OTHER.key_id].name == "other"


def test_an_entry_about_a_key_rules_over_its_file(tmp_path: Path) -> None:
    ring = open_keyring(tmp_path)
    (tmp_path / "other.pub.pem").write_bytes(OTHER.public_pem())
    stolen = entry(OTHER, purposes=("models",), revoked_at=NOW, revocation_reason="compromised")
    (tmp_path / "trust-roots.json").write_bytes(roots(stolen).dump())
    assert TrustRoots.of_folder(tmp_path).by_id[OTHER.key_id] == stolen
    assert set(open_keyring(tmp_path).trusted) == {ring.key_id}


def test_a_broken_file_in_the_folder_lets_nothing_be_believed(tmp_path: Path) -> None:
    open_keyring(tmp_path)
    (tmp_path / "trust-roots.json").write_text("{")
    for attempt in (open_keyring, open_evidence_keyring, TrustRoots.of_folder):
        with pytest.raises(BadInput, match="no JSON"):
            attempt(tmp_path)


def test_more_keys_than_a_person_can_answer_for_are_refused(tmp_path: Path) -> None:
    keys = [signer(number=number) for number in range(KEYS_LIMIT + 1)]
    for number, key in enumerate(keys):
        (tmp_path / f"{number}.pub.pem").write_bytes(key.public_pem())
    with pytest.raises(BadInput, match="more than 256"):
        TrustRoots.of_folder(tmp_path)


@pytest.mark.parametrize("name", ["\x1b[2J.pub.pem", ".pub.pem", f"{'a' * 120}.pub.pem"])
def test_a_file_with_a_strange_name_is_trusted_without_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(OTHER.public_pem())
    assert [key.name for key in TrustRoots.of_folder(tmp_path).keys] == ["unnamed"]


def test_a_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    open_keyring(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o770)
    for attempt in (open_keyring, TrustRoots.of_folder):
        with pytest.raises(BadInput, match="others can write into the folder"):
            attempt(tmp_path / "keys")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    open_keyring(tmp_path / "keys")
    os.chown(tmp_path / "keys", 12_345, 12_345)
    with pytest.raises(BadInput, match="belongs to another user \\(number 12345\\)"):
        open_keyring(tmp_path / "keys")
