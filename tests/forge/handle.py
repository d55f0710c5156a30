"""What tests do at a Gitea from outside, as its administrator and as people: repositories, pull requests, pushes.

Everything belongs to the organisation ``acme``, in whose repositories everybody who is made here may write.
"""

import os
import secrets
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

OWNER = "acme"
ADMINISTRATOR = "root-admin"
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class User:
    """``token`` may do everything that this user may."""

    name: str
    id: int
    password: str
    token: str


@dataclass(frozen=True)
class Application:
    """An OAuth2 application, by which Gitea is an OpenID provider whose issuer is its address."""

    client_id: str
    client_secret: str


class Gitea:
    """A Gitea at ``url``; ``admin_token`` may do everything."""

    def __init__(self, url: str, admin_token: str) -> None:
        self.url = url
        self.admin_token = admin_token
        self._http = httpx.Client(base_url=f"{url}/api/v1/", trust_env=False, timeout=60)
        self._users: dict[str, User] = {}
        self.call("POST", "orgs", {"username": OWNER})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: object = None, *, token: str = "") -> Any:
        """What the API answers, as the administrator or by ``token``; fails with Gitea's words for a refusal."""
        answer = self.answer(method, path, body, token=token)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def answer(self, method: str, path: str, body: object = None, *, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"token {token or self.admin_token}"}
        return self._http.request(method, path, json=body, headers=headers)

    def user(self, name: str) -> User:
        """The user of this name, made where there is none yet."""
        if name not in self._users:
            password = secrets.token_urlsafe(16)
            about = {"username": name, "email": f"{name}@forge.example", "password": password}
            made = self.call("POST", "admin/users", about | {"must_change_password": False})
            self._users[name] = User(name, made["id"], password, self.token(name, password, ("all",)))
        return self._users[name]

    def token(self, name: str, password: str, scopes: tuple[str, ...]) -> str:
        """Another token of a user, for these scopes alone."""
        answer = self._http.post(
            f"users/{quote(name)}/tokens",
            json={"name": secrets.token_hex(8), "scopes": list(scopes)},
            auth=(name, password),
        )
        assert answer.is_success, answer.text
        token: str = answer.json()["sha1"]
        return token

    def create_repository(
        self, name: str, from_git_folder: Path, *, writers: tuple[str, ...] = ("maestro", "ada", "grace")
    ) -> str:
        """``acme/NAME`` with every branch of a git folder, where ``writers`` may write; its whole name.

        Pull requests may be merged by fast-forward, beside the ways that Gitea allows by itself.
        """
        repo = f"{OWNER}/{name}"
        self.call("POST", f"orgs/{OWNER}/repos", {"name": name, "default_branch": "main"})
        for writer in writers:
            self.call("PUT", f"repos/{repo}/collaborators/{self.user(writer).name}", {"permission": "write"})
        self.push(repo, from_git_folder, "refs/heads/*:refs/heads/*")
        self.call("PATCH", f"repos/{repo}", {"has_pull_requests": True, "allow_fast_forward_only_merge": True})
        self.wait(lambda: not self.call("GET", f"repos/{repo}")["empty"])
        return repo

    def clone_url(self, repo: str) -> str:
        return f"{self.url}/{repo}.git"

    def push(self, repo: str, folder: Path, *refspecs: str, user: str = "", force: bool = False) -> None:
        """Push from a git folder, as the administrator or as a user."""
        login, token = (user, self.user(user).token) if user else (ADMINISTRATOR, self.admin_token)
        parts = urlsplit(self.clone_url(repo))
        address = urlunsplit(parts._replace(netloc=f"{login}:{token}@{parts.netloc}"))
        done = subprocess.run(
            ["git", "push", "--quiet", *(["--force"] if force else []), address, *refspecs],
            cwd=folder,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.replace(token, "***")

    def create_pull(
        self, repo: str, *, head: str, base: str = "main", title: str = "Change", user: str = "ada", **more: object
    ) -> int:
        """The number of a new pull request, when Gitea has looked whether it can be merged."""
        about = {"head": head, "base": base, "title": title} | more
        number: int = self.call("POST", f"repos/{repo}/pulls", about, token=self.user(user).token)["number"]
        self.wait(lambda: self.pull(repo, number)["mergeable"] or title.startswith("WIP:"))
        return number

    def pull(self, repo: str, number: int) -> Any:
        return self.call("GET", f"repos/{repo}/pulls/{number}")

    def tip(self, repo: str, branch: str = "main") -> str:
        """The commit that a branch is at."""
        sha: str = self.call("GET", f"repos/{repo}/branches/{quote(branch)}")["commit"]["id"]
        return sha

    def comments(self, repo: str, number: int) -> list[Any]:
        found: list[Any] = self.call("GET", f"repos/{repo}/issues/{number}/comments")
        return found

    def status(self, repo: str, sha: str) -> dict[str, Any]:
        """The commit statuses that Gitea shows and requires, by context."""
        found = self.call("GET", f"repos/{repo}/commits/{sha}/status")
        return {each["context"]: each for each in found["statuses"] or ()}

    def require_status(self, repo: str, *contexts: str, branch: str = "main", merger: str = "maestro") -> None:
        """Protect a branch: these statuses are required, nobody pushes, and ``merger`` alone merges."""
        about = {"rule_name": branch, "enable_push": False, "enable_merge_whitelist": True}
        about |= {"merge_whitelist_usernames": [merger], "enable_status_check": True}
        self.call("POST", f"repos/{repo}/branch_protections", about | {"status_check_contexts": list(contexts)})

    def review(self, repo: str, number: int, verdict: str, *, user: str = "grace", text: str = "Seen.") -> None:
        """``verdict`` is APPROVED, REQUEST_CHANGES or COMMENT."""
        about = {"event": verdict, "body": text}
        self.call("POST", f"repos/{repo}/pulls/{number}/reviews", about, token=self.user(user).token)

    def add_webhook(self, repo: str, url: str, secret: str) -> int:
        """A webhook for every event; its number."""
        config = {"url": url, "content_type": "json", "secret": secret}
        about = {"type": "gitea", "active": True, "config": config, "events": list(EVENTS)}
        number: int = self.call("POST", f"repos/{repo}/hooks", about)["id"]
        return number

    def create_application(self, name: str, *redirect_uris: str, user: str = "maestro") -> Application:
        """By which a web service lets people log in with Gitea (OpenID, code flow with PKCE)."""
        about = {"name": name, "redirect_uris": list(redirect_uris), "confidential_client": True}
        made = self.call("POST", "user/applications/oauth2", about, token=self.user(user).token)
        return Application(made["client_id"], made["client_secret"])

    def wait(self, is_so: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Until it is so, which Gitea does in the background."""
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, "it does not become so"
            time.sleep(0.1)


EVENTS = (
    "create",
    "delete",
    "push",
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_assign",
    "pull_request_label",
    "pull_request_milestone",
    "pull_request_comment",
    "pull_request_review",
    "pull_request_review_approved",
    "pull_request_review_rejected",
    "pull_request_review_comment",
    "pull_request_review_request",
    "pull_request_sync",
    "release",
    "repository",
    "status",
)
