"""Rotating and revoking: what was signed stays as believed as it should be, whatever happens meanwhile."""

import json
import subprocess
import sys
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from maestro.clock import utc_now
from maestro.errors import BadInput
from maestro.signing.algorithms import Algorithm, algorithm_of
from maestro.signing.envelope import SignatureRefused, TrustProblem, seal, unseal
from maestro.signing.keys import Keyring, open_evidence_keyring, open_keyring
from maestro.signing.roots import TrustRoots
from maestro.signing.rotation import create_key, revoke_key, rotate_key, trust_pem, trust_roots_of
from maestro.signing.trust import CLOCK_SKEW, Verified, time_at, verify_envelope
from maestro.signing.trusted import Purpose, Reason, TrustedKey
from tests.signing.statements import HOUR, KIND, entry, roots, signer

FAST = Algorithm.ED25519


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_key(tmp_path / "keys", purpose=Purpose.EVIDENCE, algorithm=FAST)
    return tmp_path / "keys"


def statement(ring: Keyring, *, age: timedelta = timedelta(0)) -> bytes:
    payload = json.dumps({"at": (utc_now() - age).isoformat()}).encode()
    return seal(payload, payload_type=KIND, keys=ring)


def check(folder: Path, content: bytes) -> Verified:
    return verify_envelope(
        content,
        payload_type=KIND,
        trust=TrustRoots.of_folder(folder),
        signed_at=time_at("at"),
        now=utc_now(),
        purpose=Purpose.EVIDENCE,
        field="f",
    )


def refused(folder: Path, content: bytes) -> TrustProblem:
    with pytest.raises(SignatureRefused) as told:
        check(folder, content)
    return told.value.problem


def rotate(folder: Path, algorithm: Algorithm | None = None) -> str:
    change = rotate_key(folder, purpose=Purpose.EVIDENCE, algorithm=algorithm, now=utc_now())
    assert change.active is not None
    return change.active.key_id


def test_the_evidence_key_is_rsa_unless_another_was_created(tmp_path: Path) -> None:
    assert open_evidence_keyring(tmp_path / "usual").signer.algorithm is Algorithm.RSA
    for algorithm in (Algorithm.ECDSA, Algorithm.ED25519):
        made = create_key(tmp_path / algorithm, purpose=Purpose.EVIDENCE, algorithm=algorithm)
        ring = open_evidence_keyring(tmp_path / algorithm)
        assert (ring.signer.algorithm, ring.key_id) == (algorithm, made.key_id)
        assert (tmp_path / algorithm / "evidence.pem").stat().st_mode & 0o777 == 0o600
        with pytest.raises(BadInput, match="there is a key for evidence"):
            create_key(tmp_path / algorithm, purpose=Purpose.EVIDENCE, algorithm=algorithm)


def test_what_a_rotated_key_has_signed_stays_believed_and_what_it_signs_later_is_not(folder: Path) -> None:
    ring = open_evidence_keyring(folder)
    before = statement(ring)
    new = rotate(folder)
    following = open_evidence_keyring(folder)
    assert following.key_id == new != ring.key_id
    assert check(folder, before).key_id == ring.key_id
    assert unseal(before, payload_type=KIND, keys=following, field="f")
    assert check(folder, statement(following)).key_id == new
    old = TrustRoots.of_folder(folder).by_id[ring.key_id]
    assert old.not_after is not None
    later = json.dumps({"at": (old.not_after + CLOCK_SKEW + timedelta(seconds=1)).isoformat()}).encode()
    trust = TrustRoots.of_folder(folder)
    with pytest.raises(SignatureRefused, match="ended") as told:
        verify_envelope(
            seal(later, payload_type=KIND, keys=ring),
            payload_type=KIND,
            trust=trust,
            signed_at=time_at("at"),
            now=utc_now() + HOUR,
            purpose=Purpose.EVIDENCE,
            field="f",
        )
    assert told.value.problem is TrustProblem.EXPIRED


def test_the_old_private_key_is_gone_and_a_rotation_may_change_the_algorithm(folder: Path) -> None:
    private = (folder / "evidence.pem").read_bytes()
    new = rotate(folder, Algorithm.ECDSA)
    assert all(path.read_bytes() != private for path in folder.iterdir())
    assert sorted(path.name for path in folder.iterdir()) == ["evidence.pem", "trust-roots.json"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert algorithm_of(TrustRoots.of_folder(folder).by_id[new].public) is Algorithm.ECDSA
    assert "PRIVATE" not in (folder / "trust-roots.json").read_text()


def test_models_stay_believed_when_their_key_is_rotated(folder: Path) -> None:
    ring = open_keyring(folder)
    model = seal(b"model", payload_type=KIND, keys=ring)
    rotate_key(folder, purpose=Purpose.MODELS, algorithm=None, now=utc_now())
    following = open_keyring(folder)
    assert following.key_id != ring.key_id
    assert unseal(model, payload_type=KIND, keys=following, field="f") == b"model"
    assert refused(folder, statement(following)) is TrustProblem.WRONG_PURPOSE


def test_keys_that_are_not_there_are_not_rotated(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no key for models") as told:
        rotate_key(tmp_path, purpose=Purpose.MODELS, algorithm=None, now=utc_now())
    assert told.value.fix == "maestro keys create --purpose models"


def test_a_key_whose_time_is_yet_to_come_can_be_rotated_out(folder: Path) -> None:
    own = TrustRoots.of_folder(folder).keys[0]
    later = utc_now() + HOUR
    (folder / "trust-roots.json").write_bytes(roots(own.model_copy(update={"not_before": later})).dump())
    rotate(folder)
    ended = TrustRoots.of_folder(folder).by_id[own.key_id]
    assert ended.not_after is not None
    assert ended.not_after > later


def test_what_was_so_before_a_rotation_can_be_stated_after_it(folder: Path) -> None:
    rotate(folder)
    ring = open_evidence_keyring(folder)
    assert check(folder, statement(ring, age=1000 * HOUR)).key_id == ring.key_id


def test_a_superseded_key_is_believed_for_what_it_signed_before(folder: Path) -> None:
    ring = open_evidence_keyring(folder)
    early, late = statement(ring, age=2 * HOUR), statement(ring)
    now = utc_now()
    change = revoke_key(folder, ring.key_id, reason=Reason.SUPERSEDED, at=now - HOUR, now=now)
    assert check(folder, early).key_id == ring.key_id
    assert refused(folder, late) is TrustProblem.REVOKED
    assert change.active is not None
    assert open_evidence_keyring(folder).key_id == change.active.key_id


def test_a_compromised_key_is_never_believed_again_not_even_for_the_past(folder: Path) -> None:
    ring = open_evidence_keyring(folder)
    early = statement(ring, age=1000 * HOUR)
    now = utc_now()
    revoke_key(folder, ring.key_id, reason=Reason.COMPROMISED, at=now, now=now)
    assert refused(folder, early) is TrustProblem.COMPROMISED
    following = open_evidence_keyring(folder)
    assert following.key_id != ring.key_id
    with pytest.raises(SignatureRefused, match="does not trust"):
        unseal(early, payload_type=KIND, keys=following, field="f")


def test_a_revocation_becomes_stricter_and_never_milder(folder: Path) -> None:
    old = open_evidence_keyring(folder).key_id
    now = utc_now()
    revoke_key(folder, old, reason=Reason.SUPERSEDED, at=now - HOUR, now=now)
    for reason, at in ((Reason.SUPERSEDED, now), (Reason.SUPERSEDED, now - HOUR)):
        with pytest.raises(BadInput, match="revoked already \\(superseded"):
            revoke_key(folder, old, reason=reason, at=at, now=now)
    revoke_key(folder, old, reason=Reason.SUPERSEDED, at=now - 2 * HOUR, now=now)
    revoke_key(folder, old, reason=Reason.COMPROMISED, at=now, now=now)
    with pytest.raises(BadInput, match="revoked already \\(compromised"):
        revoke_key(folder, old, reason=Reason.SUPERSEDED, at=now - 3 * HOUR, now=now)
    assert TrustRoots.of_folder(folder).by_id[old].revocation_reason is Reason.COMPROMISED


def test_a_key_is_not_revoked_in_the_future_and_only_if_it_is_known(folder: Path) -> None:
    ring, now = open_evidence_keyring(folder), utc_now()
    with pytest.raises(BadInput, match="now or in the past"):
        revoke_key(folder, ring.key_id, reason=Reason.SUPERSEDED, at=now + HOUR, now=now)
    with pytest.raises(BadInput, match="no key 'sha256:00' is known"):
        revoke_key(folder, "sha256:00", reason=Reason.SUPERSEDED, at=now, now=now)
    assert open_evidence_keyring(folder).key_id == ring.key_id


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        pytest.param(
            {"revoked_at": "2026-01-01T00:00:00Z", "revocation_reason": "superseded"}, "revoked", id="revoked"
        ),
        pytest.param({"not_after": "2020-01-01T00:00:00Z"}, "has ended", id="expired"),
        pytest.param({"purposes": ["models"]}, "not trusted for evidence", id="for something else"),
    ],
)
def test_a_key_that_nobody_would_believe_does_not_sign(folder: Path, bounds: dict[str, object], told: str) -> None:
    own = TrustRoots.of_folder(folder).keys[0]
    written = TrustedKey.model_validate(own.model_dump() | bounds)
    (folder / "trust-roots.json").write_bytes(roots(written).dump())
    with pytest.raises(BadInput, match=told) as stopped:
        open_evidence_keyring(folder)
    assert "maestro keys rotate --purpose evidence" in stopped.value.fix
    rotate(folder)
    assert open_evidence_keyring(folder).sign(b"m")


def rotate_in_a_process(folder: Path) -> str:
    return rotate(folder)


def open_in_a_process(folder: Path) -> str:
    return open_evidence_keyring(folder).key_id


def test_rotations_at_the_same_time_come_one_after_the_other(folder: Path) -> None:
    first = open_evidence_keyring(folder)
    before = statement(first)
    with get_context("spawn").Pool(3) as processes:
        made = processes.map_async(rotate_in_a_process, [folder] * 6, chunksize=1)
        opened = set(processes.map(open_in_a_process, [folder] * 12))
        keys = made.get()
    trust = TrustRoots.of_folder(folder).by_id
    assert len(set(keys)) == 6
    assert set(trust) == {first.key_id, *keys}
    active = open_evidence_keyring(folder).key_id
    assert {key for key, one in trust.items() if one.not_after is None} == {active}
    assert opened <= set(trust)
    assert check(folder, before).key_id == first.key_id


def test_a_rotation_that_is_killed_at_any_step_leaves_the_old_or_the_new_state(folder: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.signing.crashing", str(folder)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert len(found) > 6
    assert [each["died"] for each in found] == [True] * (len(found) - 1) + [False]
    for each in found:
        assert each["rotated"] == each["ended"], found
        assert each["left"] == []
        assert each["files"] == ["evidence.pem", "trust-roots.json"]
    assert {each["rotated"] for each in found if each["died"]} == {False, True}


OTHER = signer(number=5)


def test_another_ones_key_is_trusted_for_what_is_said_and_never_after_it_was_revoked(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_bytes(OTHER.public_pem())
    builder = "https://builder.example.org"
    trust_pem(folder, tmp_path / "other.pem", name="other", purposes=(Purpose.ATTESTATIONS,), builders=(builder,))
    known = TrustRoots.of_folder(folder).by_id[OTHER.key_id]
    assert (known.name, known.purposes, known.builders) == ("other", (Purpose.ATTESTATIONS,), (builder,))
    now = utc_now()
    change = revoke_key(folder, OTHER.key_id, reason=Reason.COMPROMISED, at=now, now=now)
    assert change.active is None
    with pytest.raises(BadInput, match="never taken back"):
        trust_pem(folder, tmp_path / "other.pem", name="other", purposes=(Purpose.EVIDENCE,))


def test_a_key_is_not_trusted_with_nonsense_nor_the_own_one_again(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_bytes(OTHER.public_pem())
    (tmp_path / "own.pem").write_bytes(open_evidence_keyring(folder).public_pem())
    with pytest.raises(BadInput, match="no meaning without the purpose"):
        trust_pem(folder, tmp_path / "other.pem", name="x", purposes=(Purpose.EVIDENCE,), builders=("b",))
    with pytest.raises(BadInput, match="own key"):
        trust_pem(folder, tmp_path / "own.pem", name="x", purposes=(Purpose.EVIDENCE,))
    with pytest.raises(BadInput, match="not one public key"):
        trust_pem(folder, folder / "evidence.pem", name="x", purposes=(Purpose.EVIDENCE,))


def test_the_roots_of_another_installation_are_taken_over_and_only_tighten_what_is_known(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.json"
    own = open_evidence_keyring(folder).key_id
    now = utc_now()
    stolen = {"revoked_at": now, "revocation_reason": Reason.COMPROMISED}
    ours_slandered = TrustRoots.of_folder(folder).by_id[own].model_copy(update=stolen)
    path.write_bytes(roots(entry(OTHER, not_before=now - HOUR), ours_slandered).dump())
    assert [key.key_id for key in trust_roots_of(folder, path)] == [OTHER.key_id]
    assert open_evidence_keyring(folder).key_id == own
    assert trust_roots_of(folder, path) == ()

    path.write_bytes(roots(entry(OTHER, name="renamed", not_after=now)).dump())
    trust_roots_of(folder, path)
    known = TrustRoots.of_folder(folder).by_id[OTHER.key_id]
    assert (known.name, known.not_before, known.not_after) == ("a signer", now - HOUR, now)

    path.write_bytes(roots(entry(OTHER, **stolen)).dump())
    trust_roots_of(folder, path)
    path.write_bytes(roots(entry(OTHER)).dump())
    assert trust_roots_of(folder, path) == ()
    assert TrustRoots.of_folder(folder).by_id[OTHER.key_id].revocation_reason is Reason.COMPROMISED
