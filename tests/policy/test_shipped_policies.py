"""The policies' own tests, run by the engine that decides; ``tests/outside`` runs them with OPA as well."""

import re

import pytest

from maestro.policy.bundle import TEST_SUFFIX, read_bundle
from maestro.policy.engine import compile_bundle
from maestro.resources import resource_dir

BUNDLE = read_bundle(resource_dir("policies"), with_tests=True)


def _rules() -> list[str]:
    found = []
    for name, text in sorted(BUNDLE.modules.items()):
        if name.endswith(TEST_SUFFIX):
            package = re.search(r"^package (\S+)$", text, re.MULTILINE)
            assert package, name
            found += [f"data.{package[1]}.{rule}" for rule in re.findall(r"^(test_\w+) if\b", text, re.MULTILINE)]
    return found


@pytest.mark.parametrize("rule", _rules())
def test_each_test_of_the_policies_holds(rule: str) -> None:
    assert compile_bundle(BUNDLE).eval_rule_as_json(rule) == "true"


def test_every_policy_that_answers_has_tests() -> None:
    answering = {name for name, text in BUNDLE.modules.items() if "# entrypoint: true" in text}
    assert answering
    assert {name.removesuffix(".rego") + TEST_SUFFIX for name in answering} <= set(BUNDLE.modules)
