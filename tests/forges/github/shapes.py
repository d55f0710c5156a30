"""Answers of GitHub's with every field that its description demands (`shapes.json` has the least of each), and what
the fake knows in them. ``tests/outside/test_github_contract.py`` holds them against the description itself.
"""

import copy
import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_LEAST: Json = json.loads(Path(__file__).with_name("shapes.json").read_text(encoding="utf-8"))
_NOBODY = "0" * 40


def _least(kind: str, /, **values: Any) -> Json:
    least: Json = copy.deepcopy(_LEAST[kind])
    return least | values


def user(login: str, number: int) -> Json:
    return _least("user", login=login, id=number, type="User")


def bot(slug: str) -> Json:
    return _least("user", login=f"{slug}[bot]", id=4_711_000, type="Bot")


def app(number: int, slug: str) -> Json:
    return _least("integration", id=number, slug=slug, name=slug, owner=user("acme", 1))


def installation(number: int, app_id: int, slug: str) -> Json:
    return _least("installation", id=number, app_id=app_id, app_slug=slug, account=user("acme", 1))


def pull(number: int, known: Json, refs: dict[str, str]) -> Json:
    least = _least("pull")
    sides = {"head": ("feature", known["head"]), "base": (known["base"], refs.get(known["base"], _NOBODY))}
    for side, (ref, sha) in sides.items():
        least[side] |= {"ref": ref, "sha": sha, "label": f"acme:{ref}"}
        least[side]["repo"] |= {"id": 1, "full_name": "acme/shop", "clone_url": "https://forge.example/acme/shop.git"}
    return least | {
        "number": number,
        "state": known["state"],
        "draft": known["draft"],
        "merged": known["merged"],
        "merge_commit_sha": known.get("landed"),
        "title": "Change",
    }


def comment(number: int, issue: str, body: str, *, user: Json) -> Json:
    link = f"https://forge.example/repos/acme/shop/issues/{issue}"
    return _least("comment", id=number, body=body, user=user, issue_url=link)


def run(number: int, app_id: int, slug: str) -> Json:
    least = _least("run", id=number, app=app(app_id, slug), status="queued", conclusion=None, external_id=None)
    least["output"] = {
        "title": None,
        "summary": None,
        "text": None,
        "annotations_count": 0,
        "annotations_url": "https://forge.example/annotations",
    }
    return least


def annotation(sha: str, given: Json) -> Json:
    names = ("path", "start_line", "end_line", "annotation_level", "title", "message")
    return _least("annotation", blob_href=f"https://forge.example/{sha}", **{name: given[name] for name in names})


def combined(sha: str, statuses: list[Json]) -> Json:
    found = [_least("status", **each) for each in statuses]
    return _least("combined", sha=sha, statuses=found, total_count=len(found), state="success")


def ref(branch: str, sha: str) -> Json:
    return _least("ref", ref=f"refs/heads/{branch}") | {
        "object": {"type": "commit", "sha": sha, "url": "https://forge.example/commit"}
    }


def comparison(status: str, base: str) -> Json:
    least = _least("comparison", status=status)
    least["base_commit"]["sha"] = base
    return least


def rule(required: tuple[str, ...]) -> Json:
    return {
        "type": "required_status_checks",
        "parameters": {
            "required_status_checks": [{"context": name} for name in required],
            "strict_required_status_checks_policy": False,
        },
        "ruleset_source_type": "Repository",
        "ruleset_source": "acme/shop",
        "ruleset_id": 1,
    }


def branch(name: str, sha: str, required: tuple[str, ...]) -> Json:
    least = _least("branch", name=name, protected=bool(required))
    least["commit"]["sha"] = sha
    least["protection"] = {
        "enabled": bool(required),
        "required_status_checks": {"enforcement_level": "everyone", "contexts": list(required), "checks": []},
    }
    return least
