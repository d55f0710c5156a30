"""Inputs for policies: every fact in every state that matters, so that rules meet in all combinations."""

from typing import Any

from hypothesis import strategies as st

REGIONS = ["eu-north", "eu-west", "us-east"]
TENANTS = ["default", "nordic", "nobody", ""]
PACKAGES = ["acme-licensed-solver", "numpy", "requests"]
PEOPLE = ["ada", " ADA ", "bob", "bot"]

names = st.text(min_size=1, max_size=12)


def placement_inputs() -> st.SearchStrategy[dict[str, Any]]:
    """Documents for ``data.maestro.placement.answer``."""
    return st.fixed_dictionaries(
        {
            "tenant": st.sampled_from(TENANTS),
            "regions": st.lists(st.sampled_from(REGIONS), unique=True),
            "dependencies": st.lists(st.sampled_from(PACKAGES), unique=True),
        }
    )


def failover_inputs() -> st.SearchStrategy[dict[str, Any]]:
    """Documents for ``data.maestro.failover.answer``; any fact may be absent."""
    clusters = st.sampled_from(["north", "west", "archive", "vault"])
    return st.fixed_dictionaries(
        {"to": clusters, "kind": st.sampled_from(["planned", "forced", "forced", "other"])},
        optional={
            "from": clusters,
            "tenants": st.lists(st.sampled_from([*TENANTS, "sealed"]), unique=True),
            "hour": st.integers(0, 23),
        },
    )


def network_inputs() -> st.SearchStrategy[dict[str, Any]]:
    """Documents for ``data.maestro.network.answer``."""
    return st.fixed_dictionaries({"tenant": st.sampled_from(TENANTS), "wanted": st.booleans()})


def selection_inputs() -> st.SearchStrategy[dict[str, Any]]:
    """Documents for ``data.maestro.selection.answer``."""
    return st.fixed_dictionaries(
        {
            "tenant": st.sampled_from(TENANTS),
            "author": st.sampled_from([*PEOPLE, "renovate[BOT] <r@x>", "bot"]),
            "author_kind": st.sampled_from(["human", "agent"]),
            "labels": st.lists(st.sampled_from(["security", "critical", "full-suite", "nice"]), unique=True),
            "files": st.lists(
                st.sampled_from(["payments/card.py", "payments", "deploy/production.yaml", "a.py"]), unique=True
            ),
        }
    )


def problems() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.fixed_dictionaries({"kind": names, "message": names, "fix": st.text(max_size=8)}), max_size=2)


def findings() -> st.SearchStrategy[list[dict[str, Any]]]:
    finding = st.fixed_dictionaries(
        {
            "control": st.sampled_from(["MC-1", "MC-2", "MC-3"]),
            "title": names,
            "tier": st.integers(1, 3),
            "state": st.sampled_from(["pass", "pass", "fail", "not_evaluated", "not_applicable"]),
            "reason": names,
            "fix": st.text(max_size=8),
        }
    )
    return st.lists(finding, max_size=3)


def reviews() -> st.SearchStrategy[list[dict[str, Any]]]:
    review = st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["approve", "approve", "reject"]),
            "actor": st.sampled_from(PEOPLE),
            "actor_kind": st.sampled_from(["human", "human", "agent"]),
            "reason": st.text(max_size=8),
        }
    )
    return st.lists(review, max_size=3)


def incidents() -> st.SearchStrategy[list[dict[str, Any]]]:
    kinds = st.sampled_from(["human", "human", "agent"])
    said = {"actor": st.sampled_from(PEOPLE), "actor_kind": kinds, "reason": st.text(max_size=8)}
    answer = st.one_of(st.none(), st.fixed_dictionaries(said))
    return st.lists(st.fixed_dictionaries({"ordinal": st.integers(0, 2), **said, "answer": answer}), max_size=2)


def plans() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "applicable": st.sampled_from([True, True, False]),
            "reason": names,
            "mode": st.sampled_from(["standard", "standard", "direct", "all"]),
            "not_judged": st.booleans(),
        }
    )


def reports() -> st.SearchStrategy[dict[str, Any]]:
    failures = st.lists(st.fixed_dictionaries({"test": names, "message": names}), min_size=1, max_size=5)
    well = st.fixed_dictionaries(
        {
            "passed": st.integers(0, 3),
            "skipped": st.integers(0, 2),
            "failed_count": st.just(0),
            "missing_count": st.sampled_from([0, 0, 0, 2]),
            "failures": st.just([]),
            "flaky": st.lists(names, max_size=4, unique=True),
            "problems": st.one_of(st.just([]), problems()),
        }
    )
    return st.one_of(well, well, st.builds(_failing, well, failures))


def _failing(report: dict[str, Any], failures: list[dict[str, Any]]) -> dict[str, Any]:
    return report | {"failures": failures, "failed_count": len(failures)}


def decision_inputs() -> st.SearchStrategy[dict[str, Any]]:
    """Documents for ``data.maestro.decision.answer``; the optional facts may be absent."""
    return st.fixed_dictionaries(
        {
            "tenant": st.sampled_from(TENANTS[:3]),
            "author": st.sampled_from(["ada", "ada", ""]),
            "author_kind": st.sampled_from(["human", "agent"]),
            "findings": findings(),
            "reviews": reviews(),
            "problems": st.one_of(st.just([]), st.just([]), problems()),
            "expired": st.sampled_from([False, False, False, True]),
            "retries": st.integers(0, 1),
        },
        optional={
            "region": st.sampled_from(REGIONS),
            "changed_files": st.integers(0, 200),
            "plan": plans(),
            "report": reports(),
            "incidents": incidents(),
        },
    )
