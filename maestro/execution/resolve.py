"""From what a person names (a repository and two revisions) to a pull request, or a clear error before anything starts.

Looks only; of a remote repository it fetches the two commits into the mirror.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

from maestro.errors import BadInput
from maestro.execution import mirror
from maestro.execution.git import ask, tell
from maestro.execution.places import Places
from maestro.model.pull_request import SHA_PATTERN, AuthorKind, PullRequest
from maestro.words import count

_ADDRESS = re.compile(r"^(?:(?:https?|ssh|git|file)://|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:)")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def resolve_pull_request(
    repository: str,
    *,
    base: str,
    head: str,
    places: Places,
    pr: str = "",
    tenant: str = "default",
    author_kind: AuthorKind = AuthorKind.HUMAN,
) -> PullRequest:
    """The pull request that merges ``head`` into ``base`` in ``repository`` (a path, or an address git can fetch).

    Raises ``BadInput`` that names ``repository``, ``base`` or ``head`` and the fix; ``PlatformUnavailable`` when git
    is missing.
    """
    if is_address(repository):
        _refuse_a_password(repository)
        folder, base_sha, head_sha = _fetched(repository, base, head, places=places)
        where, notes = repository, []
    else:
        folder = _local(repository)
        where, notes = str(folder), _uncommitted(folder)
        base_sha, head_sha = _commit(folder, base, field="base"), _commit(folder, head, field="head")
    merge_base_sha = _merge_base(folder, base_sha, head_sha)
    author, title = tell(folder, "log", "-1", "--format=%an <%ae>%n%s", head_sha).split("\n", 1)
    return PullRequest(
        repository=where,
        repo=repo_name(where, folder),
        pr=_NOT_IN_A_NAME.sub("-", pr) or f"local-{base_sha[:12]}",
        base_sha=base_sha,
        head_sha=head_sha,
        merge_base_sha=merge_base_sha,
        title=_readable(title),
        author=_readable(author),
        author_kind=author_kind,
        tenant=tenant,
        contributors=_contributors(folder, merge_base_sha, head_sha),
        notes=(*notes, *_shallow(folder), *_submodules(folder, head_sha), *_large_files(folder, head_sha)),
    )


CONTRIBUTORS_LIMIT = 100
"""People named on a pull request; of more, those of the newest commits."""


def _contributors(folder: Path, merge_base_sha: str, head_sha: str) -> tuple[str, ...]:
    """Whoever wrote one of the commits, alone or with others: none of them is a second person who looks at it."""
    form = "%an <%ae>%n%(trailers:key=Co-authored-by,valueonly)"
    said = tell(folder, "log", f"--format={form}", f"{merge_base_sha}..{head_sha}")
    names = dict.fromkeys(_readable(line) for line in said.splitlines() if line.strip())
    return tuple(names)[:CONTRIBUTORS_LIMIT]


def is_address(repository: str) -> bool:
    """Whether ``repository`` is an address that git fetches from, and not a path."""
    return _ADDRESS.match(repository) is not None


def _refuse_a_password(repository: str) -> None:
    if "://" in repository and urlsplit(repository).password is not None:
        raise BadInput(
            "the address carries a password, which would be written into histories and cards",
            field="repository",
            fix="take it out of the address and give it to git by a credential helper",
        )


def _local(repository: str) -> Path:
    folder = Path(repository).expanduser().absolute()
    if not folder.is_dir():
        raise BadInput(
            f"{repository!r} is no folder and no address that git can fetch",
            field="repository",
            fix="give the path of a clone, or an address such as https://host/owner/name",
        )
    answer = ask(folder, "rev-parse", "--is-inside-work-tree", "--absolute-git-dir")
    if not answer.ok:
        owner = "dubious ownership" in answer.error
        raise BadInput(
            f"{folder} belongs to another user" if owner else f"{folder} is not a git repository",
            field="repository",
            fix=f"git config --global --add safe.directory {folder}" if owner else "give the path of a git clone",
        )
    inside, git_dir = answer.output.splitlines()
    return Path(tell(folder, "rev-parse", "--show-toplevel")) if inside == "true" else Path(git_dir)


def _uncommitted(folder: Path) -> list[str]:
    if tell(folder, "rev-parse", "--is-inside-work-tree") != "true":
        return []
    changed = [entry for entry in tell(folder, "status", "--porcelain", "-z").split("\0") if entry]
    if not changed:
        return []
    return [f"{count(len(changed), 'uncommitted change')} in the work tree left aside: only the commit is conducted"]


def _commit(folder: Path, revision: str, *, field: str) -> str:
    answer = ask(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if answer.ok:
        return answer.output.strip()
    shallow = _is_shallow(folder)
    raise BadInput(
        f"{revision!r} is no commit of {folder}" + (", which is a shallow clone" if shallow else ""),
        field=field,
        fix="fetch the whole history: git fetch --unshallow (in CI: fetch-depth: 0)"
        if shallow
        else "name a branch, a tag or a commit that git log shows there",
    )


def _fetched(repository: str, base: str, head: str, *, places: Places) -> tuple[Path, str, str]:
    advertised = _advertised(repository, places=places)
    base_sha = _remote_commit(repository, base, advertised, field="base")
    head_sha = _remote_commit(repository, head, advertised, field="head")
    folder = mirror.fetch(repository, _name_in_address(repository), (base_sha, head_sha), places=places)
    return folder, base_sha, head_sha


def _advertised(repository: str, *, places: Places) -> dict[str, str]:
    answer = ask(places.mirrors, "ls-remote", "--quiet", "--", repository)
    if not answer.ok:
        raise answer.kept_out or BadInput(
            f"{repository} cannot be read: {answer.error}",
            field="repository",
            fix="check the address and that this machine may read it without a prompt",
        )
    return {name: sha for sha, name in (line.split("\t", 1) for line in answer.output.splitlines())}


def _remote_commit(repository: str, revision: str, advertised: dict[str, str], *, field: str) -> str:
    if re.match(SHA_PATTERN, revision):
        return revision
    # An annotated tag stands under its own name and, with ^{}, as the commit that it points to.
    for name in (f"refs/tags/{revision}^{{}}", f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
        if name in advertised:
            return advertised[name]
    raise BadInput(
        f"{repository} has no branch or tag {revision!r}",
        field=field,
        fix="give the whole commit id, or a branch or tag that git ls-remote shows",
    )


def _merge_base(folder: Path, base_sha: str, head_sha: str) -> str:
    if base_sha == head_sha:
        raise BadInput(
            f"base and head are the same commit {head_sha[:12]}: there is nothing to conduct",
            field="head",
            fix="name two different commits",
        )
    answer = ask(folder, "merge-base", base_sha, head_sha)
    merge_base_sha = answer.output.strip()
    if not merge_base_sha:
        shallow = _is_shallow(folder)
        raise BadInput(
            f"base {base_sha[:12]} and head {head_sha[:12]} share no history"
            + (" in this shallow clone" if shallow else ""),
            field="base",
            fix="fetch the whole history: git fetch --unshallow (in CI: fetch-depth: 0)"
            if shallow
            else "name a base that the head was branched from",
        )
    if merge_base_sha == head_sha:
        raise BadInput(
            f"base {base_sha[:12]} already contains head {head_sha[:12]}: there is nothing to merge",
            field="head",
            fix="exchange base and head, or name a newer head",
        )
    return merge_base_sha


def repo_name(where: str, folder: Path) -> str:
    """The short name of the repository in ``folder``: by its origin's address, else by the place ``where`` it is."""
    origin = ask(folder, "remote", "get-url", "origin")
    if origin.ok and is_address(origin.output):
        return _name_in_address(origin.output.strip())
    return _name_in_address(where)


def _name_in_address(address: str) -> str:
    """``owner/name`` of a forge's address; the folder's name of a path."""
    path = address.split("://", 1)[-1].replace("\\", "/")
    local = address.startswith(("/", "file://"))
    after_host = path if local else re.split(r"[:/]", path, maxsplit=1)[-1]
    parts = [_NOT_IN_A_NAME.sub("-", part).strip("-") for part in after_host.split("/")]
    parts = [part for part in parts if part not in {"", ".", ".."}]
    if parts and parts[-1] == ".git":
        parts.pop()
    named = parts[-1:] if local else parts[-2:]
    return "/".join(named).removesuffix(".git") or "repository"


def _shallow(folder: Path) -> tuple[str, ...]:
    return ("the clone is shallow: only the history that it has was looked at",) if _is_shallow(folder) else ()


def _is_shallow(folder: Path) -> bool:
    return tell(folder, "rev-parse", "--is-shallow-repository") == "true"


def _submodules(folder: Path, sha: str) -> tuple[str, ...]:
    entries = tell(folder, "ls-tree", "-r", "-z", "--full-tree", sha).split("\0")
    names = [_readable(entry.split("\t", 1)[1]) for entry in entries if entry.startswith("160000 ")]
    if not names:
        return ()
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return (f"{count(len(names), 'submodule')} not checked out, so with an empty folder each: {shown}",)


def _large_files(folder: Path, sha: str) -> tuple[str, ...]:
    attributes = ask(folder, "cat-file", "blob", f"{sha}:.gitattributes")
    if attributes.ok and "filter=lfs" in attributes.output:
        return ("files kept in Git LFS are not fetched: the tests see their pointers",)
    return ()


def _readable(text: str) -> str:
    """``text`` with bytes that are not UTF-8 spelled out, since a card cannot carry them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
