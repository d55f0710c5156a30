"""What others' checks say of a head, all pages of it, in the form that ``maestro.assurance.checks`` reads; and which of
them the base branch requires.
"""

from datetime import datetime
from urllib.parse import quote

from maestro.canonical import canonical_json
from maestro.errors import PlatformUnavailable
from maestro.forges.github.api import PER_PAGE, Api
from maestro.forges.github.check_runs import NAME
from maestro.forges.github.refusal import RefusedError
from maestro.forges.http import Answer
from maestro.model.base import Model
from maestro.model.pull_request import PullRequest


class ChecksChangeError(PlatformUnavailable):
    """A check came or went between two pages."""


class HeadChecks(Model):
    """``document`` is JSON with every check run and commit status of the head but our own. ``required`` names what the
    base branch requires, without our own check; None where GitHub does not let us read it.
    """

    document: bytes
    required: tuple[str, ...] | None


class _App(Model):
    id: int | None = None
    slug: str | None = None


class _Run(Model):
    id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None = None
    started_at: datetime | None = None
    app: _App | None = None


class _Runs(Model):
    total_count: int
    check_runs: tuple[_Run, ...]


class _Status(Model):
    id: int
    context: str
    state: str
    updated_at: datetime


class _Combined(Model):
    sha: str
    total_count: int
    statuses: tuple[_Status, ...]


class _Context(Model):
    context: str


class _Parameters(Model):
    required_status_checks: tuple[_Context, ...] = ()


class _Rule(Model):
    type: str
    parameters: _Parameters | None = None


class _Contexts(Model):
    contexts: tuple[str, ...] = ()


class _Protection(Model):
    required_status_checks: _Contexts | None = None


class _Branch(Model):
    protection: _Protection | None = None


async def head_checks(api: Api, pull_request: PullRequest) -> HeadChecks:
    """Raises RefusedError where GitHub does not let us read them, ChecksChangeError where they change meanwhile."""
    repo, head_sha = pull_request.repo, pull_request.head_sha
    runs = [page.read(_Runs) for page in await _pages(api, repo, f"commits/{head_sha}/check-runs")]
    combined = [page.read(_Combined) for page in await _pages(api, repo, f"commits/{head_sha}/status")]
    checks = tuple(run for page in runs for run in page.check_runs)
    statuses = tuple(status for page in combined for status in page.statuses)
    # A run that is added between two pages moves another one onto the page that was read already.
    if (len({run.id for run in checks}), len(statuses)) != (runs[-1].total_count, combined[-1].total_count):
        raise ChecksChangeError(
            "the checks of the head change while they are read", field=repo, fix="it is tried again by itself"
        )
    own = await api.login()
    others = [run for run in checks if not (run.name == NAME and run.app and f"{run.app.slug}[bot]" == own)]
    document = {
        "sha": combined[-1].sha,
        "total_count": len(others) + len(statuses),
        "check_runs": [run.model_dump(mode="json") for run in others],
        "statuses": [status.model_dump(mode="json") for status in statuses],
    }
    return HeadChecks(document=canonical_json(document).encode(), required=await _required(api, pull_request))


async def _pages(api: Api, repo: str, path: str) -> list[Answer]:
    return await api.pages(repo, path, query={"per_page": PER_PAGE})


async def _required(api: Api, pull_request: PullRequest) -> tuple[str, ...] | None:
    """By rulesets, and by the older protection of branches."""
    if not pull_request.base_ref:
        return None
    branch = quote(pull_request.base_ref, safe="")
    try:
        rules = await api.pages(pull_request.repo, f"rules/branches/{branch}")
        protected = (await api.get(pull_request.repo, f"branches/{branch}")).read(_Branch).protection
    except RefusedError:
        return None
    named = {
        check.context
        for page in rules
        for rule in page.read(list[_Rule])
        if rule.type == "required_status_checks" and rule.parameters
        for check in rule.parameters.required_status_checks
    }
    if protected and protected.required_status_checks:
        named |= set(protected.required_status_checks.contexts)
    return tuple(sorted(named - {NAME}))
