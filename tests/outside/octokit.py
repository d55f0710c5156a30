"""What GitHub's own people publish about its API and its webhooks, installed once by npm into the cache folder.

Used by tests alone; nothing of it runs, two JSON files are read.
"""

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workers.clusters.binary import cache_dir

OPENAPI = "23.0.2"
EXAMPLES = "7.6.1"
INSTALL_SECONDS = 900.0


class NotHereError(Exception):
    """The packages cannot be had; the text says what is missing."""


def description() -> Any:
    """GitHub's description of its API (OpenAPI 3.0)."""
    return _read("@octokit/openapi/generated/api.github.com.json")


def webhook_examples() -> Iterator[tuple[str, Any]]:
    """The name of the event and the payload of every example."""
    for event in _read("@octokit/webhooks-examples/api.github.com/index.json"):
        for payload in event["examples"]:
            yield event["name"], payload


def _read(name: str) -> Any:
    return json.loads((_installed() / "node_modules" / name).read_text(encoding="utf-8"))


def _installed() -> Path:
    folder = cache_dir() / f"octokit-{OPENAPI}-{EXAMPLES}"
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "installed"
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.is_file():
            _install(folder)
            done.touch()
    return folder


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotHereError("GitHub's description is not here, and without npm it cannot be had: install Node.js")
    packages = (f"@octokit/openapi@{OPENAPI}", f"@octokit/webhooks-examples@{EXAMPLES}")
    options = ("--prefix", str(folder), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
    made = subprocess.run(
        [npm, "install", *options, *packages],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    if made.returncode:
        last = "\n".join(made.stderr.strip().splitlines()[-6:])
        raise NotHereError(f"npm cannot install {', '.join(packages)}:\n{last}")
    # Hundreds of megabytes that nobody reads.
    for spare in (folder / "node_modules" / "@octokit" / "openapi" / "generated").glob("*.json"):
        if spare.name != "api.github.com.json":
            spare.unlink()
