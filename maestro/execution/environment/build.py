"""Builds an environment in place, under a lock, and marks it complete last: what a killed build left is built again.

Untrusted code may run while building, so this happens in the sandbox: with the network, because packages come from
there, but without a secret, and with the platform's own ports out of reach.
"""

import asyncio
import os
import re
import shutil
import time
from pathlib import Path

from uv import find_uv_bin

from maestro.config.project import ProjectConfig
from maestro.errors import BadInput
from maestro.execution.bench import SYSTEM_PATH, Access, Bench
from maestro.execution.environment.generated import files_in, keep, restore
from maestro.execution.environment.interpreter import Interpreter, find_interpreter
from maestro.execution.environment.key import environment_key
from maestro.execution.environment.recipe import Recipe, read_recipe
from maestro.execution.environment.steps import Step, steps
from maestro.execution.environment.variables import certificate_paths, index_ports, network_variables
from maestro.execution.locks import locked_async
from maestro.execution.output import last_lines
from maestro.execution.sandbox.view import Mount, mount
from maestro.model.base import Model
from maestro.model.pull_request import PullRequest
from maestro.model.tests import Problem

_MARKER = "complete.json"


class Environment(Model):
    """A built environment. ``root`` is read-only for tests; ``reused`` says that somebody had built it before."""

    key: str
    root: Path
    python: Path
    interpreter_prefix: Path
    build_seconds: float
    reused: bool = False

    @property
    def path(self) -> str:
        """The search path for programs: the environment's first."""
        return f"{self.python.parent}:{SYSTEM_PATH}"

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What a command must see to use the environment."""
        return (mount(self.root), mount(self.interpreter_prefix))


async def ensure(
    bench: Bench, *, pull_request: PullRequest, project: ProjectConfig, tree: str, version: str
) -> Environment | Problem:
    """The environment for the bench's worktree, built when there is none yet; a ``Problem`` when it cannot be built.

    ``tree`` is the id of the head's tree, ``version`` what a project is told that takes its version from git.
    """
    try:
        recipe = read_recipe(bench.worktree.source, project)
        interpreter = find_interpreter(recipe.requires_python)
    except BadInput as error:
        return Problem(kind="environment", message=f"{error.field}: {error.message}", fix=error.fix)
    owner = (pull_request.tenant, pull_request.repo)
    key = environment_key(
        recipe,
        bench.worktree.source,
        interpreter,
        owner=owner,
        tree=tree,
        isolation=bench.sandbox.isolation,
    )
    root = bench.places.environments / key
    async with locked_async(root.with_suffix(".lock")):
        if (root / _MARKER).is_file():
            built = Environment.model_validate_json((root / _MARKER).read_text(encoding="utf-8"))
            await asyncio.to_thread(restore, root / "generated", bench.worktree.source)
            return built.model_copy(update={"reused": True})
        if root.exists():
            await asyncio.to_thread(shutil.rmtree, root)
        root.mkdir(parents=True)
        return await _build(bench, recipe, interpreter, root, version=version)


async def _build(
    bench: Bench, recipe: Recipe, interpreter: Interpreter, root: Path, *, version: str
) -> Environment | Problem:
    started = time.monotonic()
    python = root / "venv" / "bin" / "python"
    before = await asyncio.to_thread(files_in, bench.worktree.source)
    output = root / "work"
    output.mkdir()
    for number, step in enumerate(steps(recipe, interpreter, root=root, output=bench.output(output))):
        log = root / f"build-{number}.log"
        problem = await _run_step(bench, step, interpreter, root, output=output, log=log, version=version)
        if problem is not None and step.required:
            return problem
    await asyncio.to_thread(keep, bench.worktree.source, before, root / "generated")
    await asyncio.to_thread(shutil.rmtree, output)
    environment = Environment(
        key=root.name,
        root=root,
        python=python,
        interpreter_prefix=interpreter.prefix,
        build_seconds=time.monotonic() - started,
    )
    marker = root / f"{_MARKER}.new"
    marker.write_text(environment.model_dump_json(), encoding="utf-8")
    marker.replace(root / _MARKER)
    return environment


async def _run_step(
    bench: Bench, step: Step, interpreter: Interpreter, root: Path, *, output: Path, log: Path, version: str
) -> Problem | None:
    variables = network_variables(os.environ)
    uv = Path(find_uv_bin())
    access = Access(
        mounts=(
            mount(root, writable=True),
            mount(interpreter.prefix),
            mount(uv),
            *((mount(bench.places.cache, writable=True),) if step.shared_cache else ()),
            *(mount(path) for path in certificate_paths(variables)),
        ),
        variables={
            **variables,
            **_version_variables(version),
            "UV_CACHE_DIR": str(bench.places.cache if step.shared_cache else bench.output(output) / "cache"),
            "UV_COMPILE_BYTECODE": "1",
            # A hard link would let the project's build write into the shared cache through the environment's files.
            "UV_LINK_MODE": "copy",
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        },
        path=f"{root / 'venv' / 'bin'}:{SYSTEM_PATH}",
        network=True,
        connect_ports=index_ports(variables),
    )
    argv = (str(uv), *step.arguments)
    ended = await bench.run(
        argv, access=access, output=output, log=log, total_seconds=bench.settings.build_timeout_seconds
    )
    if ended.exit_code == 0 and not ended.stopped:
        return None
    why = f"did not end ({ended.stopped})" if ended.stopped else "failed"
    return Problem(kind="environment", message=f"{step.title} {why}:\n{last_lines(log)}", fix=step.fix)


def _version_variables(version: str) -> dict[str, str]:
    """How the tools that read a version from git, which a worktree does not have, are told it instead."""
    number = re.search(r"\d+(?:\.\d+)+", version)
    value = number.group() if number else "0.0.0"
    names = (
        "SETUPTOOLS_SCM_PRETEND_VERSION",
        "PDM_BUILD_SCM_VERSION",
        "PBR_VERSION",
        "POETRY_DYNAMIC_VERSIONING_BYPASS",
    )
    return dict.fromkeys(names, value)
