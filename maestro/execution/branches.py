"""Which commit a repository's main branch is at."""

from maestro.errors import BadInput
from maestro.execution.git import ask
from maestro.execution.places import Places

USUAL_NAMES = ("refs/heads/main", "refs/heads/master")


def main_branch(repository: str, *, places: Places) -> tuple[str, str]:
    """Name and commit of the main branch: what HEAD of a bare or remote repository names.

    HEAD of a clone that somebody works in is whatever is checked out, so a branch of a usual name comes first there.
    Raises ``BadInput`` when the repository cannot be asked or has no commit.
    """
    answer = ask(places.mirrors, "ls-remote", "--symref", "--", repository, "HEAD", *USUAL_NAMES)
    if not answer.ok:
        raise BadInput(
            f"{repository} cannot be asked for its branches: {answer.error}",
            field="repository",
            fix="check that it still exists and that this machine may read it without a prompt",
        )
    lines = [line.split("\t") for line in answer.output.splitlines()]
    target = next((left.removeprefix("ref: ") for left, name in lines if left.startswith("ref: ")), "")
    commits = {name: left for left, name in lines if not left.startswith("ref: ")}
    if "HEAD" in commits:
        commits.setdefault(target or "HEAD", commits["HEAD"])
    wanted = (target, *USUAL_NAMES) if target in USUAL_NAMES else (*USUAL_NAMES, target or "HEAD")
    for name in wanted:
        if name in commits:
            return name.removeprefix("refs/heads/"), commits[name]
    raise BadInput(f"{repository} has no commit", field="repository", fix="push a first commit")
