"""A million generated regions, with tenants and policies to match: none is chosen, nor counted as one that may be, that
is unhealthy, burning, unmeasured, excluded or denied. What is expected is worked out here from the generated facts.
"""

import json
import random
import shutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import JsonValue

from maestro.config.topology import Prices
from maestro.model.pull_request import PullRequest
from maestro.model.region import Region, RegionHealth
from maestro.placement import router
from maestro.placement.router import PlacementRequest, eligible, place
from maestro.placement.score import Score
from maestro.policy.bundle import read_bundle
from maestro.policy.engine import PolicyAnswer, PolicyEngine, RegorusEngine
from maestro.regions.burn import Condition, RegionState
from maestro.resources import resource_dir
from tests.placement.situations import NOW, pull_request

SEED = 20_261_128
MILLION = 1_000_000
PACKAGES = ("solver", "planner", "numpy", "requests")
Data = dict[str, dict[str, dict[str, list[str]]]]
"""Residencies (``tenants``) and restrictions of packages (``dependencies``), by name."""

DIGEST = "sha256:" + "0" * 64


class Case(NamedTuple):
    """A request, and the regions that may be chosen by everything but policy."""

    request: PlacementRequest
    well: frozenset[str]


class TablePolicy:
    """Answers from a generated table: who is allowed, who is denied (which wins), and whether the answer is usable."""

    digest = DIGEST

    def __init__(self, dice: random.Random, names: tuple[str, ...]) -> None:
        share = dice.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        self.usable = dice.random() > 0.02
        self.listed = [name for name in names if dice.random() < share]
        self.denied = [name for name in names if dice.random() < 0.2]

    @property
    def allowed(self) -> set[str]:
        return set(self.listed) - set(self.denied) if self.usable else set()

    def evaluate(self, entrypoint: str, document: Mapping[str, JsonValue]) -> PolicyAnswer:
        if not self.usable:
            return PolicyAnswer(entrypoint=entrypoint, value={"allowed": "*"}, digest=DIGEST)
        denials: JsonValue = [{"region": name, "rule": "r", "message": "no"} for name in self.denied]
        value: JsonValue = {"allowed": [*self.listed], "denials": denials, "residency": "by the rule r"}
        return PolicyAnswer(entrypoint=entrypoint, value=value, digest=DIGEST)


@pytest.fixture(autouse=True)
def cheap_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a region costs has its own tests, and would take most of the time here."""

    def cost(region: Region, health: RegionHealth | None, **_: object) -> Score:
        return Score((), region.price_usd_per_hour, 0.0)

    monkeypatch.setattr(router, "score", cost)


def test_of_a_million_generated_regions_none_is_chosen_that_must_not_be() -> None:
    dice = random.Random(SEED)
    seen = chosen = 0
    while seen < MILLION:
        names = _names(dice, dice.choice((1, 2, 3, 5, 20, 200, 1_000)))
        case, policy = _case(dice, names, pull_request()), TablePolicy(dice, names)
        chosen += _check(case, policy, policy.allowed)
        seen += len(names)
    # Neither "nothing is ever chosen" nor "something always is" would say anything.
    assert chosen > 200


def test_of_thousands_of_generated_regions_the_shipped_rules_let_none_through_that_their_data_denies(
    tmp_path: Path,
) -> None:
    dice = random.Random(SEED + 1)
    chosen = cases = 0
    for number in range(25):
        names = _names(dice, dice.choice((2, 5, 20, 60)))
        data = _data(dice, names)
        policy = _engine(tmp_path / str(number), data)
        for tenant in (*data["tenants"], "nobody"):
            case = _case(dice, names, pull_request(tenant))
            chosen += _check(case, policy, _allowed(data, case.request))
            cases += 1
    assert cases / 10 < chosen < cases


def _check(case: Case, policy: PolicyEngine, allowed: set[str]) -> bool:
    placement = place(case.request, policy=policy)
    may = case.well & allowed
    assert {one.region for one in placement.assessments if eligible(one)} == may
    assert placement.region in may if may else placement.region is None
    return placement.region is not None


def _names(dice: random.Random, size: int) -> tuple[str, ...]:
    return tuple(f"region-{number:04d}" for number in dice.sample(range(9_999), size))


def _case(dice: random.Random, names: tuple[str, ...], asked: PullRequest) -> Case:
    """Regions in every state that matters: measured or not, well or not, judged or not, excluded or not."""
    bad = dice.choice((0.01, 0.1, 0.3))
    regions = tuple(
        Region(id=name, price_usd_per_hour=Decimal(dice.randrange(1_000)), carbon_g_per_kwh=0.0, power_kw=0.0, slots=1)
        for name in names
    )
    unmeasured = {name for name in names if dice.random() < bad}
    unhealthy = {name for name in names if dice.random() < bad}
    conditions = {name: dice.choice(_CONDITIONS) for name in names if dice.random() < 3 * bad}
    excluded = {name: dice.choice(("", "its workers died")) for name in names if dice.random() < bad}
    request = PlacementRequest(
        pull_request=asked,
        regions=regions,
        healths=tuple(
            RegionHealth(region=name, healthy=name not in unhealthy, measured_at=NOW)
            for name in names
            if name not in unmeasured
        ),
        states=tuple(
            RegionState(region=name, condition=condition, since=0.0, at=0.0) for name, condition in conditions.items()
        ),
        prices=Prices(),
        expected_seconds=60.0,
        dependencies=tuple(package for package in PACKAGES if dice.random() < 0.3),
        exclude=excluded,
        now=NOW,
    )
    sick = {name for name, condition in conditions.items() if condition is not Condition.HEALTHY}
    return Case(request, frozenset(set(names) - unmeasured - unhealthy - sick - set(excluded)))


_CONDITIONS = (Condition.HEALTHY, Condition.RECOVERING, Condition.BURNING)


def _data(dice: random.Random, names: tuple[str, ...]) -> Data:
    def some() -> list[str]:
        return dice.choice((["*"], [name for name in names if dice.random() < 0.5] or [names[0]]))

    return {
        "tenants": {f"tenant-{number}": {"regions": some()} for number in range(12)},
        "dependencies": {
            f"rule-{number}": {"packages": dice.sample(PACKAGES, 2), "regions": dice.choice((some(), []))}
            for number in range(dice.randrange(3))
        },
    }


def _engine(folder: Path, data: Data) -> PolicyEngine:
    """The shipped rules on the generated data, laid out as the shipped folder is."""
    shipped = read_bundle(resource_dir("policies")).data["tenants"]
    assert isinstance(shipped, dict)
    other = shipped["default"]
    assert isinstance(other, dict)
    tenants = {
        name: other | {"residency": {"rule": "home", "why": "it says so", **duty}}
        for name, duty in data["tenants"].items()
    }
    rules = {name: {**rule, "why": "of a licence"} for name, rule in data["dependencies"].items()}
    for name, content in (("tenants", tenants), ("dependencies", rules)):
        (folder / name).mkdir(parents=True)
        (folder / name / "data.yaml").write_text(json.dumps(content))
    shutil.copy(resource_dir("policies") / "placement.rego", folder)
    return RegorusEngine(folder)


def _allowed(data: Data, request: PlacementRequest) -> set[str]:
    duty = data["tenants"].get(request.pull_request.tenant)
    if duty is None:
        return set()
    bounds = [duty["regions"], *_bounds(data, request)]
    return {region.id for region in request.regions if all("*" in bound or region.id in bound for bound in bounds)}


def _bounds(data: Data, request: PlacementRequest) -> Iterator[list[str]]:
    for rule in data["dependencies"].values():
        if set(rule["packages"]) & set(request.dependencies):
            yield rule["regions"]
