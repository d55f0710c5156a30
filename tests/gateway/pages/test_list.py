"""The list: what is asked for stands in the address, and nobody sees what they may not."""

import pytest

from tests.gateway.pages.stage import NORA, Stage, found


async def test_a_pull_request_is_shown_with_the_ways_to_its_card_region_and_workflow(stage: Stage) -> None:
    one = found(42, decision="needs_person", phase="waiting_for_person")
    stage.desk.listed = [one]
    page = await stage.page("/")
    links = {link.text: link["href"] for link in page.all("a")}
    assert links["acme/shop #42"] == f"/pull-requests/acme/shop/42/{one.head_sha}"
    assert links["eu-north"] == "/regions/eu-north"
    assert links["Temporal page of acme/shop #42"].startswith(
        "http://127.0.0.1:8233/namespaces/maestro/workflows/pr%2F"
    )
    assert {"needs person", "waiting for person"} <= {cell.text.removeprefix("running: ") for cell in page.all("td")}


async def test_filters_are_asked_of_temporal_and_stay_in_the_form(stage: Stage) -> None:
    page = await stage.page(
        "/?repo=acme/shop&pr=%2342&author=ada@example.org&region=eu-west&phase=run&decision=pending&running=yes"
    )
    [asked] = stage.desk.asked
    assert (asked.repo, asked.pr, asked.author, asked.region) == ("acme/shop", "42", "ada@example.org", "eu-west")
    assert (asked.phase, asked.decision, asked.running, asked.tenants) == ("run", "pending", True, None)
    assert page.one("input", id="repo")["value"] == "acme/shop"
    assert {one.text for one in page.all("option") if "selected" in one.attributes} == {
        "eu-west",
        "run",
        "pending",
        "yes",
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("phase=gone", "phase"),
        ("decision=maybe", "decision"),
        ("running=perhaps", "running"),
        ("author=o'hara", "author"),
    ],
)
async def test_what_cannot_be_searched_for_is_said_at_the_form(stage: Stage, query: str, field: str) -> None:
    page = await stage.page(f"/?{query}", 422)
    assert page.one("div", role="alert").text.startswith(f"{field}: ")
    assert page.all("form", class_="filters")


async def test_older_ones_are_a_link_that_keeps_the_filters(stage: Stage) -> None:
    stage.desk.listed, stage.desk.cursor = [found(1)], "b2xkZXI="
    page = await stage.page("/?decision=green")
    assert page.one("a", rel="next")["href"] == "/?decision=green&cursor=b2xkZXI%3D"
    stage.desk.cursor = ""
    last = await stage.page("/?decision=green&cursor=b2xkZXI%3D")
    assert last.all("a", rel="next") == []
    assert [link["href"] for link in last.all("a") if link.text == "Newest"] == ["/?decision=green"]


async def test_a_viewer_of_one_tenant_sees_no_other(stage: Stage) -> None:
    stage.desk.listed = [found(1, tenant="default"), found(2, tenant="nordic")]
    stage.door.caller = NORA
    page = await stage.page("/")
    assert "acme/shop #2" in page.text
    assert "acme/shop #1" not in page.text
    await stage.page("/?tenant=default")
    assert [asked.tenants for asked in stage.desk.asked] == [frozenset({"nordic"}), frozenset()]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("/", "Nothing has been conducted yet."), ("/?decision=green", "No pull request fits.")],
)
async def test_an_empty_list_says_why(stage: Stage, path: str, sentence: str) -> None:
    assert sentence in (await stage.page(path)).text


async def test_a_shortcut_that_is_what_is_shown_says_so(stage: Stage) -> None:
    page = await stage.page("/?decision=blocked")
    assert [one.text for one in page.all("a", aria_current="true")] == ["Blocked"]


async def test_a_region_that_is_configured_no_more_is_named_without_a_link(stage: Stage) -> None:
    stage.desk.listed = [found(1, region="gone-south")]
    page = await stage.page("/")
    assert "gone-south" in {cell.text for cell in page.all("td")}
    assert page.all("a", href="/regions/gone-south") == []


async def test_what_nobody_has_recorded_is_said_in_words(stage: Stage) -> None:
    stage.desk.listed = [found(1, phase="", decision="", region="", author="")]
    page = await stage.page("/")
    assert {"pending", "running: starting", "none yet", "not known"} <= {cell.text for cell in page.all("td")}
