"""A GitHub that keeps what it is told, for one App and in memory: what our client uses of it, as GitHub documents it.

Faults come on demand: before it acts (nothing was done), or after (it was done, and the answer is lost). Clocks are
the test's.
"""

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from tests.forges.github import shapes

Json = dict[str, Any]
Handler = Callable[..., httpx.Response]

APP_ID = 4_711
APP_SLUG = "maestro-acme"


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
    """Commits are names with a tree and parents; ``refs`` are branches."""

    refs: dict[str, str] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    trees: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, Json] = field(default_factory=dict)
    comments: list[Json] = field(default_factory=list)
    runs: list[Json] = field(default_factory=list)
    annotations: dict[int, list[Json]] = field(default_factory=dict)
    actions: dict[int, list[Json]] = field(default_factory=dict)
    statuses: list[Json] = field(default_factory=list)
    required: tuple[str, ...] = ()
    refuses: str = ""

    def contains(self, tip: str, sha: str) -> bool:
        return tip == sha or any(self.contains(parent, sha) for parent in self.parents.get(tip, ()))


class FakeGitHub(httpx.AsyncBaseTransport):
    """``asked`` are all requests; ``tokens`` those that are taken. Everything is written as the App's bot."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.asked: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.tokens: set[str] = set()
        self.expires_at = "2099-01-01T00:00:00Z"
        self.page_limit = 100
        self.before: Callable[[str, str], None] | None = None
        self._ids = itertools.count(1_001)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, unquote(request.url.raw_path.decode().partition("?")[0])
        self.asked.append((method, path))
        fault = self._fault(method, path)
        if fault and not fault.after:
            return _given(fault.answer, request)
        if self.before:
            self.before(method, path)
        answer = self._answer(request, method, path)
        if fault:
            return _given(fault.answer, request)
        return answer

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
        body = json.loads(request.content) if request.content else {}
        query = dict(parse_qsl(request.url.query.decode()))
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        is_app_itself = token.count(".") == 2
        for pattern, wants_app, name in _ROUTES:
            found = re.fullmatch(f"{method} {pattern}", f"{method} {path}") if name.startswith(method.lower()) else None
            if not found:
                continue
            if not (is_app_itself if wants_app else token in self.tokens):
                return said(401, "Bad credentials")
            return self._handled(name, found, body, query, request)
        return said(404, "Not Found")

    def _handled(
        self, name: str, found: re.Match[str], body: Json, query: dict[str, str], request: httpx.Request
    ) -> httpx.Response:
        values = found.groupdict()
        if name in {"get_app", "post_token"}:
            return getattr(self, f"_{name}")(body)  # type: ignore[no-any-return]
        repo = self.repos.get(values.pop("repo"))
        if repo is None:
            return said(404, "Not Found")
        answer: httpx.Response = getattr(self, f"_{name}")(repo, body=body, query=query, **values)
        return self._paged(answer, query, request) if query.get("per_page") and method_of(name) == "GET" else answer

    def _paged(self, answer: httpx.Response, query: dict[str, str], request: httpx.Request) -> httpx.Response:
        document = answer.json()
        items, put = _items(document)
        if items is None or answer.status_code != 200:
            return answer
        size, page = min(int(query["per_page"]), self.page_limit), int(query.get("page", "1"))
        part = put(items[(page - 1) * size : page * size])
        headers = {"ETag": f'W/"{abs(hash(json.dumps(part)))}"'}
        if page * size < len(items):
            following = request.url.copy_merge_params({"page": str(page + 1)})
            headers["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
        if request.headers.get("if-none-match") == headers["ETag"]:
            return httpx.Response(304, headers=headers)
        return httpx.Response(200, json=part, headers=headers)

    # What each request does, in the order of the routes.

    def _get_app(self, body: Json) -> httpx.Response:
        return httpx.Response(200, json=shapes.app(APP_ID, APP_SLUG))

    def _post_token(self, body: Json) -> httpx.Response:
        token = f"ghs_{self.number()}"
        self.tokens.add(token)
        return httpx.Response(
            201,
            json={"token": token, "expires_at": self.expires_at, "permissions": {}, "repository_selection": "selected"},
        )

    def _get_installation(self, repo: Repo, **_: Any) -> httpx.Response:
        return httpx.Response(200, json=shapes.installation(81, APP_ID, APP_SLUG))

    def _get_pull(self, repo: Repo, *, number: str, **_: Any) -> httpx.Response:
        pull = repo.pulls.get(int(number))
        return httpx.Response(200, json=shapes.pull(int(number), pull, repo.refs)) if pull else said(404, "Not Found")

    def _get_comments(self, repo: Repo, *, number: str, **_: Any) -> httpx.Response:
        found = [each for each in repo.comments if each["issue_url"].endswith(f"/{number}")]
        return httpx.Response(200, json=found) if int(number) in repo.pulls else said(404, "Not Found")

    def _post_comments(self, repo: Repo, *, number: str, body: Json, **_: Any) -> httpx.Response:
        if int(number) not in repo.pulls:
            return said(404, "Not Found")
        if len(body["body"]) > 65_536:
            return said(422, "Body is too long (maximum is 65536 characters)")
        repo.comments.append(shapes.comment(self.number(), number, body["body"], user=shapes.bot(APP_SLUG)))
        return httpx.Response(201, json=repo.comments[-1])

    def _patch_comment(self, repo: Repo, *, id: str, body: Json, **_: Any) -> httpx.Response:  # noqa: A002
        for each in repo.comments:
            if each["id"] == int(id):
                each["body"] = body["body"]
                return httpx.Response(200, json=each)
        return said(404, "Not Found")

    def _delete_comment(self, repo: Repo, *, id: str, **_: Any) -> httpx.Response:  # noqa: A002
        kept = [each for each in repo.comments if each["id"] != int(id)]
        is_gone = len(kept) == len(repo.comments)
        repo.comments[:] = kept
        return said(404, "Not Found") if is_gone else httpx.Response(204)

    def _get_check_runs(self, repo: Repo, *, sha: str, query: dict[str, str], **_: Any) -> httpx.Response:
        runs = [run for run in repo.runs if run["head_sha"] == sha and query.get("check_name") in {None, run["name"]}]
        if query.get("filter", "latest") == "latest":
            runs = list({(run["name"], run["app"]["id"]): run for run in runs}.values())
        return httpx.Response(200, json={"total_count": len(runs), "check_runs": runs})

    def _get_status(self, repo: Repo, *, sha: str, **_: Any) -> httpx.Response:
        return httpx.Response(200, json=shapes.combined(sha, repo.statuses))

    def _post_check_runs(self, repo: Repo, *, body: Json, **_: Any) -> httpx.Response:
        if body["head_sha"] not in repo.trees:
            return said(422, f"No commit found for SHA: {body['head_sha']}")
        run = shapes.run(self.number(), APP_ID, APP_SLUG)
        repo.runs.append(run)
        return self._changed(repo, run, body, status=201)

    def _patch_check_run(self, repo: Repo, *, id: str, body: Json, **_: Any) -> httpx.Response:  # noqa: A002
        run = next((run for run in repo.runs if run["id"] == int(id)), None)
        return self._changed(repo, run, body, status=200) if run else said(404, "Not Found")

    def _get_annotations(self, repo: Repo, *, id: str, **_: Any) -> httpx.Response:  # noqa: A002
        return httpx.Response(200, json=repo.annotations.get(int(id), []))

    def _changed(self, repo: Repo, run: Json, body: Json, *, status: int) -> httpx.Response:
        output = body.get("output", {})
        if len(output.get("annotations", [])) > 50 or len(body.get("actions", [])) > 3:
            return said(422, "Invalid request")
        if len(output.get("summary", "").encode()) > 65_535:
            return said(422, "summary exceeds a maximum bytesize of 65535")
        kept = repo.annotations.setdefault(run["id"], [])
        kept += [shapes.annotation(run["head_sha"], each) for each in output.get("annotations", [])]
        for name in (
            "name",
            "head_sha",
            "status",
            "conclusion",
            "external_id",
            "details_url",
            "started_at",
            "completed_at",
        ):
            run[name] = body.get(name, run[name])
        run["output"] |= {name: output[name] for name in ("title", "summary") if name in output}
        run["output"]["annotations_count"] = len(kept)
        repo.actions[run["id"]] = body.get("actions", [])
        return httpx.Response(status, json=run)

    def _get_ref(self, repo: Repo, *, branch: str, **_: Any) -> httpx.Response:
        sha = repo.refs.get(branch)
        return httpx.Response(200, json=shapes.ref(branch, sha)) if sha else said(404, "Not Found")

    def _patch_ref(self, repo: Repo, *, branch: str, body: Json, **_: Any) -> httpx.Response:
        now = repo.refs.get(branch)
        if now is None:
            return said(422, "Reference does not exist")
        if repo.refuses:
            return said(422, repo.refuses)
        if not body.get("force") and not repo.contains(body["sha"], now):
            return said(422, "Update is not a fast forward")
        self._land(repo, branch, body["sha"])
        return httpx.Response(200, json=shapes.ref(branch, body["sha"]))

    def _get_compare(self, repo: Repo, *, base: str, head: str, **_: Any) -> httpx.Response:
        if base not in repo.trees or head not in repo.trees:
            return said(404, "Not Found")
        ahead, behind = repo.contains(head, base), repo.contains(base, head)
        status = "identical" if base == head else "ahead" if ahead else "behind" if behind else "diverged"
        return httpx.Response(200, json=shapes.comparison(status, base))

    def _put_merge(self, repo: Repo, *, number: str, body: Json, **_: Any) -> httpx.Response:
        pull = repo.pulls.get(int(number))
        if pull is None:
            return said(404, "Not Found")
        if pull["head"] != body["sha"]:
            return said(409, "Head branch was modified. Review and try the merge again.")
        if pull["state"] != "open" or pull["draft"] or repo.refuses:
            return said(405, repo.refuses or "Pull Request is not mergeable")
        tip = repo.refs[pull["base"]]
        landed = f"{self.number():040x}"
        is_whole = body.get("merge_method", "merge") == "merge"
        repo.parents[landed] = (tip, pull["head"]) if is_whole else (tip,)
        # Merged with what the branch is at by now, whatever was tested.
        repo.trees[landed] = repo.trees[pull["head"]] if repo.contains(pull["head"], tip) else f"{self.number():040x}"
        pull |= {"state": "closed", "merged": True, "landed": landed}
        repo.refs[pull["base"]] = landed
        return httpx.Response(200, json={"sha": landed, "merged": True, "message": "Pull Request successfully merged"})

    def _get_rules(self, repo: Repo, **_: Any) -> httpx.Response:
        return httpx.Response(200, json=[shapes.rule(repo.required)] if repo.required else [])

    def _get_branch(self, repo: Repo, *, branch: str, **_: Any) -> httpx.Response:
        sha = repo.refs.get(branch)
        return httpx.Response(200, json=shapes.branch(branch, sha, repo.required)) if sha else said(404, "Not Found")

    def _land(self, repo: Repo, branch: str, sha: str) -> None:
        repo.refs[branch] = sha
        for pull in repo.pulls.values():
            if pull["base"] == branch and pull["state"] == "open" and repo.contains(sha, pull["head"]):
                pull |= {"state": "closed", "merged": True, "landed": sha}


_REPO = r"(?:/api/v3)?/repos/(?P<repo>[^/]+/[^/]+)"
_ROUTES = (
    (r"(?:/api/v3)?/app", True, "get_app"),
    (r"(?:/api/v3)?/app/installations/81/access_tokens", True, "post_token"),
    (rf"{_REPO}/installation", True, "get_installation"),
    (rf"{_REPO}/pulls/(?P<number>\d+)", False, "get_pull"),
    (rf"{_REPO}/issues/(?P<number>\d+)/comments", False, "get_comments"),
    (rf"{_REPO}/issues/(?P<number>\d+)/comments", False, "post_comments"),
    (rf"{_REPO}/issues/comments/(?P<id>\d+)", False, "patch_comment"),
    (rf"{_REPO}/issues/comments/(?P<id>\d+)", False, "delete_comment"),
    (rf"{_REPO}/commits/(?P<sha>[0-9a-f]+)/check-runs", False, "get_check_runs"),
    (rf"{_REPO}/commits/(?P<sha>[0-9a-f]+)/status", False, "get_status"),
    (rf"{_REPO}/check-runs", False, "post_check_runs"),
    (rf"{_REPO}/check-runs/(?P<id>\d+)", False, "patch_check_run"),
    (rf"{_REPO}/check-runs/(?P<id>\d+)/annotations", False, "get_annotations"),
    (rf"{_REPO}/git/ref/heads/(?P<branch>.+)", False, "get_ref"),
    (rf"{_REPO}/git/refs/heads/(?P<branch>.+)", False, "patch_ref"),
    (rf"{_REPO}/compare/(?P<base>[0-9a-f]+)\.\.\.(?P<head>[0-9a-f]+)", False, "get_compare"),
    (rf"{_REPO}/pulls/(?P<number>\d+)/merge", False, "put_merge"),
    (rf"{_REPO}/rules/branches/(?P<branch>.+)", False, "get_rules"),
    (rf"{_REPO}/branches/(?P<branch>.+)", False, "get_branch"),
)


def method_of(name: str) -> str:
    return name.partition("_")[0].upper()


def said(status: int, message: str, **headers: str) -> httpx.Response:
    document = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return httpx.Response(status, json=document, headers={name.replace("_", "-"): v for name, v in headers.items()})


def _given(answer: httpx.Response | Exception, request: httpx.Request) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content, request=request)


def _items(document: Any) -> tuple[list[Any] | None, Callable[[list[Any]], Any]]:
    if isinstance(document, list):
        return document, lambda part: part
    for name in ("check_runs", "statuses"):
        if name in document:
            return document[name], lambda part, name=name: document | {name: part}
    return None, lambda part: part
