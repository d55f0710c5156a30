"""What the GitHub workflows of a tree (which Gitea and Forgejo read too) let their jobs do.

The files belong to the pull request: sizes and nesting are capped, and one that cannot be read leaves facts unknown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from maestro.assurance.gitread import git
from maestro.config import yamlfile
from maestro.errors import BadInput

FILES_LIMIT: Final = 200
SIZE_LIMIT_BYTES: Final = 200_000
"""Far above what people write, and what can be parsed in a second or two."""

_WORKFLOW: Final = re.compile(r"\.(github|gitea|forgejo)/workflows/[^/]+\.ya?ml")
_OUTSIDE_TEXT: Final = re.compile(
    r"\$\{\{[^}]{0,300}\b(?:github\.head_ref|inputs\.|github\.event\.(?:inputs\."
    r"|(?:issue|pull_request|discussion|milestone)\.(?:title|body|description)"
    r"|(?:comment|review|review_comment)\.body|release\.(?:name|body|tag_name)"
    r"|pull_request\.head\.(?:ref|label|repo\.default_branch)|workflow_run\.(?:head_branch|display_title)"
    r"|(?:head_commit|commits[^}]{0,100})\.(?:message|author\.(?:name|email))|pages[^}]{0,100}\.page_name))"
)
"""Expressions whose text comes from outside: pasted into a script, it is run."""


@dataclass(frozen=True)
class Workflows:
    """Names of workflow files, sorted; the last three are None where one could not be read."""

    present: tuple[str, ...]
    default_permissions: tuple[str, ...] | None = None
    wide_permissions: tuple[str, ...] | None = None
    outside_text: tuple[str, ...] | None = None


def workflows(mirror: Path, blobs: Mapping[str, str]) -> Workflows:
    """What the workflow files among ``blobs`` (object ids by path) say."""
    present = tuple(sorted(path for path in blobs if _WORKFLOW.fullmatch(path)))
    if len(present) > FILES_LIMIT:
        return Workflows(present)
    try:
        read = {path: _read(mirror, blobs[path], path) for path in present}
    except BadInput:
        return Workflows(present)
    return Workflows(
        present,
        default_permissions=tuple(path for path in present if _takes_the_default(read[path])),
        wide_permissions=tuple(path for path in present if "write-all" in _permissions(read[path])),
        outside_text=tuple(path for path in present if any(map(_OUTSIDE_TEXT.search, _scripts(read[path])))),
    )


def _read(mirror: Path, blob: str, path: str) -> dict[str, Any]:
    if int(git(mirror, "cat-file", "-s", blob)) > SIZE_LIMIT_BYTES:
        raise BadInput("the workflow is too large to be read", field=path, fix="split it")
    try:
        text = git(mirror, "cat-file", "blob", blob).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("the workflow is not UTF-8", field=path, fix="save it as UTF-8") from error
    data, _ = yamlfile.read(text, source=path)
    if not isinstance(data, dict):
        raise BadInput("this is no workflow", field=path, fix="write `on` and `jobs`")
    return data


def _jobs(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = workflow.get("jobs")
    return [job for job in jobs.values() if isinstance(job, dict)] if isinstance(jobs, dict) else []


def _permissions(workflow: dict[str, Any]) -> list[str]:
    return [str(part["permissions"]) for part in (workflow, *_jobs(workflow)) if "permissions" in part]


def _takes_the_default(workflow: dict[str, Any]) -> bool:
    return "permissions" not in workflow and any("permissions" not in job for job in _jobs(workflow))


def _scripts(workflow: dict[str, Any]) -> Iterator[str]:
    for job in _jobs(workflow):
        steps = job.get("steps")
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step, dict):
                given = step.get("with")
                yield str(step.get("run", ""))
                yield str(given.get("script", "")) if isinstance(given, dict) else ""
