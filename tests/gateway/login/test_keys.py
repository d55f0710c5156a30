"""The gateway's key: made once, kept from others, rotated without logging anybody out."""

import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.login.keys import VARIABLE, GatewayKeys
from maestro.errors import BadInput

KEYS = GatewayKeys([b"k" * 32])


def line() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def write(path: Path, *lines: str, mode: int = 0o600) -> Path:
    path.write_text("".join(f"{one}\n" for one in lines), encoding="ascii")
    path.chmod(mode)
    return path


def test_the_key_is_made_once_and_is_its_owners_alone(home: Path) -> None:
    sealed = GatewayKeys.open().seal("session", b"ada")
    assert GatewayKeys.open().unseal("session", sealed) == b"ada"
    assert (home / "gateway.key").stat().st_mode & 0o777 == 0o600


def test_of_many_gateways_that_start_together_all_have_the_same_key() -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: GatewayKeys.open(), range(8)))
    sealed = opened[0].seal("session", b"ada")
    assert {keys.unseal("session", sealed) for keys in opened} == {b"ada"}


def test_a_key_from_elsewhere_is_used_also_through_a_link(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = write(tmp_path / "mounted", line(), mode=0o440)
    (tmp_path / "key").symlink_to(real)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "key"))
    assert GatewayKeys.open().unseal("session", GatewayKeys.read(real).seal("session", b"ada")) == b"ada"
    assert not home.exists()


def test_a_new_key_on_top_rotates_and_taking_the_old_one_out_ends_what_it_sealed(tmp_path: Path) -> None:
    old, new = line(), line()
    before = GatewayKeys.read(write(tmp_path / "key", old))
    sealed, signed = before.seal("session", b"ada"), before.sign("csrf", "id")
    rotated = GatewayKeys.read(write(tmp_path / "key", "# rotated in November", new, old))
    assert rotated.unseal("session", sealed) == b"ada"
    assert rotated.is_signed("csrf", "id", signed)
    assert before.unseal("session", rotated.seal("session", b"ada")) is None
    without = GatewayKeys.read(write(tmp_path / "key", new))
    assert without.unseal("session", sealed) is None
    assert not without.is_signed("csrf", "id", signed)


@pytest.mark.parametrize(
    ("lines", "mode", "why"),
    [
        pytest.param([], 0o600, "0 keys", id="an empty file"),
        pytest.param(["# nothing"], 0o600, "0 keys", id="a remark"),
        pytest.param(["c2hvcnQ="], 0o600, "no key", id="a short key"),
        pytest.param(["correct horse battery staple"], 0o600, "no key", id="a pass phrase"),
        pytest.param([line()] * 9, 0o600, "9 keys", id="too many keys"),
        pytest.param([line()], 0o644, "everybody", id="a key that everybody can read"),
        pytest.param([line()], 0o602, "everybody", id="a key that everybody can write"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_without_a_word_of_its_content(
    tmp_path: Path, lines: list[str], mode: int, why: str
) -> None:
    path = write(tmp_path / "key", *lines, mode=mode)
    with pytest.raises(BadInput, match=why) as refused:
        GatewayKeys.read(path)
    assert str(path) in str(refused.value)
    assert not any(one in str(refused.value) for one in lines)


@pytest.mark.parametrize("named", ["gateway.key", "/nowhere/at/all"])
def test_a_file_that_is_named_has_to_be_there(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, named)
    with pytest.raises(BadInput):
        GatewayKeys.open()


def test_what_is_sealed_for_one_end_serves_no_other() -> None:
    assert KEYS.unseal("login", KEYS.seal("session", b"ada")) is None
    assert not KEYS.is_signed("session", "id", KEYS.sign("csrf", "id"))
    assert not KEYS.is_signed("csrf", "another", KEYS.sign("csrf", "id"))


def test_the_same_content_is_never_sealed_alike() -> None:
    assert len({KEYS.seal("session", b"ada") for _ in range(50)}) == 50


@given(st.text(max_size=300), st.binary(max_size=60))
def test_nobody_makes_what_opens(text: str, content: bytes) -> None:
    assert KEYS.unseal("session", text) is None
    assert not KEYS.is_signed("csrf", "id", text)
    sealed = KEYS.seal("session", content)
    assert KEYS.unseal("session", sealed) == content
    at = len(text) % len(sealed)
    spoiled = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    assert KEYS.unseal("session", spoiled) in {None, content}
    assert KEYS.unseal("session", sealed + "A" * 5_000) is None
