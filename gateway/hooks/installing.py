"""Putting the hooks into a bare repository, looking whether they can work, and taking them away again.

Installing again changes what differs and nothing else. A hook that was there before is never overwritten.
"""

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gateway.hooks.__main__ import OWN
from gateway.hooks.repository import is_handed_over, require_git
from gateway.hooks.settings import FOR_REVIEW, PROC_RECEIVE_REFS, PUSH_OPTIONS, PUSH_OPTIONS_BEFORE, configured
from gateway.hooks.turns import NAME as LOCK
from maestro.config.topology import FILE_NAME, topology_path
from maestro.config.topology import VARIABLE as TOPOLOGY
from maestro.errors import BadInput, MaestroError, PlatformUnavailable
from maestro.execution.git import ask, tell
from maestro.home import home
from maestro.resources import resource_path

HOOKS = ("pre-receive", "proc-receive", "post-receive")
CHAINED = ("pre-receive", "post-receive")
"""Hooks that can run after another one; ``proc-receive`` has one partner to talk to."""

SIGN = "# Written by `maestro hooks install`; `maestro hooks remove` takes it away."

RECORDED = (
    "MAESTRO_LEDGER_URL",
    "TEMPORAL_ADDRESS",
    "TEMPORAL_CONFIG_FILE",
    "TEMPORAL_NAMESPACE",
    "TEMPORAL_PROFILE",
    "TEMPORAL_TLS",
)
"""Variables that lead to the stack and hold no secret; a ledger's address is left out where it has a password."""

UNSET = "unset"

Tell = Callable[[str], None]


def repository_at(path: Path) -> Path:
    """The bare repository at ``path``. Raises ``BadInput`` where it is none, or keeps its hooks elsewhere."""
    answer = ask(path, "rev-parse", "--is-bare-repository", "--absolute-git-dir")
    if not answer.ok:
        raise BadInput(
            f"{path} is no git repository that can be used here: {answer.error}",
            field="REPOSITORY",
            fix="name the folder of a bare repository (git init --bare FOLDER makes one)",
        )
    is_bare, folder = answer.output.splitlines()
    if is_bare != "true":
        raise BadInput(
            f"{path} has a work tree, whose files a push would leave behind",
            field="REPOSITORY",
            fix="name a bare repository; git clone --bare makes one of a clone",
        )
    # Asked without our own setting of it.
    elsewhere = ask(Path(folder), "config", "--show-origin", "--get-all", "core.hooksPath").output.splitlines()
    foreign = [entry for entry in elsewhere if not entry.startswith("command line:")]
    if foreign:
        raise BadInput(
            f"git runs the hooks of another folder for it: {foreign[-1].expandtabs(1)}",
            field="core.hooksPath",
            fix="take that setting away, or set core.hooksPath to hooks where it is set, and serve this one without it",
        )
    if Path(folder, "hooks").is_symlink():
        raise BadInput(
            "it is a link, so other repositories may have the same hooks",
            field=str(Path(folder, "hooks")),
            fix="make it a folder of this repository's own",
        )
    return Path(folder)


def install(folder: Path, wanted: Mapping[str, Sequence[str]], *, chain: bool, say: Tell) -> None:
    """Install into the bare repository ``folder``, with the settings ``wanted`` by their keys.

    Raises ``BadInput`` for a git that is too old, or a hook that was there before and may not be chained; nothing is
    changed then.
    """
    require_git()
    foreign = [name for name in HOOKS if _is_foreign(folder / "hooks" / name)]
    for name in foreign:
        _require_chainable(folder / "hooks" / name, chain=chain)
    settings = {**wanted, "maestro.environment": _environment(say)}
    (folder / "hooks").mkdir(exist_ok=True)
    for name in foreign:
        (folder / "hooks" / name).rename(folder / "hooks" / f"{name}{OWN}")
        say(f"{name}: the hook that was there is {name}{OWN} now, and runs first")
    for name in HOOKS:
        changed = _write(folder / "hooks" / name, _script(name))
        say(f"{name}: {'written' if changed else 'as it should be'}")
    _configure(folder, settings)


def remove(folder: Path, *, say: Tell) -> None:
    """Undo an installation; what was pushed for review, and what is known of it, stays."""
    for name in HOOKS:
        path = folder / "hooks" / name
        before = path.with_name(f"{name}{OWN}")
        if _is_foreign(path):
            say(f"{name}: not Maestro's, so left")
            continue
        path.unlink(missing_ok=True)
        if before.exists():
            before.rename(path)
            say(f"{name}: the hook of before is back")
    _unset(folder, PROC_RECEIVE_REFS, f"^{FOR_REVIEW}$")
    [*known] = configured(folder, "maestro").get(PUSH_OPTIONS_BEFORE, ())
    if known:
        _unset(folder, PUSH_OPTIONS)
        if known[-1] != UNSET:
            tell(folder, "config", PUSH_OPTIONS, known[-1])
    if configured(folder, "maestro"):
        tell(folder, "config", "--remove-section", "maestro")
    (folder / LOCK).unlink(missing_ok=True)
    say("removed; references under refs/maestro/ stay, since they keep what was conducted")


def problems(folder: Path) -> list[str]:
    """What keeps the hooks of ``folder`` from working, in a sentence each."""
    found: list[str] = []
    try:
        require_git()
    except MaestroError as error:
        found.append(str(error))
    for name in HOOKS:
        path = folder / "hooks" / name
        if not path.exists() or _is_foreign(path):
            found.append(f"{path} is {'another hook' if path.exists() else 'not there'}")
        elif path.read_text(encoding="utf-8") != _script(name):
            found.append(f"{path} is another version's, or another Python's: {shlex.quote(sys.executable)} is this one")
        elif not os.access(path, os.X_OK):
            found.append(f"{path} may not be run")
    if not is_handed_over(folder):
        found.append(f"{PROC_RECEIVE_REFS} has no {FOR_REVIEW}")
    if ask(folder, "config", "--type=bool", PUSH_OPTIONS).output.strip() != "true":
        found.append(f"{PUSH_OPTIONS} is not true, so git push -o is refused")
    return found


def _require_chainable(path: Path, *, chain: bool) -> None:
    kept = path.with_name(f"{path.name}{OWN}")
    if path.name not in CHAINED:
        fix = "take it away: two programs cannot answer for the same push"
    elif kept.exists():
        fix = f"take away one of {path.name} and {kept.name}"
    elif chain:
        return
    else:
        fix = f"say --chain, which renames it to {kept.name} and lets it run first, or take it away"
    raise BadInput("there is a hook already, which is not overwritten", field=str(path), fix=fix)


def _is_foreign(path: Path) -> bool:
    if not path.exists() and not path.is_symlink():
        return False
    return path.is_symlink() or SIGN.encode() not in path.read_bytes()


def _script(name: str) -> str:
    """By the Python that is running. ``-E`` and ``-P``: neither a pusher's variables nor the repository's own folder
    say where modules are.
    """
    return f"#!/bin/sh\n{SIGN}\nexec {shlex.quote(sys.executable)} -E -P -m gateway.hooks {name}\n"


def _write(path: Path, text: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == text and os.access(path, os.X_OK):
        return False
    beside = path.with_name(f"{path.name}.maestro-{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(0o755)
        beside.replace(path)
    except OSError as error:
        raise PlatformUnavailable(
            f"it cannot be written: {error.strerror}", field=str(path), fix="run this as the repository's owner"
        ) from error
    return True


def _configure(folder: Path, settings: Mapping[str, Sequence[str]]) -> None:
    if not is_handed_over(folder):
        tell(folder, "config", "--add", PROC_RECEIVE_REFS, FOR_REVIEW)
    if not configured(folder, "maestro").get(PUSH_OPTIONS_BEFORE):
        before = ask(folder, "config", "--local", PUSH_OPTIONS)
        tell(folder, "config", PUSH_OPTIONS_BEFORE, before.output.strip() if before.ok else UNSET)
    tell(folder, "config", PUSH_OPTIONS, "true")
    for key, values in settings.items():
        _unset(folder, key)
        for value in values:
            tell(folder, "config", "--add", key, value)


def _environment(say: Tell) -> list[str]:
    found = {"MAESTRO_HOME": str(home())}
    topology = topology_path().absolute()
    if topology != resource_path(FILE_NAME).absolute():
        found[TOPOLOGY] = str(topology)
    for name in RECORDED:
        value = os.environ.get(name, "")
        if name == "MAESTRO_LEDGER_URL" and "@" in value:
            say(f"{name} may hold a password, so it is not recorded: set it for whatever serves git")
        elif value:
            found[name] = str(Path(value).absolute()) if name == "TEMPORAL_CONFIG_FILE" else value
    return [f"{name}={value}" for name, value in found.items()]


def _unset(folder: Path, key: str, pattern: str = "") -> None:
    """Nothing to take away is no error."""
    ask(folder, "config", "--local", "--unset-all", key, *([pattern] if pattern else []))
