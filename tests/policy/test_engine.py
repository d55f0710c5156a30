"""Asking policies: exact answers only, from any thread, and errors that name the line."""

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest
from pydantic import JsonValue

from maestro.errors import BadInput, PolicyDenied
from maestro.model.base import Config
from maestro.policy.engine import ENGINES_PER_THREAD, PolicyAnswer, RegorusEngine

MakeEngine = Callable[[str], RegorusEngine]


class Ruling(Config):
    allowed: bool


@pytest.fixture
def engine(tmp_path: Path) -> MakeEngine:
    def make(rules: str) -> RegorusEngine:
        (tmp_path / "p.rego").write_text(f"package p\n\n{rules}\n")
        return RegorusEngine(tmp_path)

    return make


def ask(engine: RegorusEngine, document: dict[str, JsonValue] | None = None) -> PolicyAnswer:
    return engine.evaluate("data.p.x", document or {})


def test_an_answer_is_the_rules_value_and_names_the_version_that_gave_it(engine: MakeEngine) -> None:
    policy = engine("x := input.a + 1")
    answer = ask(policy, {"a": 1})
    assert answer.value == 2
    assert answer.digest == policy.digest
    assert policy.digest.startswith("sha256:")


@pytest.mark.parametrize("value", ["1", '"true"', '"<undefined>"', "[true]", '{"a": true}', "false", "null", "{true}"])
def test_only_exactly_true_is_true(engine: MakeEngine, value: str) -> None:
    assert not ask(engine(f"x := {value}")).is_true
    assert ask(engine("x := true")).is_true


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param("x := 1 if input.nothing", id="undefined"),
        pytest.param('x := {"allowed": 1}', id="a number for a boolean"),
        pytest.param('x := {"allowed": "true"}', id="a text for a boolean"),
        pytest.param('x := {"allowed": true, "more": 1}', id="more than was asked"),
        pytest.param("x := {}", id="less than was asked"),
        pytest.param("x := true", id="another shape"),
        pytest.param('x := {"allowed": to_number("seven") == 7}', id="a built-in that fails"),
        pytest.param("y := 1", id="no such rule"),
    ],
)
def test_an_answer_of_another_shape_is_a_refusal(engine: MakeEngine, rules: str) -> None:
    with pytest.raises(PolicyDenied) as caught:
        ask(engine(rules)).read(Ruling)
    assert caught.value.field == "data.p.x"
    assert "refusal" in caught.value.message
    assert "opa" in caught.value.fix


def test_an_answer_of_the_right_shape_is_read(engine: MakeEngine) -> None:
    assert ask(engine('x := {"allowed": true}')).read(Ruling) == Ruling(allowed=True)


def test_a_broken_rule_is_a_problem_with_its_line_and_no_stack_trace(engine: MakeEngine) -> None:
    answer = ask(engine('x := to_number("seven")'))
    assert answer.problem == "could not parse string as number (p.rego:3)"


def test_a_document_that_is_not_json_is_a_problem(engine: MakeEngine) -> None:
    policy = engine("x := true")
    assert ask(policy, {"a": float("nan")}).problem
    assert ask(policy, {"a": "\ud800"}).problem
    assert ask(policy).is_true


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        pytest.param("x := ", "p.rego:4", id="a rule without a body"),
        pytest.param("x if {\n  unknown\n}", "p.rego:4", id="a variable that nothing sets"),
    ],
)
def test_a_policy_that_does_not_compile_is_refused_with_its_line(engine: MakeEngine, rules: str, where: str) -> None:
    with pytest.raises(BadInput) as caught:
        engine(rules)
    assert caught.value.field == where
    assert "Stack backtrace" not in str(caught.value)


def test_one_engine_answers_in_many_threads_and_may_be_dropped_in_another(engine: MakeEngine) -> None:
    policies = [engine(f"x := input.a + {number}") for number in range(3)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda a: [ask(policy, {"a": a}).value for policy in policies], range(40)))
        assert answers == [[a, a + 1, a + 2] for a in range(40)]
        dropper = Thread(target=policies.clear)
        dropper.start()
        dropper.join()
        gc.collect()


def test_an_error_may_be_dropped_in_another_thread_than_it_was_raised_in(engine: MakeEngine) -> None:
    with ThreadPoolExecutor(1) as pool:
        failed = pool.submit(engine, "x := ").exception()
    assert isinstance(failed, BadInput)
    del failed
    gc.collect()


def test_a_thread_keeps_few_compiled_policies_and_forgets_no_answer(engine: MakeEngine) -> None:
    policies = [engine(f"x := {number}") for number in range(ENGINES_PER_THREAD + 3)]
    assert [ask(policy).value for policy in policies] == list(range(ENGINES_PER_THREAD + 3))
    assert [ask(policy).value for policy in policies] == list(range(ENGINES_PER_THREAD + 3))
