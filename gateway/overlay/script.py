"""The user script with the gateway's own address in it, and the same as a bookmark."""

import json
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from maestro import __version__
from maestro.config.gateway import ForgeConfig, GatewayConfig
from maestro.render.templates import source

TEMPLATE = "overlay.user.js"
GITHUB = "https://github.com"


def user_script(gateway: GatewayConfig, forges: Sequence[ForgeConfig]) -> str:
    """The script for a user-script manager. It runs on the pages of the configured forges, or on GitHub's where there
    is none, and knows one address of a gateway.
    """
    pages = page_addresses(forges)
    filling = {
        "__ADDRESS__": gateway.address,
        "__VERSION__": __version__,
        "__MATCHES__": "\n".join(f"// @match        {_match(page)}" for page in pages),
        "__GATEWAY__": json.dumps(gateway.address),
        "__FORGES__": json.dumps(pages),
    }
    script = source(TEMPLATE).decode("utf-8")
    for token, text in filling.items():
        script = script.replace(token, text)
    return script


def bookmark(gateway: GatewayConfig, forges: Sequence[ForgeConfig]) -> str:
    """The script as a ``javascript:`` address, without the lines that only a user-script manager reads."""
    lines = [line.strip() for line in user_script(gateway, forges).splitlines()]
    code = "\n".join(line for line in lines if line and not line.startswith(("//", "/**")))
    return f"javascript:{quote(code, safe='')}"


def page_addresses(forges: Sequence[ForgeConfig]) -> list[str]:
    """Where people open pull requests: for GitHub that is where git fetches, since ``url`` is the API's."""
    found = {forge.clone_url if forge.kind == "github" else forge.url for forge in forges}
    return sorted(found) or [GITHUB]


def _match(page: str) -> str:
    """A pattern of user-script managers, which know no ports: the script itself looks closer."""
    parts = urlsplit(page)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}/*"
