"""Deliveries of a real Gitea, signed as it would, read, and told in a table.

`deliveries.json` was recorded by ``python -m tests.forge.record``, which plays every step that Gitea tells us of, and
reduced to the fields that are looked at. ``make test-forge`` plays it again and compares what follows.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from maestro.forges.events import Event, Ignored
from maestro.forges.gitea import read_webhook
from maestro.forges.http import Secret

SECRET = "It's a Secret to Everybody"
FILE = Path(__file__).with_name("deliveries.json")

_KEPT = frozenset(
    name
    for line in (
        "action after base before changes clone_url draft from full_name head id label labels login merge_base",
        "merge_commit_sha merged name number pull_request pusher_type ref ref_type repo repo_id repository review",
        "sender sha state title type user",
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
        "X-Gitea-Event": event,
        "X-Gitea-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": sign(body),
    }
    return named | {name.replace("_", "-"): value for name, value in more.items()}


def read(event: str, payload: Any) -> Event:
    body = json.dumps(payload).encode()
    return read_webhook(headers(event, body), body, Secret(SECRET))


def row_of(found: Event) -> Row:
    if isinstance(found.meaning, Ignored):
        return Row(found.name, found.action, "", found.meaning.reason)
    because = getattr(found.meaning, "because", "")
    return Row(found.name, found.action, f"{found.meaning.kind}{f' ({because})' if because else ''}", "")


def recorded() -> list[dict[str, Any]]:
    """Each with ``step``, ``event`` and ``payload``."""
    listed: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return listed


def reduced(payload: Any) -> Any:
    """The payload without what nobody here looks at."""
    if isinstance(payload, dict):
        return {name: reduced(value) for name, value in payload.items() if name in _KEPT}
    return [reduced(each) for each in payload] if isinstance(payload, list) else payload


def table(rows: Iterable[tuple[str, Row]]) -> str:
    """The table of docs/forges/gitea.md: a line for each kind, with the steps that Gitea tells by it."""
    steps: dict[Row, list[str]] = {}
    for step, row in rows:
        steps.setdefault(row, []).append(step)
    lines = ["| event | action | told when | what follows |", "|---|---|---|---|"]
    for row, named in sorted(steps.items()):
        follows = f"**{row.meaning}**" if row.meaning else f"ignored: {row.reason}"
        told = f"`{row.action}`" if row.action else "none"
        lines.append(f"| `{row.event}` | {told} | {'; '.join(dict.fromkeys(named))} | {follows} |")
    return "\n".join(lines)
