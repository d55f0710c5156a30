"""in-toto statements: ours are canonical, and what others send is read strictly."""

import json
from typing import Any

import pytest

from maestro.attestations.names import STATEMENT_TYPE
from maestro.attestations.statement import make_statement, read_statement
from maestro.errors import BadInput

HEAD = "9ac3" * 10


def plain(**changed: object) -> dict[str, Any]:
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "head", "digest": {"gitCommit": HEAD}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"a": 1},
    } | changed


def subjects(*digests: object) -> dict[str, Any]:
    return plain(subject=[{"name": "x", "digest": digest} for digest in digests])


def test_a_statement_keeps_the_bytes_that_were_read() -> None:
    payload = json.dumps(plain(more="is ignored"), indent=3).encode()
    statement = read_statement(payload, field="f")
    assert statement.payload == payload
    assert statement.predicate_type == "https://slsa.dev/provenance/v1"
    assert statement.predicate == {"a": 1}
    assert statement.body.subject[0].digest == {"gitCommit": HEAD}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(plain(_type="https://in-toto.io/Statement/v0.1"), id="the older type, which has the same fields"),
        pytest.param(subjects({"gitCommit": "a" * 64}), id="a commit of a repository with SHA-256"),
        pytest.param(subjects({"sha256": "0" * 64, "sha512": "1" * 128}), id="two digests of one subject"),
        pytest.param(subjects({"dirHash": "h1:abc="}), id="a digest whose form we do not know"),
        pytest.param(plain(subject=[{"digest": {"sha1": "0" * 40}}]), id="a subject without a name"),
        pytest.param({k: v for k, v in plain().items() if k != "predicate"}, id="no predicate"),
    ],
)
def test_what_the_specification_allows_is_read(document: object) -> None:
    assert read_statement(json.dumps(document).encode(), field="f").body.subject


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(plain(_type="https://in-toto.io/Link/v1"), id="another type of document"),
        pytest.param({k: v for k, v in plain().items() if k != "_type"}, id="no type"),
        pytest.param(plain(subject=[]), id="no subject"),
        pytest.param(plain(subject=[{"name": "x"}]), id="a subject without a digest"),
        pytest.param(subjects({}), id="an empty set of digests"),
        pytest.param(subjects({"sha256": "00"}), id="a sha256 of two digits"),
        pytest.param(subjects({"sha256": "A" * 64}), id="a sha256 in capitals"),
        pytest.param(subjects({"sha256": "g" * 64}), id="a sha256 with another letter"),
        pytest.param(subjects({"sha256": "a" * 63 + "\n"}), id="a sha256 with a line end"),
        pytest.param(subjects({"gitCommit": HEAD[:39]}), id="a commit that is too short"),
        pytest.param(subjects({"gitCommit": HEAD[:12]}), id="an abbreviated commit"),
        pytest.param(subjects({"gitCommit": HEAD.upper()}), id="a commit in capitals"),
        pytest.param(subjects({"gitCommit": 7}), id="a digest that is a number"),
        pytest.param(subjects({"other": ""}), id="an empty digest"),
        pytest.param(subjects({"sha1": "0" * 40}, {"sha1": "0" * 40}), id="a subject that stands twice"),
        pytest.param(plain(subject={"digest": {"sha1": "0" * 40}}), id="a subject that is no list"),
        pytest.param(plain(subject=[{"name": 5, "digest": {"sha1": "0" * 40}}]), id="a name that is a number"),
        pytest.param(subjects(*({"sha256": f"{n:064x}"} for n in range(1_001))), id="too many subjects"),
        pytest.param(plain(predicateType="provenance"), id="a predicate type that is no URI"),
        pytest.param(plain(predicateType="https://a b"), id="a predicate type with a space"),
        pytest.param(plain(predicate=[1]), id="a predicate that is a list"),
        pytest.param([plain()], id="a list of statements"),
        pytest.param("statement", id="a text"),
    ],
)
def test_what_is_no_well_formed_statement_is_refused_with_its_place(document: object) -> None:
    with pytest.raises(BadInput) as refused:
        read_statement(json.dumps(document).encode(), field="a.json")
    assert refused.value.field == "a.json"
    assert "no in-toto statement" in refused.value.message


def test_the_order_in_which_a_statement_is_put_together_does_not_change_its_bytes() -> None:
    one = make_statement(
        [{"name": "a", "digest": {"sha256": "0" * 64}}], predicate_type="urn:x:y", predicate={"a": 1, "b": 2}
    )
    other = make_statement(
        [{"digest": {"sha256": "0" * 64}, "name": "a"}], predicate_type="urn:x:y", predicate={"b": 2, "a": 1}
    )
    assert one.payload == other.payload


def test_a_name_that_is_no_unicode_becomes_text_that_every_reader_takes() -> None:
    statement = make_statement(
        [{"digest": {"sha1": "0" * 40}}], predicate_type="urn:x:y", predicate={"test": "t\udcff.py::\x00ü"}
    )
    assert statement.predicate == {"test": "t\\udcff.py::\x00ü"}


def test_a_statement_of_ours_without_a_subject_is_refused_as_one_of_others() -> None:
    with pytest.raises(BadInput, match="subject"):
        make_statement([], predicate_type="urn:x:y", predicate={})
