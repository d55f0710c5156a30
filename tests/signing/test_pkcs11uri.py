"""What a PKCS#11 URI may say, and where the PIN may be; no device is needed for that."""

import contextlib
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.signing.keys import KEY_VARIABLE, open_evidence_keyring
from maestro.signing.pkcs11uri import parse_uri, read_pin

QUERY = "module-path=/usr/lib/m.so&pin-source=file:/run/pin"
GOOD = f"pkcs11:token=the%20token;object=evidence;id=%01%FF?{QUERY}"


def test_a_uri_is_read_with_its_escapes() -> None:
    uri = parse_uri(GOOD, field="f")
    assert (uri.module, uri.token, uri.label) == (Path("/usr/lib/m.so"), {"token": "the token"}, "evidence")
    assert (uri.object_id, uri.pin_source) == (b"\x01\xff", "file:/run/pin")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(f"{GOOD}&pin-value=1234", "carries the PIN", id="a PIN in the query"),
        pytest.param(f"pkcs11:token=t;object=o;pin-value=1234?{QUERY}", "carries the PIN", id="a PIN in the path"),
        pytest.param("pkcs11:token=t;object=o", "module-path or pin-source is missing", id="no query"),
        pytest.param(f"pkcs11:object=o?{QUERY}", "names no token", id="no token"),
        pytest.param(f"pkcs11:token=t?{QUERY}", "names no token, or neither", id="no key"),
        pytest.param(f"pkcs11:token=t;object=o;object=p?{QUERY}", "has two", id="two objects"),
        pytest.param(f"pkcs11:token=t;object?{QUERY}", "has no value", id="an object without a value"),
        pytest.param(f"pkcs11:token=t;object=%4?{QUERY}", "escaped wrongly", id="a cut escape"),
        pytest.param(f"pkcs11:token=%FF;object=o?{QUERY}", "token is not UTF-8", id="a token that is no text"),
        pytest.param(f"pkcs11:token=t;slot-id=1;object=o?{QUERY}", "'slot-id' is nothing", id="an unknown name"),
        pytest.param(f"pkcs11:token=t;object=o;type=cert?{QUERY}", "type is not private", id="a certificate"),
        pytest.param(
            "pkcs11:token=t;object=o?module-path=m.so&pin-source=/p", "not absolute", id="a module that is looked for"
        ),
    ],
)
def test_a_uri_that_cannot_be_used_is_refused_with_the_form(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as refused:
        parse_uri(text, field=KEY_VARIABLE)
    assert refused.value.field == KEY_VARIABLE
    assert "pkcs11:token=NAME" in refused.value.fix
    assert "1234" not in str(refused.value)


@given(st.text(alphabet="pkcs1:;=?&%0Fabtokenidj-/", max_size=80))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    with contextlib.suppress(BadInput):
        assert parse_uri(f"pkcs11:{text}", field="f").module.is_absolute()


def test_a_pin_comes_from_a_file_of_this_user_alone_or_a_named_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pin"
    path.write_text("4711\n")
    path.chmod(0o600)
    monkeypatch.setenv("SOME_PIN", "0815")
    assert [read_pin(source, field="f") for source in (f"file:{path}", f"file://{path}", str(path))] == ["4711"] * 3
    assert read_pin("env:SOME_PIN", field="f") == "0815"
    path.chmod(0o644)
    with pytest.raises(BadInput, match="the PIN can be read by others"):
        read_pin(f"file:{path}", field="f")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        pytest.param("env:NOT_SET", "is empty", id="a variable that is not set"),
        pytest.param("file:/nowhere/pin", "no file with the PIN", id="a file that is not there"),
        pytest.param("file:pin", "neither file: with an absolute path", id="a relative path"),
        pytest.param("4711", "neither file: with an absolute path", id="the PIN itself"),
    ],
)
def test_a_source_without_a_pin_is_refused(source: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as refused:
        read_pin(source, field="f")
    assert "4711" not in str(refused.value)


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    monkeypatch.setenv(KEY_VARIABLE, GOOD)
    with pytest.raises(BadInput, match="extra pkcs11, which is not installed") as refused:
        open_evidence_keyring(tmp_path)
    assert "maestro-conductor[pkcs11]" in refused.value.fix
