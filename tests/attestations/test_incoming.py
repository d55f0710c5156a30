"""Attestations that come with a pull request: what is believed, and why everything else is not."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.attestations import carried
from maestro.attestations.incoming import Judged, judge_attestations
from maestro.attestations.names import (
    CYCLONEDX,
    OLD_PROVENANCE,
    OLD_STATEMENT_TYPE,
    PAYLOAD_TYPE,
    PROVENANCE,
    SUMMARY_TYPE,
    TEST_RESULT,
)
from maestro.canonical import canonical_json
from maestro.signing.algorithms import Algorithm
from maestro.signing.roots import TrustRoots
from tests.attestations.signing import BUILDER, provenance, ring, signed, sigstore, statement, trusting
from tests.attestations.statements import BILL
from tests.evidence.samples import TREE
from tests.render.sample_cards import PULL_REQUEST

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
HEAD = PULL_REQUEST.head_sha
KEYS = ring(Algorithm.ECDSA)
OTHER = ring(Algorithm.ED25519, "other")
TRUST = trusting(KEYS)

GOOD = signed(statement(PROVENANCE, provenance()), KEYS)
GOOD_BILL = signed(statement(CYCLONEDX, BILL), KEYS)


def judge(*contents: bytes, trust: TrustRoots = TRUST, now: datetime = NOW, tree: str = TREE) -> Judged:
    return judge_attestations(
        [(f"{number}.json", content) for number, content in enumerate(contents)],
        pull_request=PULL_REQUEST,
        tested_tree=tree,
        trust=trust,
        now=now,
    )


def test_without_attestations_everything_is_missing() -> None:
    facts = judge().facts
    assert (facts.provided, facts.verified, facts.refused) == (0, 0, ())
    assert (facts.provenance, facts.sbom_statement, facts.builder) == ("missing", "missing", None)


def test_what_a_trusted_key_signed_for_this_head_is_believed() -> None:
    judged = judge(GOOD, GOOD_BILL, signed(statement(TEST_RESULT, {"result": "PASSED"}), KEYS))
    assert judged.facts.refused == ()
    assert (judged.facts.provided, judged.facts.verified) == (3, 3)
    assert (judged.facts.provenance, judged.facts.builder) == ("verified", BUILDER)
    assert judged.facts.sbom_statement == "verified"
    assert judged.facts.predicate_types == tuple(sorted((PROVENANCE, CYCLONEDX, TEST_RESULT)))
    assert judged.sbom == canonical_json(BILL).encode()
    assert {each.key_id for each in judged.accepted} == {KEYS.key_id}


@pytest.mark.parametrize("algorithm", [Algorithm.RSA, Algorithm.ECDSA, Algorithm.ED25519])
def test_every_kind_of_key_is_believed(algorithm: Algorithm) -> None:
    keys = ring(algorithm)
    assert judge(signed(statement(PROVENANCE, provenance()), keys), trust=trusting(keys)).facts.provenance == "verified"


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param({"gitCommit": HEAD}, id="by its commit"),
        pytest.param({"sha1": HEAD}, id="by its commit, as cosign names it"),
        pytest.param({"gitTree": TREE}, id="by its tree"),
        pytest.param({"gitCommit": HEAD, "sha256": "0" * 64}, id="with a further digest"),
    ],
)
def test_the_head_can_be_named_in_several_ways(subject: dict[str, str]) -> None:
    other = {"name": "another", "digest": {"gitCommit": "5" * 40}}
    document = statement(PROVENANCE, provenance(), subject=[other, {"name": "x", "digest": subject}])
    assert judge(signed(document, KEYS)).facts.provenance == "verified"


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param({"gitCommit": "5" * 40}, id="another commit"),
        pytest.param({"sha1": "5" * 40}, id="another commit as sha1"),
        pytest.param({"gitTree": "5" * 40}, id="another tree"),
        pytest.param({"gitCommit": "5" * 40, "gitTree": TREE}, id="another commit with the same tree"),
        pytest.param({"gitCommit": HEAD, "gitTree": "5" * 40}, id="this commit with another tree"),
        pytest.param({"sha256": "5" * 64}, id="a file"),
        pytest.param({"gitBlob": HEAD}, id="a blob with the id of the commit"),
        pytest.param({"gitCommit": HEAD + "0" * 24}, id="a longer commit that begins alike"),
    ],
)
def test_what_is_about_something_else_is_refused_and_both_are_named(subject: dict[str, str]) -> None:
    document = statement(PROVENANCE, provenance(), subject=[{"name": "x", "digest": subject}])
    facts = judge(signed(document, KEYS)).facts
    assert (facts.provenance, facts.verified, facts.builder) == ("refused", 0, None)
    (why,) = facts.refused or ()
    assert next(iter(subject.values())) in why
    assert HEAD in why


def test_an_unknown_tree_is_named_by_nobody() -> None:
    document = statement(PROVENANCE, provenance(), subject=[{"name": "x", "digest": {"gitTree": TREE}}])
    assert judge(signed(document, KEYS), tree="").facts.provenance == "refused"


@pytest.mark.parametrize(
    ("builder", "said"),
    [
        pytest.param(
            BUILDER + "/", "'https://ci.example/builder/', and the key 'ci 0' may speak for 'https", id="another"
        ),
        pytest.param("", "names no builder", id="none"),
    ],
)
def test_provenance_of_a_builder_for_which_the_key_may_not_speak_is_refused(builder: str, said: str) -> None:
    facts = judge(signed(statement(PROVENANCE, provenance(builder)), KEYS)).facts
    assert facts.provenance == "refused"
    assert said in (facts.refused or ("",))[0]


def test_a_key_without_builders_may_sign_bills_and_no_provenance() -> None:
    facts = judge(GOOD, GOOD_BILL, trust=trusting(KEYS, builders=())).facts
    assert (facts.provenance, facts.sbom_statement) == ("refused", "verified")
    assert "may speak for no builder" in (facts.refused or ("",))[0]


def test_a_key_may_not_speak_for_the_builder_of_another_key() -> None:
    keys = (*trusting(KEYS).keys, *trusting(OTHER, builders=("https://other.example",), name="other").keys)
    facts = judge(signed(statement(PROVENANCE, provenance()), OTHER), trust=TrustRoots(keys=keys)).facts
    assert facts.provenance == "refused"


def test_older_provenance_and_older_statements_are_understood() -> None:
    old = statement(OLD_PROVENANCE, {"builder": {"id": BUILDER}}, _type=OLD_STATEMENT_TYPE)
    assert judge(signed(old, KEYS)).facts.provenance == "verified"
    old["predicate"] = {"runDetails": {"builder": {"id": BUILDER}}, "builder": {"id": "else"}}
    assert judge(signed(old, KEYS)).facts.provenance == "refused"


def test_types_that_we_do_not_know_are_verified_and_count_for_nothing() -> None:
    facts = judge(signed(statement("https://vuln.example/v1", {}), KEYS)).facts
    assert (facts.verified, facts.provenance, facts.sbom_statement) == (1, "missing", "missing")
    assert facts.predicate_types == ("https://vuln.example/v1",)


# What is not believed


def changed_payload(envelope: bytes, **changed: Any) -> bytes:
    """The envelope with another payload, and the old signature."""
    outer = json.loads(envelope)
    inner = json.loads(base64.b64decode(outer["payload"])) | changed
    outer["payload"] = base64.b64encode(json.dumps(inner).encode()).decode()
    return json.dumps(outer).encode()


def with_outer(envelope: bytes, **changed: Any) -> bytes:
    return json.dumps(json.loads(envelope) | changed).encode()


BAD = [
    pytest.param(changed_payload(GOOD, predicate=provenance("https://evil.example")), "does not fit", id="changed"),
    pytest.param(signed(statement(PROVENANCE, provenance()), OTHER), "does not trust", id="signed by an unknown key"),
    pytest.param(with_outer(GOOD, signatures=[]), "signatures", id="no signature"),
    pytest.param(
        with_outer(GOOD, signatures=json.loads(GOOD_BILL)["signatures"]), "does not fit", id="another's signature"
    ),
    pytest.param(with_outer(GOOD, payloadType="text/plain"), "its payload is 'text/plain'", id="another payload type"),
    pytest.param(
        signed(statement(PROVENANCE, provenance()), KEYS, payload_type="text/plain"),
        "'text/plain'",
        id="signed as other",
    ),
    pytest.param(GOOD[:-2], "it is no JSON", id="cut off"),
    pytest.param(b"", "it is no JSON", id="empty"),
    pytest.param(b"\x00\xff" * 50, "no UTF-8", id="no text at all"),
    pytest.param(b'{"payloadType":"x","payloadType":"y"}', "stands twice", id="a key that stands twice"),
    pytest.param(
        signed(b'{"predicateType":"x",' + json.dumps(statement(PROVENANCE, provenance())).encode()[1:], KEYS),
        "stands twice",
        id="a key that stands twice in what was signed",
    ),
    pytest.param(signed(b"[" * 100_000, KEYS), "nested deeper", id="nested without an end in what was signed"),
    pytest.param(b'{"payloadType":' + b"[" * 100_000, "nested deeper", id="nested without an end"),
    pytest.param(signed(b"{}", KEYS), "no in-toto statement", id="no statement"),
    pytest.param(signed(b'{"a":NaN}', KEYS), "NaN", id="no number"),
    pytest.param(signed(statement(PROVENANCE, {}, subject=[]), KEYS), "subject", id="no subject"),
    pytest.param(signed(statement(PROVENANCE, provenance(finishedOn="yesterday")), KEYS), "no time", id="no time"),
    pytest.param(
        signed(statement(PROVENANCE, provenance(finishedOn="2027-01-01T00:00:00Z")), KEYS),
        "yet to come",
        id="the future",
    ),
    pytest.param(b"[]", "no JSON object", id="a list"),
    pytest.param(b"{}", "neither a DSSE envelope nor a Sigstore bundle", id="an empty object"),
    pytest.param(
        sigstore(GOOD, certificate={"rawBytes": "AA=="}), "no certificate authority is trusted", id="a certificate"
    ),
    pytest.param(
        sigstore(GOOD, x509CertificateChain={"certificates": []}), "no certificate authority", id="a certificate chain"
    ),
    pytest.param(sigstore(GOOD, tlogEntries=[]), "names no key", id="a bundle without a key"),
    pytest.param(with_outer(sigstore(GOOD), mediaType="application/x"), "no Sigstore bundle v0.3", id="another bundle"),
    pytest.param(
        with_outer(sigstore(GOOD), dsseEnvelope=None), "signs a file", id="a bundle around a file's signature"
    ),
    pytest.param(with_outer(sigstore(GOOD), verificationMaterial=7), "names no key", id="a bundle of nonsense"),
]


@pytest.mark.parametrize(("content", "said"), BAD)
def test_what_cannot_be_believed_is_refused_with_a_sentence_and_stops_nothing(content: bytes, said: str) -> None:
    facts = judge(content, GOOD_BILL).facts
    assert (facts.provided, facts.verified) == (2, 1)
    (why,) = facts.refused or ()
    assert why.startswith("'0.json'")
    assert said in why
    assert facts.provenance != "verified"


@pytest.mark.parametrize(("content", "said"), BAD)
def test_what_is_refused_as_provenance_is_never_also_verified(content: bytes, said: str) -> None:
    assert judge(GOOD, content).facts.provenance == "refused"


def test_a_refused_statement_of_another_kind_says_nothing_of_provenance() -> None:
    facts = judge(GOOD, signed(statement(CYCLONEDX, BILL), OTHER)).facts
    assert (facts.provenance, facts.sbom_statement) == ("verified", "refused")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"not_after": NOW - timedelta(days=1)}, "2026", id="expired"),
        pytest.param({"not_before": NOW + timedelta(days=1)}, "2026", id="not yet valid"),
        pytest.param({"revoked_at": NOW, "revocation_reason": "compromised"}, "compromised", id="compromised"),
        pytest.param({"purposes": ("models",), "builders": ()}, "not for attestations", id="for another purpose"),
    ],
)
def test_a_key_that_does_not_hold_is_not_believed(changed: dict[str, Any], said: str) -> None:
    made = signed(statement(PROVENANCE, provenance(finishedOn="2026-11-28T09:00:00Z")), KEYS)
    facts = judge(made, trust=trusting(KEYS, **changed)).facts
    assert facts.provenance == "refused"
    assert said in (facts.refused or ("",))[0]


@pytest.mark.parametrize(
    ("kind", "predicate"),
    [
        (PROVENANCE, provenance(startedOn="2026-11-01T00:00:00Z")),
        (OLD_PROVENANCE, {"builder": {"id": BUILDER}, "metadata": {"buildFinishedOn": "2026-11-01T00:00:00Z"}}),
        (CYCLONEDX, BILL | {"metadata": {"timestamp": "2026-11-01T00:00:00Z"}}),
        (CYCLONEDX + "/v1.6", BILL | {"metadata": {"timestamp": "2026-11-01T00:00:00Z"}}),
        (SUMMARY_TYPE, {"timeVerified": "2026-11-01T00:00:00Z"}),
    ],
)
def test_the_time_that_a_statement_claims_is_held_against_the_window_of_the_key(
    kind: str, predicate: Mapping[str, Any]
) -> None:
    made = signed(statement(kind, predicate), KEYS)
    until = datetime(2026, 11, 2, tzinfo=UTC)
    assert judge(made, trust=trusting(KEYS, not_after=until)).facts.verified == 1
    assert judge(made, trust=trusting(KEYS, not_before=until)).facts.verified == 0


def test_a_key_with_a_window_is_not_believed_where_no_time_is_claimed() -> None:
    assert judge(GOOD, trust=trusting(KEYS, not_after=NOW + timedelta(days=1))).facts.provenance == "refused"


def test_without_trust_roots_nothing_is_believed() -> None:
    facts = judge(GOOD, GOOD_BILL, trust=TrustRoots()).facts
    assert (facts.verified, facts.provenance, facts.sbom_statement) == (0, "refused", "refused")


# Bills of materials


def test_two_equal_bills_are_one() -> None:
    assert judge(GOOD_BILL, GOOD_BILL).sbom == canonical_json(BILL).encode()


def test_two_bills_that_differ_are_both_not_believed() -> None:
    judged = judge(GOOD_BILL, signed(statement(CYCLONEDX, BILL | {"components": []}), KEYS))
    assert (judged.facts.sbom_statement, judged.sbom) == ("refused", None)
    assert "'0.json' and '1.json'" in (judged.facts.refused or ("",))[0]


def test_a_bill_that_is_no_cyclonedx_is_refused() -> None:
    judged = judge(signed(statement(CYCLONEDX, {"spdxVersion": "2.3"}), KEYS))
    assert (judged.facts.sbom_statement, judged.sbom) == ("refused", None)


# Files


def test_lines_of_envelopes_and_bundles_are_judged_each_for_itself() -> None:
    lines = b"\n".join((GOOD, b"", sigstore(GOOD_BILL), b"   ", GOOD[:40] + GOOD[44:], b"")) + b"\n"
    judged = judge(lines)
    assert (judged.facts.provided, judged.facts.verified) == (3, 2)
    assert [each.where for each in judged.accepted] == ["'0.json', line 1", "'0.json', line 3"]
    assert (judged.facts.refused or ("",))[0].startswith("'0.json', line 5: ")


def test_an_envelope_over_many_lines_is_one_document() -> None:
    pretty = json.dumps(json.loads(GOOD), indent=2).encode()
    assert judge(pretty, b"\n" + pretty + b"\n").facts.verified == 2


@pytest.mark.parametrize(
    "kind", ["application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle+json;version=0.3"]
)
def test_a_sigstore_bundle_signed_by_a_key_is_believed(kind: str) -> None:
    assert judge(with_outer(sigstore(GOOD), mediaType=kind)).facts.provenance == "verified"


def test_more_than_64_mib_in_all_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried, "TOTAL_LIMIT_BYTES", len(GOOD) + 10)
    facts = judge(GOOD, GOOD_BILL).facts
    assert facts.verified == 1
    assert "larger than" in (facts.refused or ("",))[0]
    assert facts.sbom_statement == "refused"


def test_entries_beyond_the_limit_are_refused_with_one_sentence() -> None:
    facts = judge(b"{}\n" * 100_000).facts
    assert len(facts.refused or ()) == 1_001
    assert "more than 1,000 attestations" in (facts.refused or ("",))[-1]


def test_a_file_of_empty_lines_takes_no_time_for_each() -> None:
    assert judge(b"{}\n" + b"\n" * 30_000_000 + b"{}").facts.provided == 2


def test_names_and_texts_of_strangers_stay_on_one_line() -> None:
    judged = judge_attestations(
        [("a\n\x1b[31m\u202eb" * 100, b'{"mediaType":"\\u001b[2J\\u202e"}')],
        pull_request=PULL_REQUEST,
        tested_tree=TREE,
        trust=TRUST,
        now=NOW,
    )
    (why,) = judged.facts.refused or ()
    assert why.isprintable()
    assert len(why) < 500


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_changed_byte_is_believed_and_nothing_is_raised(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from([GOOD, sigstore(GOOD)]))
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != content[at]))
    judged = judge(content[:at] + bytes((byte,)) + content[at + 1 :])
    # Where a byte outside of what is signed changed (a key id, a hint), the very same statement may still be believed.
    for each in judged.accepted:
        assert each.statement.payload == base64.b64decode(json.loads(GOOD)["payload"])


KNOWN = ["payloadType", "payload", "signatures", "keyid", "sig", "mediaType", "dsseEnvelope", "verificationMaterial"]
SHAPES = st.recursive(
    st.none() | st.text() | st.integers() | st.sampled_from([PAYLOAD_TYPE, "AA=="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KNOWN), inner),
)


@given(content=st.binary(max_size=200) | SHAPES.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_provided_is_refused_without_raising(content: bytes) -> None:
    facts = judge(content).facts
    assert facts.verified == 0
    assert len(facts.refused or ()) == facts.provided
