"""Which region is chosen, and what the reviewer reads about it."""

import pytest
from hypothesis import given

from maestro.model.region import Placement
from maestro.placement.router import PlacementRequest, place
from maestro.policy.engine import PolicyEngine, RegorusEngine
from maestro.regions.burn import Condition
from maestro.resources import resource_dir
from tests.placement.situations import NOW, FixedPolicy, health, pull_request, region, situations, state

NORTH, WEST = region("eu-north", price="0.10"), region("eu-west", price="0.20")
BOTH = FixedPolicy("eu-north", "eu-west")


def choose(policy: PolicyEngine = BOTH, **changes: object) -> Placement:
    request = PlacementRequest(
        pull_request=pull_request(),
        regions=(WEST, NORTH),
        healths=(health("eu-north"), health("eu-west")),
        expected_seconds=3_600,
        now=NOW,
    )
    return place(request.model_copy(update=changes), policy=policy)


def against(placement: Placement, name: str) -> tuple[str, ...]:
    return next(one.reasons for one in placement.assessments if one.region == name)


@given(situations())
def test_a_region_that_is_unhealthy_denied_unmeasured_or_excluded_is_never_chosen(
    situation: tuple[PlacementRequest, FixedPolicy],
) -> None:
    request, policy = situation
    placement = place(request, policy=policy)
    if placement.region is None:
        return
    measured = {one.region: one for one in request.healths}
    assert measured[placement.region].healthy
    assert all(one.healthy for one in request.states if one.region == placement.region)
    assert placement.region in policy._allowed
    assert placement.region not in request.exclude
    assert policy._answers


@given(situations())
def test_the_chosen_region_is_the_cheapest_that_has_nothing_against_it(
    situation: tuple[PlacementRequest, FixedPolicy],
) -> None:
    request, policy = situation
    placement = place(request, policy=policy)
    free = [(one.total_usd, one.region) for one in placement.assessments if not one.reasons]
    assert placement.region == (min(free)[1] if free else None)
    for one in placement.assessments:
        assert bool(one.reasons) == (not (one.healthy and one.allowed))
        assert one.total_usd == sum(term.amount_usd for term in one.terms)
        assert [term.name for term in one.terms] == ["compute", "carbon", "waiting"]


@given(situations())
def test_the_same_situation_in_any_order_gives_the_same_placement(
    situation: tuple[PlacementRequest, FixedPolicy],
) -> None:
    request, policy = situation
    turned = request.model_copy(
        update={"regions": request.regions[::-1], "healths": request.healths[::-1], "states": request.states[::-1]}
    )
    assert place(request, policy=policy) == place(request, policy=policy) == place(turned, policy=policy)


def test_the_cheapest_region_is_chosen_with_its_terms_and_the_next_one() -> None:
    placement = choose()
    assert placement.region == "eu-north"
    assert placement.reason == (
        "eu-north costs $0.10 (compute $0.10, carbon $0.0002, waiting $0.00), "
        "$0.10 less than eu-west, the next cheapest."
    )
    assert placement.residency == "by the rule r"


def test_a_tie_is_taken_by_name_and_said() -> None:
    placement = choose(
        regions=(region("b"), region("a")), healths=(health("a"), health("b")), policy=FixedPolicy("a", "b")
    )
    assert placement.region == "a"
    assert "as much as b; the first by name is taken" in placement.reason


def test_waiting_is_money_so_a_busy_cheap_region_loses() -> None:
    placement = choose(healths=(health("eu-north", backlog=100), health("eu-west")))
    assert placement.region == "eu-west"


def test_an_unhealthy_region_is_refused_with_what_was_measured() -> None:
    placement = choose(healths=(health("eu-north", healthy=False), health("eu-west")))
    assert placement.region == "eu-west"
    assert "is the only region that may be chosen. Refused: eu-north: no worker of it is known" in placement.reason


def test_a_region_whose_workers_died_is_not_chosen_again_and_says_so() -> None:
    placement = choose(exclude={"eu-north": "its workers died during shard 2"})
    assert placement.region == "eu-west"
    assert against(placement, "eu-north") == ("its workers died during shard 2",)


def test_a_region_that_nobody_measured_is_not_taken_for_healthy() -> None:
    placement = choose(healths=(health("eu-west"),))
    assert placement.region == "eu-west"
    assert against(placement, "eu-north") == ("its health was not measured",)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        pytest.param(Condition.BURNING, "it burns its error budget: frontend: refused", id="one that burns"),
        pytest.param(Condition.RECOVERING, "it is recovering: frontend: refused", id="one that recovers"),
    ],
)
def test_a_region_that_measures_well_now_is_refused_while_its_state_is_not_healthy(
    condition: Condition, said: str
) -> None:
    placement = choose(states=(state("eu-north", condition, "frontend: refused"), state("eu-west", Condition.HEALTHY)))
    assert placement.region == "eu-west"
    assert against(placement, "eu-north") == (said,)


def test_a_state_without_a_reason_still_refuses_in_words() -> None:
    placement = choose(states=(state("eu-north", Condition.BURNING),))
    assert against(placement, "eu-north") == ("it burns its error budget",)


def test_a_tenant_that_is_bound_to_a_burning_region_waits_for_it_rather_than_moves() -> None:
    placement = choose(
        policy=RegorusEngine(resource_dir("policies")),
        pull_request=pull_request("nordic"),
        states=(state("eu-north", Condition.BURNING, "frontend: refused"), state("eu-west", Condition.HEALTHY)),
    )
    assert placement.region is None
    assert placement.reason.startswith(
        "None of 2 regions may be chosen. Waiting for eu-north to become healthy. Tenant nordic stays in eu-north by "
        "the rule finland-only, so it waits for it rather than moves. eu-north: it burns its error budget: "
    )


def test_a_tenant_that_may_go_anywhere_waits_for_any_region() -> None:
    placement = choose(states=(state("eu-north", Condition.BURNING), state("eu-west", Condition.RECOVERING)))
    assert placement.region is None
    assert "Waiting for eu-north or eu-west to become healthy. eu-north:" in placement.reason


def test_with_every_allowed_region_unhealthy_the_answer_is_to_wait_for_them() -> None:
    placement = choose(healths=(health("eu-north", healthy=False),), policy=FixedPolicy("eu-north"))
    assert placement.region is None
    assert "Waiting for eu-north to become healthy." in placement.reason
    assert "eu-west is denied by the rule r" in placement.reason
    assert placement.residency == ""


def test_with_no_region_allowed_the_answer_is_to_wait_for_the_policy() -> None:
    placement = choose(policy=FixedPolicy())
    assert placement.region is None
    assert "Waiting for the policy to allow a configured region" in placement.reason


def test_a_policy_without_a_usable_answer_allows_nothing_and_is_named() -> None:
    placement = choose(policy=FixedPolicy(answers=False))
    assert placement.region is None
    assert "counts as a refusal" in placement.reason


def test_a_region_that_the_policy_passes_over_is_not_allowed() -> None:
    placement = choose(policy=FixedPolicy("eu-west", silent_on=frozenset({"eu-north"})))
    assert placement.region == "eu-west"
    assert against(placement, "eu-north") == ("the policy says nothing about eu-north, which counts as a refusal",)


def test_the_shipped_policy_denies_in_a_sentence_with_tenant_rule_and_an_allowed_region() -> None:
    placement = choose(policy=RegorusEngine(resource_dir("policies")), pull_request=pull_request("nordic"))
    assert placement.region == "eu-north"
    (sentence,) = against(placement, "eu-west")
    assert sentence.startswith("tenant nordic may not run in eu-west by the rule finland-only, because")
    assert sentence.endswith("; allowed: eu-north")


def test_the_shipped_policy_follows_a_dependency_to_where_it_is_licensed() -> None:
    placement = choose(policy=RegorusEngine(resource_dir("policies")), dependencies=("acme-licensed-solver",))
    assert placement.region == "eu-north"
    assert "it depends on acme-licensed-solver" in against(placement, "eu-west")[0]
