"""``python -m gateway.hooks HOOK``: what the installed hooks run. A push that is not for review passes at once.

Nothing of Maestro is imported before it is needed: Maestro's own notes and merges come by here as well.
"""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

REFUSED = 1

OWN = ".before-maestro"
"""How the hook is called that was there before and still runs, ahead of ours."""

_MINE = {"pre-receive": (b" refs/for", b" refs/maestro/"), "post-receive": (b" refs/maestro/pull/",)}
"""What a line has to hold for the hook to have anything to do."""


def main() -> NoReturn:
    """Run the named hook; git takes another exit code than 0 of ``pre-receive`` for a refusal."""
    from workers.exit import Leave  # noqa: PLC0415 - see the module

    leave = Leave()
    try:
        leave(_run(sys.argv[1]))
    except KeyboardInterrupt:
        leave(REFUSED)


def _run(hook: str) -> int:
    if hook == "proc-receive":
        return _take_over()
    lines = sys.stdin.buffer.read()
    code = _before(hook, lines)
    if code == 0 and any(sign in lines for sign in _MINE[hook]):
        return _judge(lines) if hook == "pre-receive" else _tell(lines)
    return code


def _before(hook: str, lines: bytes) -> int:
    """Run the hook that was there before, as git would have."""
    program = Path("hooks", hook + OWN)
    if not os.access(program, os.X_OK):
        return 0
    try:
        return subprocess.run([program.absolute()], input=lines, check=False).returncode
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # Git gives a program without a first line that names its interpreter to the shell.
        return subprocess.run(["sh", program.absolute()], input=lines, check=False).returncode


def _judge(lines: bytes) -> int:
    from gateway.hooks.judging import judge  # noqa: PLC0415 - see the module
    from gateway.hooks.packets import commands_of  # noqa: PLC0415
    from gateway.hooks.push import taken_from  # noqa: PLC0415

    return _guarded(lambda: judge(taken_from(os.environ), commands_of(lines)))


def _tell(lines: bytes) -> int:
    from gateway.hooks.packets import commands_of  # noqa: PLC0415 - see the module
    from gateway.hooks.push import taken_from  # noqa: PLC0415
    from gateway.hooks.telling import tell  # noqa: PLC0415

    return _guarded(lambda: tell(taken_from(os.environ), commands_of(lines)))


def _take_over() -> int:
    # With a path as its address git's processes share the pusher's terminal: a Ctrl-C must not come between keeping
    # a head and starting it. All that follows has its limits of time.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Git reads answers there, so nothing else may write to it, not even a library that complains.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    from gateway.hooks.packets import receive, report  # noqa: PLC0415 - see the module
    from gateway.hooks.push import taken_from  # noqa: PLC0415
    from gateway.hooks.taking import take_over  # noqa: PLC0415

    def taken() -> None:
        push = taken_from(os.environ)
        received = receive(sys.stdin.buffer, answers)
        report(answers, take_over(push, received))

    return _guarded(taken)


def _guarded(work: Callable[[], None]) -> int:
    from gateway.hooks.voice import GoneError, complain, say_anyway  # noqa: PLC0415 - see the module
    from maestro.errors import MaestroError  # noqa: PLC0415

    try:
        work()
    except MaestroError as error:
        complain(error)
        return REFUSED
    except (GoneError, BrokenPipeError):
        return REFUSED
    except OSError as error:
        say_anyway(f"{error}; let the repository's owner mend what the system names")
        return REFUSED
    except Exception as error:  # noqa: BLE001 - whoever pushes is told, the owner finds the rest
        say_anyway(f"an error in Maestro itself ({type(error).__name__}); its owner finds it in logs/hooks.log")
        _write_down(error)
        return REFUSED
    return 0


def _write_down(error: Exception) -> None:
    """Not on the pusher's terminal: a message may quote what was pushed, and where things are on this machine."""
    import traceback  # noqa: PLC0415 - see the module

    from maestro.home import home  # noqa: PLC0415

    logs = home() / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (logs / "hooks.log").open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    main()
