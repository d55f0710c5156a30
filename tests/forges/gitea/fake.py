"""A Gitea that keeps what it is told, in memory: what our client uses of it, as ``make test-forge`` finds the real one
to answer. Faults come on demand, before it acts (nothing was done) or after (it was done, and the answer is lost).
"""

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

Json = dict[str, Any]

BOT = "maestro"
WEB = "https://forge.example/git"
"""Where our client asks. Browsers are sent to ``ROOT``, as behind a proxy."""

ROOT = "https://gitea.example"


@dataclass
class Fault:
    """Meets requests of this method whose path fits: ``answer`` is raised or given, ``after`` it acted or instead."""

    method: str
    path: str
    answer: httpx.Response | Exception
    after: bool = False
    times: int = 1


@dataclass
class Repo:
    """Commits are names with parents; ``refs`` are branches. ``checks`` counts down how often Gitea says to come again
    before it merges; ``required`` is the context that ``main`` requires.
    """

    refs: dict[str, str] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pulls: dict[int, Json] = field(default_factory=dict)
    comments: list[Json] = field(default_factory=list)
    statuses: list[Json] = field(default_factory=list)
    checks: int = 0
    required: str = ""

    def ancestors(self, tip: str) -> set[str]:
        found, open_ends = set(), [tip]
        while open_ends:
            sha = open_ends.pop()
            if sha not in found:
                found.add(sha)
                open_ends += self.parents.get(sha, ())
        return found

    def shown(self, sha: str, context: str) -> Json | None:
        return next(
            (each for each in reversed(self.statuses) if (each["sha"], each["context"]) == (sha, context)), None
        )


class FakeGitea(httpx.AsyncBaseTransport):
    """``asked`` are all requests. What is written by ``token`` is written as the bot."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.repos: dict[str, Repo] = {}
        self.asked: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.page_limit = 50
        self.before: Callable[[str, str], None] | None = None
        self._ids = itertools.count(1_001)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, unquote(request.url.raw_path.decode().partition("?")[0])
        self.asked.append((method, path))
        fault = self._fault(method, path)
        if fault and not fault.after:
            return _given(fault.answer)
        if self.before:
            self.before(method, path)
        answer = self._answer(request, method, path)
        return _given(fault.answer) if fault else answer

    def count(self, method: str, path: str) -> int:
        return sum(asked[0] == method and re.search(path, asked[1]) is not None for asked in self.asked)

    def fault(self, method: str, path: str, answer: httpx.Response | Exception, **more: Any) -> None:
        self.faults.append(Fault(method, path, answer, **more))

    def number(self) -> int:
        return next(self._ids)

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == method and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None

    def _answer(self, request: httpx.Request, method: str, path: str) -> httpx.Response:
        if request.headers.get("authorization") != f"token {self.token}":
            return said(401, "invalid username, password or token")
        if (method, path) == ("GET", "/git/api/v1/user"):
            return httpx.Response(200, json=user(BOT))
        body = json.loads(request.content) if request.content else {}
        query = dict(parse_qsl(request.url.query.decode()))
        for pattern, name in _ROUTES:
            found = re.fullmatch(f"{method} {_REPO}/{pattern}", f"{method} {path}")
            if not found or not name.startswith(method.lower()):
                continue
            values = found.groupdict()
            repo = self.repos.get(values.pop("repo"))
            if repo is None:
                return NOT_FOUND
            answer: httpx.Response = getattr(self, f"_{name}")(repo, body=body, query=query, **values)
            return answer
        return NOT_FOUND

    # What each request does, in the order of the routes.

    def _get_pull(self, repo: Repo, *, number: str, **_: Any) -> httpx.Response:
        pull = repo.pulls.get(int(number))
        return httpx.Response(200, json=_pull(int(number), pull, repo)) if pull else NOT_FOUND

    def _get_issue(self, repo: Repo, *, number: str, **_: Any) -> httpx.Response:
        return httpx.Response(200, json={"number": int(number)}) if int(number) in repo.pulls else NOT_FOUND

    def _get_comments(self, repo: Repo, *, number: str, **_: Any) -> httpx.Response:
        if int(number) not in repo.pulls:
            return said(500, "")
        # All of them: Gitea gives this list without pages.
        return httpx.Response(200, json=[each for each in repo.comments if each["issue"] == number])

    def _post_comments(self, repo: Repo, *, number: str, body: Json, **_: Any) -> httpx.Response:
        if int(number) not in repo.pulls:
            return said(500, "")
        return httpx.Response(201, json=self.comment(repo, number, body["body"], login=BOT))

    def comment(self, repo: Repo, number: str, text: str, *, login: str) -> Json:
        made = {"id": self.number(), "body": text, "user": user(login), "issue": number}
        repo.comments.append(made)
        return made

    def _patch_comment(self, repo: Repo, *, id: str, body: Json, **_: Any) -> httpx.Response:  # noqa: A002
        for each in repo.comments:
            if each["id"] == int(id):
                each["body"] = body["body"]
                return httpx.Response(200, json=each)
        return NOT_FOUND

    def _delete_comment(self, repo: Repo, *, id: str, **_: Any) -> httpx.Response:  # noqa: A002
        kept = [each for each in repo.comments if each["id"] != int(id)]
        is_gone = len(kept) == len(repo.comments)
        repo.comments[:] = kept
        return NOT_FOUND if is_gone else httpx.Response(204)

    def _get_statuses(self, repo: Repo, *, sha: str, query: dict[str, str], **_: Any) -> httpx.Response:
        found = [each for each in repo.statuses if each["sha"] == sha][::-1]
        size, page = min(int(query.get("limit", "30")), self.page_limit), int(query.get("page", "1"))
        headers = {"X-Total-Count": str(len(found))}
        if page * size < len(found):
            headers["Link"] = f'<{ROOT}/api/v1/statuses?page={page + 1}>; rel="next",<{ROOT}/x?page=9>; rel="last"'
        return httpx.Response(200, json=found[(page - 1) * size : page * size], headers=headers)

    def _post_statuses(self, repo: Repo, *, sha: str, body: Json, **_: Any) -> httpx.Response:
        if sha not in repo.parents:
            return said(500, f"GetCommit[{sha}]: object does not exist [id: {sha}, rel_path: ]")
        return httpx.Response(201, json=self.state(repo, sha, body, login=BOT))

    def state(self, repo: Repo, sha: str, body: Json, *, login: str) -> Json:
        about = {name: body.get(name, "") for name in ("context", "description", "target_url")}
        made = about | {"id": self.number(), "status": body["state"], "creator": user(login), "sha": sha}
        repo.statuses.append(made)
        return made

    def _get_branch(self, repo: Repo, *, branch: str, **_: Any) -> httpx.Response:
        sha = repo.refs.get(branch)
        # Without a branch Gitea answers 404 with nothing to read.
        return (
            httpx.Response(200, json={"name": branch, "commit": {"id": sha}})
            if sha
            else httpx.Response(404, text="null")
        )

    def _get_commit(self, repo: Repo, *, sha: str, **_: Any) -> httpx.Response:
        return httpx.Response(200, json={"sha": sha}) if sha in repo.parents else NOT_FOUND

    def _get_commits(self, repo: Repo, *, query: dict[str, str], **_: Any) -> httpx.Response:
        if query["sha"] not in repo.parents:
            return NOT_FOUND
        found = repo.ancestors(query["sha"]) - repo.ancestors(query["not"])
        return httpx.Response(200, json=[{"sha": sha} for sha in sorted(found)][: int(query["limit"])])

    def _post_merge(self, repo: Repo, *, number: str, body: Json, **_: Any) -> httpx.Response:
        pull = repo.pulls.get(int(number))
        if pull is None or (pull["state"] != "open" and not pull["merged"]):
            return NOT_FOUND
        obstacle = _obstacle(repo, pull, body)
        if obstacle is not None:
            return said(*obstacle)
        repo.refs["main"] = pull["head"]
        pull |= {"state": "closed", "merged": True}
        return httpx.Response(200)


def _obstacle(repo: Repo, pull: Json, body: Json) -> tuple[int, str] | None:
    """What keeps Gitea from merging, in the order in which it looks."""
    is_checking, repo.checks = bool(repo.checks), max(0, repo.checks - 1)
    status = repo.shown(pull["head"], repo.required) or {}
    style = body["Do"]
    obstacles = (
        (pull["merged"], 405, "The PR is already merged"),
        (_is_draft(pull), 405, "Work in progress PRs cannot be merged"),
        (is_checking, 405, "Please try again later"),
        (repo.required and status.get("status") != "success", 405, "Not all required status checks successful"),
        (style != "fast-forward-only", 405, f"{style} is not allowed an allowed merge style for this repository"),
        (pull["head"] != body["head_commit_id"], 409, "head out of date"),
        (repo.refs["main"] not in repo.ancestors(pull["head"]), 500, "Merge DivergingFastForwardOnly Error"),
    )
    return next(((status, words) for is_so, status, words in obstacles if is_so), None)


_REPO = r"/git/api/v1/repos/(?P<repo>[^/]+/[^/]+)"
_ROUTES = (
    (r"pulls/(?P<number>\d+)", "get_pull"),
    (r"issues/(?P<number>\d+)", "get_issue"),
    (r"issues/(?P<number>\d+)/comments", "get_comments"),
    (r"issues/(?P<number>\d+)/comments", "post_comments"),
    (r"issues/comments/(?P<id>\d+)", "patch_comment"),
    (r"issues/comments/(?P<id>\d+)", "delete_comment"),
    (r"statuses/(?P<sha>[0-9a-f]+)", "get_statuses"),
    (r"statuses/(?P<sha>[0-9a-f]+)", "post_statuses"),
    (r"branches/(?P<branch>.+)", "get_branch"),
    (r"git/commits/(?P<sha>[0-9a-f]+)", "get_commit"),
    (r"commits", "get_commits"),
    (r"pulls/(?P<number>\d+)/merge", "post_merge"),
)


def said(status: int, message: str, **headers: str) -> httpx.Response:
    document = {"message": message, "url": f"{ROOT}/api/swagger"}
    return httpx.Response(status, json=document, headers={name.replace("_", "-"): v for name, v in headers.items()})


NOT_FOUND = httpx.Response(404, json={"errors": None, "message": "not found", "url": f"{ROOT}/api/swagger"})


def user(login: str) -> Json:
    return {"login": login, "id": sum(login.encode())}


def _pull(number: int, pull: Json, repo: Repo) -> Json:
    known = {"id": 1, "full_name": "acme/shop", "clone_url": f"{ROOT}/acme/shop.git"}
    head = {"ref": pull["branch"], "sha": pull["head"], "repo_id": 1, "repo": known}
    if pull["branch"] not in repo.refs:
        head["ref"] = f"refs/pull/{number}/head"
    return {
        "number": number,
        "state": pull["state"],
        "title": pull["title"],
        "user": user("ada"),
        "labels": [],
        "draft": _is_draft(pull),
        "merged": pull["merged"],
        "merge_commit_sha": pull.get("landed", pull["head"]) if pull["merged"] else None,
        "merge_base": pull["merge_base"],
        "base": {"ref": "main", "sha": repo.refs.get("main", ""), "repo_id": 1, "repo": known},
        "head": head,
    }


def _is_draft(pull: Json) -> bool:
    return str(pull["title"]).startswith("WIP:")


def _given(answer: httpx.Response | Exception) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
