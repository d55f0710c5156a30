"""What a person is told about a file that cannot be used, and what a file can never do."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.config.yamlfile import DEPTH_LIMIT, SIZE_LIMIT_BYTES, load, parse
from maestro.errors import BadInput
from maestro.model.base import Config


class Engine(Config):
    power_kw: float
    cylinders: int = 4


class Car(Config):
    name: str = ""
    fast: bool = False
    engine: Engine | None = None
    wheels: tuple[str, ...] = ()
    doors: dict[str, Engine] = {}  # noqa: RUF012 - pydantic copies it


def refused(text: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        parse(text, Car, source="car.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "field", "fix"),
    [
        pytest.param(
            "name: a\ncolour: red", "car.yaml:2: colour", "doors", id="an unknown setting lists what is known"
        ),
        pytest.param("engin:\n  power_kw: 1", "car.yaml:1: engin", "did you mean 'engine'?", id="a typo is named"),
        pytest.param(
            "engine:\n  power_kw: 1\n  cylinder: 2",
            "car.yaml:3: engine.cylinder",
            "did you mean 'cylinders'?",
            id="a typo further in is compared with its own level",
        ),
        pytest.param(
            "doors:\n  left:\n    power_kv: 1",
            "car.yaml:3: doors.left.power_kv",
            "did you mean 'power_kw'?",
            id="a typo below a name of one's own",
        ),
        pytest.param("engine: {}", "car.yaml:1: engine.power_kw", "add it", id="a missing setting"),
        pytest.param("name: 12", "car.yaml:1: name", "quotes", id="a number where text belongs"),
        pytest.param("fast: yes please", "car.yaml:1: fast", "true or false", id="text where a boolean belongs"),
        pytest.param("wheels: one", "car.yaml:1: wheels", "- item", id="text where a list belongs"),
        pytest.param("wheels:\n- a\n- 3", "car.yaml:3: wheels[1]", "quotes", id="an item of a list has its own line"),
        pytest.param("engine:\n  power_kw: 1e999", "car.yaml:2: engine.power_kw", "a number", id="infinity"),
        pytest.param("- a", "car.yaml:1", "key: value", id="a list where settings belong"),
        pytest.param("name: a\nname: b", "car.yaml:2: name", "keep one", id="a repeated key"),
        pytest.param("a: &x [1]\nb: *x", "car.yaml:2", "write the value out", id="an alias"),
        pytest.param("a: !!python/object:os.system {}", "car.yaml:1", "remove the tag", id="a tag"),
        pytest.param("name: [", "car.yaml:1", "colons", id="a bracket that is never closed"),
        pytest.param("name: a\n? [x]\n: b", "car.yaml:2", "one word", id="a key that is a list"),
        pytest.param("name: a\nfast: \x07", "car.yaml:2", "escape", id="a control character"),
        pytest.param("wheels: " + "[" * 999, "car.yaml:1", "nest less", id="brackets without end"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line_and_a_fix(text: str, field: str, fix: str) -> None:
    error = refused(text)
    assert error.field == field
    assert fix in error.fix


def test_every_finding_is_told_at_once_misspelt_names_first() -> None:
    error = refused("fast: 7\nengin: 1\nwheels: x")
    assert error.field == "car.yaml:2: engin"
    assert "car.yaml:1: fast" in error.message
    assert "car.yaml:3: wheels" in error.message


def test_words_that_older_yaml_takes_for_booleans_and_times_stay_text() -> None:
    assert parse("wheels: [no, on, 12:30, 0x10, 2026-11-23]", Car, source="").wheels == (
        "no",
        "on",
        "12:30",
        "0x10",
        "2026-11-23",
    )


def test_an_empty_file_means_the_defaults() -> None:
    assert parse("# nothing yet\n", Car, source="") == Car()


def test_nesting_up_to_the_limit_is_read() -> None:
    depth = DEPTH_LIMIT - 2
    with pytest.raises(BadInput, match="text is needed"):
        parse("wheels: " + "[" * depth + "]" * depth, Car, source="")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "no such file", id="a file that is not there"),
        pytest.param(b"name: \xff", "not UTF-8", id="a file that is not UTF-8"),
        pytest.param(b"#" * (SIZE_LIMIT_BYTES + 1), "bytes", id="a file far too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "car.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=message) as caught:
        load(path, Car)
    assert caught.value.field.startswith(str(path))
    assert caught.value.fix


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path, Car)


@given(st.text())
def test_any_text_is_either_read_or_refused_in_our_own_words(text: str) -> None:
    try:
        parse(text, Car, source="car.yaml")
    except BadInput as error:
        assert error.field.startswith("car.yaml")  # noqa: PT017 - both outcomes are right
        assert error.fix  # noqa: PT017
