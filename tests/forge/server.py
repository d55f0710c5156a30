"""A real Gitea on this machine, empty at first, and ended with whoever started it. ``python -m tests.forge.server``
builds it where it is not yet (`make gitea`).

It refuses to be root. Where we are, it runs as ``nobody``, from links to the cache folder that ``nobody`` can reach.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.forge.build import NotHereError, build, need
from tests.forge.handle import ADMINISTRATOR, Gitea

START_SECONDS = 120.0
"""Fresh, on a machine that is busy with other tests."""

_NOBODY = 65_534

_INI = """
RUN_MODE = prod
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = {static}
[database]
DB_TYPE = sqlite3
SQLITE_TIMEOUT = 20000
SQLITE_JOURNAL_MODE = WAL
[repository]
DEFAULT_BRANCH = main
[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
[oauth2]
JWT_SECRET = {jwt}
[service]
DISABLE_REGISTRATION = true
[webhook]
ALLOWED_HOST_LIST = loopback
DELIVER_TIMEOUT = 5
[actions]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
[log]
MODE = console
LEVEL = Warn
[cron.update_checker]
ENABLED = false
"""


@contextmanager
def running() -> Iterator[Gitea]:
    """A Gitea that answers. Raises NotHereError where it is not built."""
    found = need()
    folder = Path(tempfile.mkdtemp(prefix="maestro-gitea-"))
    try:
        program, static = _reachable(found, folder)
        port = _free_port()
        ini = folder / "app.ini"
        ini.write_text(
            _INI.format(port=port, static=static, secret=secrets.token_hex(32), jwt=secrets.token_urlsafe(32))
        )
        if _is_root():
            for path in (folder, ini):
                os.chown(path, _NOBODY, _NOBODY)
        command = [*_as_nobody(), str(program), "--config", str(ini)]
        environment = {"HOME": str(folder), "GITEA_WORK_DIR": str(folder), "PATH": os.environ["PATH"], "LANG": "C"}
        _say([*command, "migrate"], environment)
        token = _administrator([*command, "admin", "user"], environment)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*command, "web"], env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            _await(url, process, folder / "log")
            with Gitea(url, token) as gitea:
                yield gitea
        finally:
            process.terminate()
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _administrator(command: list[str], environment: dict[str, str]) -> str:
    """The token of one that is made."""
    name, email = f"--username={ADMINISTRATOR}", "--email=admin@forge.example"
    password = f"--password={secrets.token_urlsafe(16)}"
    _say([*command, "create", "--admin", "--must-change-password=false", name, email, password], environment)
    return _say([*command, "generate-access-token", "--scopes=all", "--raw", name], environment).split()[-1]


def _reachable(found: Path, folder: Path) -> tuple[Path, Path]:
    """The program and its static files, where the user that runs them can read them."""
    if not _is_root():
        return found / "gitea", found / "src"
    folder.chmod(0o755)
    static = folder / "static"
    for name in ("public", "options", "templates"):
        shutil.copytree(found / "src" / name, static / name)
    for path in (static, *static.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    program = folder / "gitea"
    try:
        program.hardlink_to(found / "gitea")
    except OSError:
        # Another file system.
        shutil.copy2(found / "gitea", program)
    return program, static


def _as_nobody() -> list[str]:
    if not _is_root():
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise NotHereError("Gitea refuses to run as root: install setpriv (util-linux), or run the tests as somebody")
    return [setpriv, f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]


def _is_root() -> bool:
    return os.geteuid() == 0


def _say(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, env=environment, cwd=environment["HOME"], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise NotHereError(f"Gitea does not start:\n{(done.stderr or done.stdout)[-2_000:]}")
    return done.stdout


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/api/healthz", trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise NotHereError(f"Gitea does not answer:\n{log.read_text(errors='replace')[-2_000:]}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def main() -> int:
    try:
        sys.stdout.write(f"{build()}\n")
    except NotHereError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
