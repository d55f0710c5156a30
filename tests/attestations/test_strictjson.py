"""JSON of strangers: everything that two readers could understand differently is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.attestations import strictjson
from maestro.errors import BadInput, MaestroError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(value=PLAIN)
def test_plain_json_is_read_as_every_other_reader_reads_it(value: object) -> None:
    assert strictjson.read(json.dumps(value).encode(), field="f") == value
    assert strictjson.read(json.dumps(value, ensure_ascii=True, indent=1).encode(), field="f") == value


@given(content=st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0 ', max_size=60).map(str.encode))
def test_whatever_the_bytes_are_they_are_read_or_refused(content: bytes) -> None:
    try:
        value = strictjson.read(content, field="f")
    except MaestroError:
        return
    assert json.loads(content) == value


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b'{"a":1,"b":2,"a":1}', "its key 'a' stands twice", id="a key stands twice"),
        pytest.param(b'{"x":[{"a":1,"\\u0061":2}]}', "its key 'a' stands twice", id="a key stands twice, once escaped"),
        pytest.param(b'{"a":NaN}', "NaN is no JSON number", id="not a number"),
        pytest.param(b'{"a":-Infinity}', "-Infinity is no JSON number", id="infinity"),
        pytest.param(b'{"a":1e999}', "its number '1e999' is too large", id="a number that becomes infinity"),
        pytest.param(b'{"a":' + b"9" * 5_000 + b"}", "is too large", id="a number of 5,000 digits"),
        pytest.param(b'{"a":"\xff"}', "its byte 6 is no UTF-8", id="a byte that is no UTF-8"),
        pytest.param('{"a":"ü"}'.encode("utf-16"), "no UTF-8", id="another encoding"),
        pytest.param(b'{"a":"\\ud800"}', "a text that is no Unicode", id="half of a character"),
        pytest.param(b"\xef\xbb\xbf{}", "it is no JSON", id="a byte order mark"),
        pytest.param(b'{"a":1', "it is no JSON", id="cut off"),
        pytest.param(b"{} {}", "it is no JSON", id="two documents"),
        pytest.param(b"", "it is no JSON", id="nothing"),
        pytest.param(b"[" * 65 + b"]" * 65, "nested deeper than 64", id="one level too deep"),
        pytest.param(b"[" * 5_000_000, "more than 2,000,000 values", id="millions of levels"),
        pytest.param(b'{"a":' * 100_000, "nested deeper than 64", id="objects without an end"),
        pytest.param(
            b"[" + b"[]," * 2_000_000 + b"0]", "more than 2,000,000 values", id="a list that fills the memory"
        ),
    ],
)
def test_what_readers_may_differ_in_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        strictjson.read(content, field="sbom.json")
    assert said in refused.value.message
    assert refused.value.field == "sbom.json"
    assert refused.value.fix


def test_brackets_within_texts_are_no_levels() -> None:
    assert strictjson.read(b'["' + b"[" * 1_000 + b'\\"[[{"]', field="f") == ["[" * 1_000 + '"[[{']


def test_the_last_allowed_level_is_read() -> None:
    assert strictjson.read(b"[" * 64 + b"]" * 64, field="f")


@pytest.mark.parametrize("end", [b"", b"\\", b'"'])
def test_a_text_of_escaped_quotes_without_an_end_is_looked_at_once(end: bytes) -> None:
    # Quadratic time would make this run for hours.
    content = b'["' + b'\\"' * 8_000_000 + end
    with pytest.raises(BadInput):
        strictjson.read(content, field="f")


def test_many_keys_of_which_the_last_stands_twice_are_looked_at_once() -> None:
    names = ",".join(f'"{number}":0' for number in range(300_000))
    with pytest.raises(BadInput, match="'299999' stands twice"):
        strictjson.read(f'{{{names},"299999":1}}'.encode(), field="f")
