"""Text that anybody wrote, made safe: what is left of it, and what it can never become."""

from datetime import UTC, datetime, timedelta, timezone

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maestro.evidence.exports.texts import address, line, link_in, markup, moment, token
from tests.render.sample_cards import PULL_REQUEST

URI = jsonschema_rs.Draft7Validator({"format": "uri"}, validate_formats=True)
TOKEN = jsonschema_rs.Draft7Validator({"pattern": r"^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$"})
ONE_LINE = jsonschema_rs.Draft7Validator({"pattern": r"^\S(.*\S)?$"})
ANY = st.text(alphabet=st.characters())
ADDRESSES = st.builds(
    "{}{}{}{}".format, st.sampled_from(["https://", "http://u:p@", "git@", "ssh://", "x://", "/", ""]), ANY, ANY, ANY
)


@settings(max_examples=500)
@given(ANY | ADDRESSES)
@example("%")
@example("https://[::1]:80/%zz?q#f")
@example("https://host:99999999/")
@example("https://")
def test_every_repository_has_a_valid_address(text: str) -> None:
    shown = address(PULL_REQUEST.model_copy(update={"repository": text}))
    assert URI.is_valid(shown), shown


@settings(max_examples=300)
@given(ANY)
def test_every_text_is_one_visible_line(text: str) -> None:
    assert ONE_LINE.is_valid(line(text))
    assert ONE_LINE.is_valid(markup(text))
    assert line(text).isprintable() or not text.isascii()
    assert line(text).encode().decode() == line(text)


@given(ANY)
def test_every_text_has_a_token(text: str) -> None:
    assert TOKEN.is_valid(token(text))


def test_what_is_hidden_is_written_out() -> None:
    assert line("a\x00b\u202ec\ud800d\x1b[31m") == "a\\x00b\\u202ec\\ud800d\\x1b[31m"


def test_nothing_in_a_text_is_markup_and_plain_names_stay_as_they_are() -> None:
    assert markup("[a](b) `c` *d* <e> __f__ {{ g }}") == (r"\[a\](b) \`c\` \*d\* \<e\> \_\_f\_\_ \{\{ g \}\}")
    assert markup("tests/test_x.py & more") == "tests/test_x.py & more"


def test_a_secret_never_stays_in_an_address() -> None:
    for written in ("https://u:secret@host/x", "https://u:secret@bad host/x", "ssh://secret@host:22/x"):
        assert "secret" not in address(PULL_REQUEST.model_copy(update={"repository": written}))


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("See https://host.example/a_b?c=1#d.", "https://host.example/a_b?c=1#d"),
        ("Run `git push`, nothing else.", ""),
        ("https://", ""),
        ("[guide](https://host.example/x)", "https://host.example/x"),
    ],
)
def test_the_link_of_a_fix_is_its_first_web_address(text: str, link: str) -> None:
    assert link_in(text) == link


def test_times_are_in_utc() -> None:
    there = timezone(timedelta(hours=5, minutes=45))
    assert moment(datetime(2026, 11, 23, 15, 25, tzinfo=there)) == "2026-11-23T09:40:00Z"
    assert moment(datetime(2026, 11, 23, 9, 40, tzinfo=UTC)) == "2026-11-23T09:40:00Z"
