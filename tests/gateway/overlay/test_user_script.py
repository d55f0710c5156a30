"""The user script and the bookmark: this gateway's address, these forges' pages, nothing else."""

import html
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import httpx
from fastapi import FastAPI

from gateway.overlay import router
from gateway.overlay.script import bookmark, page_addresses, user_script
from maestro.config.gateway import ForgeConfig, GatewayConfig

GATEWAY = GatewayConfig(public_url="https://maestro.example/ways")
GITEA = ForgeConfig(
    kind="gitea",
    name="git",
    url="http://git.example:3000/forge",
    clone_url="http://git.example:3000/forge",
    token_file=Path("/run/token"),
    webhook_secret_file=Path("/run/secret"),
)
GITHUB = ForgeConfig(
    kind="github",
    name="hub",
    url="https://api.github.com",
    clone_url="https://github.com",
    token_file=Path("/run/token"),
    webhook_secret_file=Path("/run/secret"),
)


def test_the_script_knows_the_address_that_browsers_reach_the_gateway_by() -> None:
    script = user_script(GATEWAY, (GITEA,))
    assert 'const GATEWAY = "https://maestro.example/ways";' in script
    assert "// @updateURL    https://maestro.example/ways/overlay.user.js" in script
    assert "__" not in script


def test_it_runs_on_the_pages_of_the_forges_and_not_on_their_apis() -> None:
    script = user_script(GATEWAY, (GITEA, GITHUB))
    matches = [line.split()[-1] for line in script.splitlines() if line.startswith("// @match")]
    assert matches == ["http://git.example/forge/*", "https://github.com/*"]
    assert page_addresses((GITEA, GITHUB)) == ["http://git.example:3000/forge", "https://github.com"]


def test_without_a_forge_it_runs_on_github() -> None:
    assert "// @match        https://github.com/*" in user_script(GatewayConfig(), ())


def test_the_bookmark_is_the_script_without_what_only_a_manager_reads() -> None:
    address = bookmark(GATEWAY, (GITEA,))
    code = unquote(address.removeprefix("javascript:"))
    assert address.startswith("javascript:")
    assert code.startswith("(() => {")
    assert "@match" not in code
    assert 'const GATEWAY = "https://maestro.example/ways";' in code


async def test_the_page_of_the_bookmark_offers_both_and_runs_no_script() -> None:
    app = FastAPI()
    app.state.site = SimpleNamespace(config=GATEWAY, topology=SimpleNamespace(forges=(GITEA,)))
    app.include_router(router())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8420") as client:
        answer, script = await client.get("/bookmarklet"), await client.get("/overlay.user.js")
    found = re.findall(r'<a href="([^"]*)">([^<]*)</a>', answer.text)
    links = {text: html.unescape(address) for address, text in found}
    assert links["overlay.user.js"] == "https://maestro.example/ways/overlay.user.js"
    assert links["Decision Card"] == bookmark(GATEWAY, (GITEA,))
    assert "script-src 'none'" in answer.headers["content-security-policy"]
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.text == user_script(GATEWAY, (GITEA,))
