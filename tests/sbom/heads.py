"""A head made of the files that a test names, read as from a mirror."""

from pathlib import Path

from maestro.model.pull_request import PullRequest
from maestro.sbom import Bill, bill_of_materials
from tests.execution.repositories import Files, Repository


def bill_of(folder: Path, files: Files) -> Bill:
    """The bill of materials of a repository with one commit of ``files``."""
    repository = Repository(folder / "repository")
    return bill_at(repository, repository.commit(files))


def bill_at(repository: Repository, sha: str) -> Bill:
    """The bill of materials of one commit."""
    pull_request = PullRequest(
        repository="/somewhere", repo="acme/shop", pr="7", base_sha=sha, head_sha=sha, merge_base_sha=sha
    )
    return bill_of_materials(repository.folder / ".git", pull_request)


def names(bill: Bill) -> list[str]:
    """Every component as name and version."""
    return [f"{each.package.name} {each.package.version}" for each in bill.components]


def needs(bill: Bill, ref: str) -> tuple[str, ...]:
    """What one component requires."""
    return next(each.requires for each in bill.components if each.ref == ref)


def pinned(*requirements: str) -> str:
    """A requirements file."""
    return "".join(f"{each}\n" for each in requirements)
