"""A stack whose gateway a real Gitea delivers to, and what a test asks of both."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.forge.handle import Gitea
from tests.forge.repositories import commit, git
from tests.localstack import TOPOLOGY, LocalStack

FORGE = "git"
SECRET_BYTES = 32
LIMIT_SECONDS = 180.0
"""Only so that what never comes fails the test."""

CALC = "def double(x):\n    return 2 * x\n"
TEST = "from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
SLOW = "import time\nfrom calc import double\n\n\ndef test_double():\n    time.sleep(20)\n    assert double(2) == 4\n"


@dataclass(frozen=True)
class Conducting:
    """A stack that is up, and the Gitea that it serves. ``address`` is the gateway's."""

    gitea: Gitea
    stack: LocalStack
    address: str
    secret: str

    def repository(self, folder: Path, name: str, *, test: str = TEST) -> str:
        """A repository whose main has a module and its test, with a webhook to the gateway; its name."""
        folder.mkdir()
        git(folder, "init", "--quiet", "--initial-branch", "main")
        (folder / "tests").mkdir()
        (folder / "tests" / "test_calc.py").write_text(test)
        git(folder, "add", ".")
        commit(folder, "calc.py", CALC)
        repo = self.gitea.create_repository(name, folder)
        self.gitea.add_webhook(repo, f"{self.address}/webhooks/{FORGE}", self.secret)
        return repo

    def branch(self, repo: str, folder: Path, content: str, *, name: str = "feature", user: str = "ada") -> str:
        """A branch from main with other content, pushed; its head."""
        git(folder, "switch", "--quiet", "--force-create", name, "main")
        commit(folder, "calc.py", content)
        self.gitea.push(repo, folder, f"{name}:{name}", user=user, force=True)
        return git(folder, "rev-parse", "HEAD")

    def card(self, repo: str, number: int, head: str) -> dict[str, Any]:
        """The card over the API, or nothing where it is not conducted yet."""
        answer = httpx.get(f"{self.address}/api/pull-requests/{repo}/{number}/{head}", trust_env=False, timeout=30)
        found: dict[str, Any] = answer.json()["card"] if answer.is_success else {}
        return found

    def until(self, is_so: Callable[[], object], *, of: str) -> None:
        """Wait until it is so."""
        end = time.monotonic() + LIMIT_SECONDS
        while not is_so():
            assert time.monotonic() < end, f"{of}: it does not become so; {self.log()}"
            time.sleep(0.3)

    def log(self) -> str:
        """The end of what the gateway said."""
        return (self.stack.home / "logs" / "gateway.log").read_text(errors="replace")[-3_000:]


@contextmanager
def conducting(
    gitea: Gitea, folder: Path, *, gateway: Mapping[str, object] | None = None, port: int = 0
) -> Iterator[Conducting]:
    """A stack of its own for the tests of a module. ``gateway`` is said of its gateway beside what is always said, and
    ``port`` is where that listens, else on a free one.
    """
    folder.mkdir(exist_ok=True)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    files = {"token": gitea.user("maestro").token, "secret": secret}
    for name, text in files.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text)
    topology = yaml.safe_load(TOPOLOGY.read_text()) | {
        "gateway": {
            "frame_ancestors": [gitea.url],
            "roles": [{"role": "reviewer", "forge": FORGE, "login": "grace"}],
            **(gateway or {}),
        },
        "forges": [
            {
                "kind": "gitea",
                "name": FORGE,
                "url": gitea.url,
                "clone_url": gitea.url,
                "token_file": str(folder / "token"),
                "webhook_secret_file": str(folder / "secret"),
                "agents": ["robot"],
                "publish": ["status", "comment", "merge"],
            }
        ],
    }
    (folder / "topology.yaml").write_text(yaml.safe_dump(topology))
    variables = {"MAESTRO_TOPOLOGY": str(folder / "topology.yaml"), "MAESTRO_GATEWAY_PORT": str(port or "auto")}
    stack = LocalStack(folder / "home", variables)
    state = stack.up()
    try:
        yield Conducting(gitea, stack, state.gateway, secret)
    finally:
        stack.maestro("down")
