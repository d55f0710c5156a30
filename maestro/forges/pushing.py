"""One reference of a remote, read and moved by compare-and-swap: ``git push`` says which commit it must be at now.

The receiving side compares again under the reference's lock, so the answer holds whoever pushes at the same moment.
The receiving repository's own hooks run as they do for every push.
"""

import re
from pathlib import Path
from typing import Literal, NamedTuple

from maestro.errors import MaestroError, PlatformUnavailable
from maestro.execution.git import GitAnswer, ask

_SAFE = ("--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-signed", "--no-verify")
"""What a user's configuration must not add to a push that moves exactly one reference."""

_REJECTED = re.compile(r"^!\t\S+\t\[(?P<who>rejected|remote rejected)\] \((?P<why>.*)\)$", re.MULTILINE)

_OVERTAKEN = (
    "stale info",
    "fetch first",
    "non-fast-forward",
    "failed to update ref",
    "cannot lock ref",
    "incorrect old",
)
"""What git says when the reference was, or was just being, moved by somebody else."""


class Pushed(NamedTuple):
    """``moved`` by us; ``overtaken`` by somebody else, so look again; ``refused`` by the remote, for its ``reason``."""

    outcome: Literal["moved", "overtaken", "refused"]
    reason: str = ""


def tip(folder: Path, repository: str, reference: str) -> str:
    """The commit that ``reference`` is at in ``repository``, empty where there is no such reference.

    Raises as ``unreachable`` says.
    """
    answer = ask(folder, "ls-remote", "--quiet", "--", repository, reference)
    if not answer.ok:
        raise unreachable(repository, answer)
    found = (line.split("\t", 1) for line in answer.output.splitlines())
    # A pattern of ls-remote fits the end of a name as well.
    return next((sha for sha, name in found if name == reference), "")


def swap(folder: Path, repository: str, reference: str, *, old: str, new: str) -> Pushed:
    """Move ``reference`` from ``old`` (empty: it does not exist) to ``new``, a commit of ``folder``.

    Raises ``PlatformUnavailable`` where the remote did not say what became of it, BadInput where it did not let us in.
    """
    lease = f"--force-with-lease={reference}:{old}"
    answer = ask(folder, "push", *_SAFE, lease, "--", repository, f"{new}:{reference}")
    if answer.ok:
        return Pushed("moved")
    rejected = _REJECTED.search(answer.output)
    if rejected is None:
        raise unreachable(repository, answer)
    if rejected["who"] == "rejected" or any(sign in answer.output + answer.error for sign in _OVERTAKEN):
        return Pushed("overtaken", rejected["why"])
    return Pushed("refused", rejected["why"])


def unreachable(repository: str, answer: GitAnswer) -> MaestroError:
    """The error of a remote that did not answer, or did not let us in with what git was lent."""
    return answer.kept_out or PlatformUnavailable(
        f"{repository} does not answer git: {answer.error}",
        field="repository",
        fix="check the address, and that the workers may read and push there without a prompt",
    )
