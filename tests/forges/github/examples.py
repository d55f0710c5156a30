"""GitHub's own example deliveries: signed as GitHub would, read, and told in a table.

`examples.json` has one of each kind, reduced to the fields that are looked at and a few more, from the npm package
``@octokit/webhooks-examples`` 7.6.1 (licence MIT, Octokit contributors). ``stands_for`` counts those in the package
that are read alike.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from maestro.forges.events import Event, Ignored
from maestro.forges.github import read_webhook
from maestro.forges.http import Secret

SECRET = "It's a Secret to Everybody"
FILE = Path(__file__).with_name("examples.json")

_KEPT = frozenset(
    name
    for line in (
        "account action after app author_association base base_ref base_sha before changes check_run check_suite",
        "clone_url commit_id draft external_id forced from full_name head head_ref head_sha id identifier installation",
        "label labels login merge_commit_sha merge_group merged name number pull_request pull_requests reason ref repo",
        "repositories repository requested_action review sender sha state title type user",
    )
    for name in line.split()
)


class Row(NamedTuple):
    """What a kind of delivery comes to: ``meaning`` is empty for what is ignored, ``reason`` for what is not."""

    event: str
    action: str
    meaning: str
    reason: str


def sign(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def headers(event: str, body: bytes, **more: str) -> dict[str, str]:
    named = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": sign(body),
    }
    return named | {name.replace("_", "-"): value for name, value in more.items()}


def read(event: str, payload: Any, **more: Any) -> Event:
    body = json.dumps(payload).encode()
    return read_webhook(headers(event, body), body, Secret(SECRET), **more)


def row(event: str, payload: Any) -> Row:
    found = read(event, payload)
    if isinstance(found.meaning, Ignored):
        return Row(event, found.action, "", found.meaning.reason)
    return Row(event, found.action, found.meaning.kind, "")


def vendored() -> list[dict[str, Any]]:
    """Each with ``event``, ``payload`` and ``stands_for``."""
    listed: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return listed


def reduced(payload: Any) -> Any:
    """The payload without what nobody here looks at."""
    if isinstance(payload, dict):
        return {name: reduced(value) for name, value in payload.items() if name in _KEPT}
    return [reduced(each) for each in payload] if isinstance(payload, list) else payload


def representatives(examples: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The first of each kind that is read alike, reduced, and how many it stands for."""
    kinds: dict[Row, dict[str, Any]] = {}
    for event, payload in examples:
        kind = row(event, payload)
        found = kinds.setdefault(kind, {"event": event, "payload": reduced(payload), "stands_for": 0})
        found["stands_for"] += 1
    return [kinds[kind] for kind in sorted(kinds)]


def table(listed: Iterable[dict[str, Any]]) -> str:
    """The table of docs/forges/github.md: a line for each event and what it comes to."""
    actions: dict[tuple[str, str, str], list[str]] = {}
    counts: dict[tuple[str, str, str], int] = {}
    for each in listed:
        kind = row(each["event"], each["payload"])
        key = (kind.event, kind.meaning, kind.reason)
        actions.setdefault(key, []).extend([f"`{kind.action}`"] if kind.action else [])
        counts[key] = counts.get(key, 0) + each["stands_for"]
    lines = ["| event | actions | examples | what follows |", "|---|---|---|---|"]
    for (event, meaning, reason), named in sorted(actions.items()):
        follows = f"**{meaning}**" if meaning else f"ignored: {reason}"
        told = ", ".join(dict.fromkeys(named)) or "none"
        lines.append(f"| `{event}` | {told} | {counts[event, meaning, reason]} | {follows} |")
    return "\n".join(lines)
