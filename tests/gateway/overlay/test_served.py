"""The overlay as the gateway serves it: whole, and no freer than it has to be."""

import base64
import hashlib
import re
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from gateway.overlay import router
from gateway.overlay.policy import content_policy
from maestro.config.gateway import GatewayConfig
from maestro.resources import resource_dir

HEAD = "9ac3" * 10


async def get(address: str, gateway: GatewayConfig | None = None, *, known: str = "") -> httpx.Response:
    app = FastAPI()
    app.state.site = SimpleNamespace(config=gateway or GatewayConfig(), topology=SimpleNamespace(forges=()))
    app.include_router(router())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8420") as client:
        return await client.get(address, headers={"If-None-Match": known})


def rules_of(answer: httpx.Response) -> dict[str, str]:
    header = answer.headers["content-security-policy"]
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in header.split(";"))}


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("/overlay?repo=shop/checkout&pr=12", id="the file alone"),
        pytest.param("/pull-requests/shop/checkout/12", id="the newest head"),
        pytest.param(f"/pull-requests/shop/checkout/12/{HEAD}", id="one head"),
        pytest.param("/pull-requests/a/b/c/d/local-main", id="a repository in groups and a number of no forge"),
    ],
)
async def test_the_page_runs_its_own_scripts_and_asks_its_own_gateway_and_nothing_else(address: str) -> None:
    answer = await get(address)
    rules = rules_of(answer)
    assert answer.status_code == 200
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert (rules["base-uri"], rules["form-action"], rules["frame-ancestors"]) == ("'none'", "'none'", "'none'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    for kind in ("script", "style"):
        inline = re.findall(rf"<{kind}>(.*?)</{kind}>", answer.text, re.DOTALL)
        assert rules[f"{kind}-src"].split() == [f"'sha256-{_digest(text)}'" for text in inline]


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


async def test_only_the_file_alone_may_be_framed_and_only_by_the_sites_that_are_named() -> None:
    gateway = GatewayConfig(frame_ancestors=("https://git.example", "http://127.0.0.1:3000"))
    assert rules_of(await get("/overlay", gateway))["frame-ancestors"] == "https://git.example http://127.0.0.1:3000"
    assert rules_of(await get("/pull-requests/shop/checkout/12", gateway))["frame-ancestors"] == "'none'"
    assert rules_of(await get("/bookmarklet", gateway))["frame-ancestors"] == "'none'"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("shop", id="a repository without a number"),
        pytest.param("shop/../12", id="dots"),
        pytest.param("shop/%3Cscript%3E/12", id="markup"),
        pytest.param("shop//12", id="an empty name"),
        pytest.param("shop/1%0A2", id="a line feed"),
    ],
)
async def test_an_address_that_can_name_no_card_is_not_found_and_not_repeated(path: str) -> None:
    answer = await get(f"/pull-requests/{path}")
    assert answer.status_code == 404
    assert "shop" not in answer.text


async def test_a_page_that_the_browser_has_is_not_sent_again() -> None:
    first = await get("/overlay")
    again = await get("/overlay", known=first.headers["etag"])
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]


async def test_a_file_of_ones_own_gets_the_hashes_of_its_own_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = resource_dir("templates").joinpath("overlay.html").read_text(encoding="utf-8")
    own = shipped.replace('"use strict";', '"use strict";\n// ours', 1)
    (tmp_path / "overlay.html").write_text(own, encoding="utf-8")
    monkeypatch.setenv("MAESTRO_TEMPLATES", str(tmp_path))
    header = (await get("/overlay")).headers["content-security-policy"]
    assert header.startswith(content_policy(own))
    assert not header.startswith(content_policy(shipped))


async def test_the_file_holds_its_own_policy_too_for_where_no_gateway_serves_it() -> None:
    page = (await get("/overlay")).text
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert found is not None
    assert found[1] == content_policy(page)
