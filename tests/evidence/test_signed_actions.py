"""The signed statements of reviewers' actions in a bundle, verified by a stranger: held to their records."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maestro.canonical import canonical_json
from maestro.evidence.verdict import Verification
from maestro.evidence.verification import verify
from maestro.model.pull_request import AuthorKind
from maestro.model.record import DecisionRecord
from maestro.signing.envelope import seal
from maestro.signing.keys import open_evidence_keyring
from maestro.signing.roots import TrustRoots
from maestro.signing.trusted import Reason
from tests.evidence.acting import Scene, envelope_path
from tests.evidence.bundles import PAYLOAD_TYPE, Sealed
from tests.evidence.samples import SEALED_AT
from tests.evidence.test_verification import NOW, broken, changed

Made = Callable[[Scene, str], DecisionRecord]
"""Makes the record of an action of this id."""

FIRST = 4
"""The number of the first action's record; those before are of policy."""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "made")


def verified(scene: Scene, made: Sealed, *, trust: TrustRoots | None = None) -> Verification:
    """By whoever trusts the key of the installation, whoever sealed it."""
    target = made.archive(scene.folder / f"{len(list(scene.folder.iterdir()))}.tar.gz")
    return verify(target, trust=trust or TrustRoots.of_folder(scene.folder / "keys"), now=NOW)


def problem_of_actions(found: Verification) -> str:
    """What is told where nothing but the actions is wrong."""
    told = broken(found)
    assert set(told) == {"actions"}
    assert "record 4" in told["actions"]
    return told["actions"]


def with_changed_byte(envelope: bytes, *, part: bytes) -> bytes:
    place = envelope.index(part) + len(part) + 8
    other = b"A" if envelope[place : place + 1] != b"A" else b"B"
    return envelope[:place] + other + envelope[place + 1 :]


def test_signed_actions_hold_in_a_folder_and_in_an_archive(scene: Scene) -> None:
    other = scene.signed(action_id="two", actor="ada")
    made = scene.sealed(scene.record(scene.signed()), scene.record(other, action_id="two", actor="ada"))
    for path in (made.folder(scene.folder / "b"), made.archive(scene.folder / "b.tar.gz")):
        found = verify(path, trust=made.trust, now=NOW)
        assert found.problems == ()
        assert found.holds
        assert not any("signed none" in sentence for sentence in found.not_checked)


def test_an_action_whose_reason_names_the_repository_holds(scene: Scene) -> None:
    reason = f"compared with {scene.pull_request.repository} by hand"
    assert verified(scene, scene.sealed(scene.record(scene.signed(reason=reason), reason=reason))).problems == ()


def test_actions_of_a_release_that_signed_none_are_named_and_are_no_failure(scene: Scene) -> None:
    found = verified(scene, scene.sealed(scene.record(None), scene.record(scene.signed(action_id="2"), action_id="2")))
    assert found.problems == ()
    [sentence] = [sentence for sentence in found.not_checked if "signed none" in sentence]
    assert sentence.endswith(": 4")


def test_many_unsigned_actions_are_named_in_one_short_sentence(scene: Scene) -> None:
    found = verified(scene, scene.sealed(*(scene.record(None, action_id=str(number)) for number in range(8))))
    assert found.holds
    assert found.not_checked[-1].endswith(": 4, 5, 6, 7, 8 and 3 more")


def test_a_byte_of_an_envelope_that_is_changed_in_the_bundle_is_found_anywhere(scene: Scene) -> None:
    made = scene.sealed(scene.record(scene.signed()))
    path, folder = envelope_path(made), made.folder(scene.folder / "b")
    whole = made.files[path]
    for place in range(0, len(whole), 97):
        with changed(folder / path, whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            told = broken(verify(folder, trust=made.trust, now=NOW), file=path)
        assert "record 4: it was changed" in told["actions"]
        assert "files" in told


@pytest.mark.parametrize(
    "part", [pytest.param(b'"payload":"', id="in its payload"), pytest.param(b'"sig":"', id="in its signature")]
)
def test_a_changed_envelope_is_found_where_everything_else_was_made_to_fit(scene: Scene, part: bytes) -> None:
    # The ledger names the changed bytes, and the installation sealed what it found there.
    record = scene.record(with_changed_byte(scene.signed(), part=part))
    assert "changed" in problem_of_actions(verified(scene, scene.sealed(record)))
    # Somebody without the key makes index, chain and summary anew: then the summary is not believed either.
    stranger = open_evidence_keyring(scene.folder / "stranger")
    told = broken(verified(scene, scene.sealed(record, keys=stranger)))
    assert "does not trust" in told["signature"]
    assert "changed" in told["actions"]


def test_an_envelope_that_is_missing_is_named_with_its_record_and_the_fix(scene: Scene) -> None:
    made = scene.sealed(scene.record(scene.signed()))
    path = envelope_path(made)
    index = made.json("index.json")
    index["files"] = [file for file in index["files"] if file["path"] != path]
    for file in index["files"]:
        file["refers_to"] = [named for named in file["refers_to"] if named != path]
    told = problem_of_actions(verified(scene, made.drop(path).reindexed(index)))
    assert told.startswith(f"{path}: the signed statement of the action in record 4: it is missing; take the bundle")


def another(**made_as: Any) -> Made:
    """The record of one action with the envelope of another."""
    return lambda scene, name: scene.record(scene.signed(**({"action_id": name} | made_as)), action_id=name)


def rewritten(change: Callable[[DecisionRecord], dict[str, Any]]) -> Made:
    """A record that was changed together with the chain."""

    def made(scene: Scene, name: str) -> DecisionRecord:
        record = scene.record(scene.signed(action_id=name), action_id=name)
        return record.model_copy(update=change(record))

    return made


def contradicting(change: Callable[[dict[str, Any]], object]) -> Made:
    """A statement that contradicts itself, signed with the right key all the same."""

    def made(scene: Scene, name: str) -> DecisionRecord:
        statement = json.loads(base64.b64decode(json.loads(scene.signed(action_id=name))["payload"]))
        change(statement)
        envelope = seal(canonical_json(statement).encode(), payload_type=PAYLOAD_TYPE, keys=scene.keys)
        return scene.record(envelope, action_id=name)

    return made


def inputs_of(**inputs: str) -> Made:
    return rewritten(lambda record: {"inputs": record.inputs | inputs})


def stranger_signed(scene: Scene, name: str) -> DecisionRecord:
    envelope = scene.signed(action_id=name, keys=open_evidence_keyring(scene.folder / "stranger"))
    return scene.record(envelope, action_id=name)


def pretty(scene: Scene, name: str) -> DecisionRecord:
    envelope = json.dumps(json.loads(scene.signed(action_id=name)), indent=2).encode()
    return scene.record(envelope, action_id=name)


WRONG: tuple[tuple[str, Made, str], ...] = (
    ("another action of the same person", another(action_id="another"), "its action"),
    ("an action of another person", another(actor="mallory"), "its action"),
    ("an action for another reason", another(reason="all is well"), "its action"),
    ("an action on another card", another(card_version=7), "its action"),
    ("an action by another way in", another(via="forge:github"), "its action"),
    ("an action in another role", another(role="admin"), "its action"),
    ("an action of an agent", another(actor_kind=AuthorKind.AGENT), "its action"),
    ("a changed reason", rewritten(lambda _: {"reason": "I never looked"}), "its reason"),
    ("a changed actor", rewritten(lambda _: {"actor": "mallory"}), "its actor"),
    ("a changed outcome", rewritten(lambda _: {"outcome": "reject: the pull request is blocked"}), "its outcome"),
    ("a changed time", rewritten(lambda _: {"at": SEALED_AT + timedelta(hours=1)}), "its time"),
    ("a changed key", rewritten(lambda record: {"key": f"{record.key}.again"}), "its id"),
    ("a changed action", inputs_of(action="sha256:" + "0" * 64), "its action"),
    ("a changed result", inputs_of(result="sha256:" + "0" * 64), "its result"),
    ("another reason within", contradicting(lambda one: one["predicate"].update(reason="no")), "the reason in it"),
    ("another card within", contradicting(lambda one: one["predicate"].update(cardVersion=9)), "card version"),
    ("another way in within", contradicting(lambda one: one["predicate"]["actor"].update(via="cli")), "way in"),
    ("another role within", contradicting(lambda one: one["predicate"]["actor"].update(role="admin")), "way in"),
    ("another result within", contradicting(lambda one: one["predicate"].update(newCardVersion=9)), "its result"),
    ("nobody within", contradicting(lambda one: one["predicate"].pop("actor")), "what an action says"),
    ("another type", contradicting(lambda one: one.update(predicateType="urn:other")), "no statement of an action"),
    (
        "another head within",
        contradicting(lambda one: one["subject"][0].update(digest={"gitCommit": "ab" * 20})),
        "another head",
    ),
    ("a stranger's signature", stranger_signed, "does not trust; if you trust the signer"),
    ("another form than it was written in", pretty, "as Maestro writes"),
)
"""By what is wrong: the record, and what is told of it. All lie in one bundle, whose chain, index and summary fit."""


@pytest.fixture(scope="module")
def told_of(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is told of each action, by its record."""
    scene = Scene(tmp_path_factory.mktemp("wrong"))
    records = [made(scene, f"a{number}") for number, (_, made, _) in enumerate(WRONG)]
    found = verified(scene, scene.sealed(*records, scene.record(scene.signed())))
    assert set(broken(found)) == {"actions"}
    return {problem.reason.partition(": ")[0]: problem.reason for problem in found.problems}


@pytest.mark.parametrize("number", range(len(WRONG)), ids=[sentence for sentence, _, _ in WRONG])
def test_a_record_and_a_statement_that_differ_are_found_where_all_else_fits(
    told_of: dict[str, str], number: int
) -> None:
    assert WRONG[number][2] in told_of[f"the signed statement of the action in record {FIRST + number}"]


def test_an_action_that_holds_is_not_blamed_for_others(told_of: dict[str, str]) -> None:
    assert len(told_of) == len(WRONG)


def test_a_record_that_names_no_digest_is_found(scene: Scene) -> None:
    record = scene.record(scene.signed())
    good = scene.sealed(record)
    lines = good.files["records.jsonl"].replace(record.inputs["statement"].encode(), b"../../index.json")
    assert "no digest" in broken(verified(scene, good.replaced("records.jsonl", lines)))["actions"]


def test_a_statement_serves_one_record_only(scene: Scene) -> None:
    first = scene.record(scene.signed())
    again = first.model_copy(update={"key": f"{first.key}.again"})
    told = problem_of_actions(verified(scene, scene.sealed(first, again)))
    assert "record 5: it is that of record 4" in told


def test_a_key_that_ended_before_the_action_is_refused(scene: Scene) -> None:
    other = open_evidence_keyring(scene.folder / "other")
    made = scene.sealed(scene.record(scene.signed(keys=other)))
    both = (*TrustRoots.of_folder(scene.folder / "keys").keys, *TrustRoots.of_folder(scene.folder / "other").keys)
    assert verified(scene, made, trust=TrustRoots(keys=both)).problems == ()
    for bounds, told in (
        ({"not_after": SEALED_AT - timedelta(days=1)}, "ended"),
        ({"revoked_at": SEALED_AT + timedelta(days=1), "revocation_reason": Reason.COMPROMISED}, "compromised"),
        ({"purposes": ()}, "trusted for"),
    ):
        trust = TrustRoots(keys=(both[0], both[1].model_copy(update=bounds)))
        assert told in problem_of_actions(verified(scene, made, trust=trust))
