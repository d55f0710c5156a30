"""What policy says of a failover, and that nothing but a clean yes is one."""

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from maestro.policy.engine import PolicyAnswer, RegorusEngine
from maestro.regions.failover import FailoverKind
from maestro.regions.rules import FailoverQuestion, rule_on_failover, rulings
from maestro.resources import resource_dir

SHIPPED = RegorusEngine(resource_dir("policies"))
QUESTION = FailoverQuestion(from_cluster="north", to_cluster="west", kind=FailoverKind.FORCED, hour=3)


class Saying:
    """A policy that always answers the same, None: nothing."""

    digest = "sha256:" + "0" * 64

    def __init__(self, value: JsonValue) -> None:
        self._value = value

    def evaluate(self, entrypoint: str, document: Mapping[str, JsonValue]) -> PolicyAnswer:
        problem = "it is undefined for this input" if self._value is None else ""
        return PolicyAnswer(entrypoint=entrypoint, value=self._value, problem=problem, digest=self.digest)


def test_the_shipped_policy_lets_the_namespace_move_both_ways_and_in_both_kinds() -> None:
    found = rulings("north", ["north", "west"], tenants=["default", "nordic"], hour=12, policy=SHIPPED)
    assert [(one.to_cluster, one.kind, one.allowed) for one in found] == [
        ("west", FailoverKind.PLANNED, True),
        ("west", FailoverKind.FORCED, True),
    ]


def test_a_tenant_with_open_work_that_must_stay_keeps_the_namespace_with_it_and_is_named() -> None:
    ruling = rule_on_failover(QUESTION.model_copy(update={"tenants": ("sealed",)}), policy=SHIPPED)
    assert not ruling.allowed
    (sentence,) = ruling.reasons
    assert sentence.startswith("tenant sealed has open work and is not conducted in west by the rule")
    assert sentence.endswith("it waits rather than moves")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="no answer"),
        pytest.param(True, id="a mere yes"),
        pytest.param({"allowed": 1, "denials": []}, id="a number for a yes"),
        pytest.param({"allowed": True}, id="a yes without the list of denials"),
        pytest.param({"allowed": True, "denials": [], "but": "x"}, id="a yes with a word that is not known"),
        pytest.param({"allowed": True, "denials": [{"rule": "r", "message": "no"}]}, id="a yes with a denial"),
        pytest.param({"allowed": False, "denials": []}, id="a no"),
    ],
)
def test_anything_but_a_clean_yes_is_a_no(value: JsonValue) -> None:
    assert not rule_on_failover(QUESTION, policy=Saying(value)).allowed


def test_a_clean_yes_is_a_yes() -> None:
    assert rule_on_failover(QUESTION, policy=Saying({"allowed": True, "denials": []})).allowed
