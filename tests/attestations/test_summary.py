"""The verification summary: what it names, and when it says that the verification passed."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.assurance import Facts, GitFacts
from maestro.attestations.outgoing import signed_statements
from maestro.attestations.summary import level_of, verification_summary
from maestro.errors import BadInput
from maestro.evidence.contents import Dossier, Landing
from maestro.model.decision import DecisionState
from maestro.model.evidence import FindingState
from maestro.signing.keys import Keyring, open_keyring
from tests.attestations.statements import dossier, index_of, said, with_card, with_contents
from tests.evidence.samples import FACTS, SEALED_AT, TREE, store_at
from tests.render.sample_cards import PULL_REQUEST


@pytest.fixture
def keys(tmp_path: Path) -> Keyring:
    return open_keyring(tmp_path / "keys")


def summary(made: Dossier, folder: Path, keys: Keyring) -> dict[str, Any]:
    members = signed_statements(made, store=store_at(folder), keys=keys)
    return said(verification_summary(made, index=index_of(made.contents), statements=members, keys=keys), keys)


def test_a_green_bundle_passes_with_the_ids_of_the_controls_that_pass(tmp_path: Path, keys: Keyring) -> None:
    facts = FACTS.model_copy(update={"git": GitFacts(tree=TREE, private_keys_added=("id_rsa",))})
    made = dossier(tmp_path, facts=facts)
    predicate = summary(made, tmp_path, keys)["predicate"]
    passing = {each.control for each in made.contents.card.findings if each.state is FindingState.PASS}
    assert predicate["verificationResult"] == "PASSED"
    assert set(predicate["verifiedLevels"]) == passing
    assert "MC-BR-02" not in passing  # it fails
    assert predicate["timeVerified"] == "2026-11-23T09:40:00Z"
    assert predicate["resourceUri"] == f"git+https://forge.example/shop/checkout.git@{PULL_REQUEST.head_sha}"


@pytest.mark.parametrize("state", [state for state in DecisionState if state is not DecisionState.GREEN])
def test_whatever_is_not_green_failed_and_names_no_control(tmp_path: Path, keys: Keyring, state: DecisionState) -> None:
    predicate = summary(dossier(tmp_path, state=state), tmp_path, keys)["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("FAILED", ["FAILED"])


def test_its_subjects_are_the_head_and_the_index_by_digest(tmp_path: Path, keys: Keyring) -> None:
    made = dossier(tmp_path)
    digests = [each["digest"] for each in summary(made, tmp_path, keys)["subject"]]
    assert digests == [
        {"gitCommit": PULL_REQUEST.head_sha, "gitTree": TREE},
        {"sha256": hashlib.sha256(index_of(made.contents)).hexdigest()},
    ]


def test_a_merge_of_the_tested_tree_is_a_subject_and_one_of_another_tree_is_not(tmp_path: Path, keys: Keyring) -> None:
    made = dossier(tmp_path)
    as_tested = with_contents(made, landing=Landing(base_ref="main", commit="5" * 40, tree=TREE))
    otherwise = with_contents(made, landing=Landing(base_ref="main", commit="5" * 40, tree="6" * 40))
    assert {"gitCommit": "5" * 40, "gitTree": TREE} in [
        each["digest"] for each in summary(as_tested, tmp_path, keys)["subject"]
    ]
    assert "5" * 40 not in str(summary(otherwise, tmp_path, keys))


def test_every_statement_is_named_by_the_digest_of_its_file(tmp_path: Path, keys: Keyring) -> None:
    made = dossier(tmp_path)
    members = signed_statements(made, store=store_at(tmp_path), keys=keys)
    inputs = summary(made, tmp_path, keys)["predicate"]["inputAttestations"]
    assert [(each["uri"], each["digest"]["sha256"]) for each in inputs] == [
        (member.path, hashlib.sha256(member.content).hexdigest()) for member in members
    ]


def test_a_control_that_was_answered_twice_stops_the_bundle(tmp_path: Path, keys: Keyring) -> None:
    made = dossier(tmp_path)
    first = made.contents.card.findings[0]
    again = first.model_copy(update={"state": FindingState.FAIL})
    with pytest.raises(BadInput, match=f"{first.control} was answered more than once"):
        summary(with_card(made, findings=(*made.contents.card.findings, again)), tmp_path, keys)


def test_a_time_without_a_zone_is_no_moment(tmp_path: Path, keys: Keyring) -> None:
    with pytest.raises(BadInput, match="no time zone"):
        summary(with_contents(dossier(tmp_path), sealed_at=SEALED_AT.replace(tzinfo=None)), tmp_path, keys)


CONTROLS = st.from_regex(r"\A[A-Z][A-Z0-9]{0,3}([_-][A-Z0-9]{1,3}){1,3}\Z") | st.sampled_from(
    ["SLSA_BUILD_LEVEL_3", "SLSA-BUILD-LEVEL-3", "IG-SC-5", "IG_SC_5"]
)


@given(one=CONTROLS, other=CONTROLS)
def test_no_two_controls_share_a_level_and_none_takes_a_level_of_slsa(one: str, other: str) -> None:
    assert (level_of(one) == level_of(other)) == (one == other)
    assert not level_of(one).startswith("SLSA_")
    assert level_of(one) != "FAILED"


def test_the_level_of_a_control_is_its_id_as_people_know_it() -> None:
    assert level_of("IG-SC-5") == "IG-SC-5"


def test_nothing_is_verified_where_nothing_is_known(tmp_path: Path, keys: Keyring) -> None:
    predicate = summary(dossier(tmp_path, facts=Facts()), tmp_path, keys)["predicate"]
    assert predicate["verifiedLevels"] == []
