"""Names an environment by everything that decides what is in it, so that equal ones are built once and no pull request
can put something into the environment of another.
"""

import hashlib
import platform
from pathlib import Path

from maestro.execution.environment.interpreter import Interpreter
from maestro.execution.environment.recipe import Recipe
from maestro.execution.settings import Isolation

FORMAT = "1"
"""Raise it when environments are built differently, so that older ones are not taken for equal."""


def environment_key(
    recipe: Recipe, worktree: Path, interpreter: Interpreter, *, owner: tuple[str, str], tree: str, isolation: Isolation
) -> str:
    """A short digest of the interpreter, the owner (tenant and repository) and the files of ``recipe``.

    ``tree`` (the id of the head's tree) counts only where building runs code of the tree: then the environment is as
    trusted as that tree, and serves no other.
    """
    digest = hashlib.sha256()
    for part in (
        FORMAT,
        interpreter.model_dump_json(),
        platform.platform(),
        *owner,
        isolation,
        recipe.model_dump_json(),
        tree if recipe.runs_tree_code else "",
    ):
        _add(digest, part.encode())
    for name in recipe.files:
        _add(digest, name.encode("utf-8", "surrogateescape"))
        _add(digest, (worktree / name).read_bytes())
    return digest.hexdigest()[:32]


def _add(digest: "hashlib._Hash", part: bytes) -> None:
    # The length first: otherwise a byte moved from one part to the next would give the same digest.
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)
