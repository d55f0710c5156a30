"""What holds for every page: it is well formed, runs nothing, says where one is, and tells errors as pages."""

import re
from pathlib import Path

import pytest

from gateway.pages.shell import POLICY
from maestro.errors import PlatformUnavailable
from tests.gateway.pages.stage import Stage, found, staged
from tests.value.past import plan, pull_request

PAGES = ("/", "/regions", "/regions/eu-north", "/figures")

HOSTILE = "<img src=x onerror=alert(1)>\u202e\u200b\x1b[31m"


@pytest.mark.parametrize("path", [*PAGES, "/regions/nowhere", "/?phase=nonsense", "/figures?since=ever"])
async def test_every_page_is_well_formed_and_names_its_language_and_title(stage: Stage, path: str) -> None:
    stage.desk.listed = [found(1), found(2, decision="green", region="")]
    stage.past.decided(pull_request(1), "green")
    stage.past.sealed(pull_request(1), planned=plan())
    answer = await stage.get(path)
    page = await stage.page(path, answer.status_code)
    assert page.problems == []
    assert page.one("html")["lang"] == "en"
    assert page.all("title")[0].text.endswith("· Maestro")
    assert len(page.all("h1")) == 1
    assert page.one("main")["id"] == page.one("a", class_="skip")["href"].removeprefix("#")
    ids = [one["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "for"):
        for element in page.elements:
            for name in element.attributes.get(attribute, "").split():
                assert name in ids


@pytest.mark.parametrize("path", [*PAGES, "/regions/nowhere", "/?phase=nonsense"])
async def test_no_page_runs_a_script_or_has_a_style_of_its_own(stage: Stage, path: str) -> None:
    answer = await stage.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text, re.IGNORECASE)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_leads_to_every_other_and_says_which_one_it_is(stage: Stage, path: str) -> None:
    page = await stage.page(path)
    assert {"/", "/regions", "/figures"} <= {one["href"] for one in page.all("a")}
    assert [one["href"] for one in page.all("a", aria_current="page")] == ["/" + path.split("/")[1]]


async def test_the_style_sheet_may_be_kept_for_ever_and_is_found_by_its_digest_alone(stage: Stage) -> None:
    sheet = (await stage.page("/")).one("link", rel="stylesheet")["href"]
    assert re.fullmatch(r"/assets/pages-[0-9a-f]{16}\.css", sheet)
    answer = await stage.get(sheet)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert (await stage.get("/assets/pages-0000000000000000.css")).status_code == 404
    assert (await stage.get("/assets/..%2f..%2fpyproject.toml")).status_code == 404


async def test_text_from_a_pull_request_is_never_markup_and_hides_nothing(stage: Stage) -> None:
    stage.desk.listed = [found(1, repo=HOSTILE, pr=HOSTILE, author=HOSTILE, region=HOSTILE, phase=HOSTILE)]
    answer = await stage.get("/")
    page = await stage.page("/")
    assert page.all("img") == []
    assert not set("\u202e\u200b\x1b") & set(answer.text)
    assert "<img src=x onerror=alert(1)>\\u202e\\u200b\\x1b[31m" in page.text


async def test_what_was_asked_for_comes_back_as_text(stage: Stage) -> None:
    page = await stage.page('/?repo="><script>alert(1)</script>\u202e', 422)
    assert page.one("input", id="repo")["value"] == '"><script>alert(1)</script>\\u202e'


@pytest.mark.parametrize("path", PAGES[:3])
async def test_a_part_that_does_not_answer_is_a_page_with_a_sentence(stage: Stage, path: str) -> None:
    stage.desk.error = PlatformUnavailable("Temporal does not answer", field="temporal", fix="start it")
    page = await stage.page(path, 503 if path == "/" else 200)
    assert ("Temporal does not answer" in page.text) is (path == "/")


async def test_what_is_not_there_is_a_page_with_a_way_on(stage: Stage) -> None:
    page = await stage.page("/regions/nowhere", 404)
    assert page.one("h1").text == "Not found"
    assert page.all("a", href="/")


async def test_whoever_is_not_known_is_shown_the_way_to_the_login_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(tmp_path, monkeypatch, login=True) as stage:
        stage.door.caller = None
        page = await stage.page("/figures?since=7d", 401)
        assert page.one("a", class_="button")["href"] == "/login?next=%2Ffigures%3Fsince%3D7d"


async def test_who_has_a_session_can_end_it_with_a_form(stage: Stage) -> None:
    assert (await stage.page("/")).all("form", action="/logout") == []
    stage.door.token = "token-of-this-session"
    page = await stage.page("/")
    assert page.one("form", action="/logout")["method"] == "post"
    assert page.one("input", name="csrf")["value"] == "token-of-this-session"
