"""The uv commands that turn a recipe into an environment.

Only a command that can run no code of anybody writes into the cache that all environments share: it installs wheels
(``--no-build``). What has to be built is built with a cache of its own, which is thrown away.
"""

from pathlib import Path

from maestro.execution.environment.interpreter import Interpreter
from maestro.execution.environment.recipe import Recipe
from maestro.model.base import Model


class Step(Model):
    """One call of uv. A step that is not ``required`` only saves time: a later one does its work if it fails."""

    title: str
    arguments: tuple[str, ...]
    shared_cache: bool = False
    required: bool = True
    fix: str = ""


def steps(recipe: Recipe, interpreter: Interpreter, *, root: Path, output: Path) -> tuple[Step, ...]:
    """The commands in their order; ``output`` is a folder that they may write to, as they see it."""
    venv = root / "venv"
    install = ("pip", "install", "--python", str(venv / "bin" / "python"))
    needs = ("pytest", *recipe.install, *_pairs("-r", recipe.requirement_files))
    locked = str(output / "locked.txt")
    from_lock = (*install, "--no-deps", "-r", locked)
    declared = (*needs, *_declared(recipe))
    package = ("-e", _with_extras(".", recipe.extras)) if recipe.editable else ()
    plan = [
        Step(
            title="creating the environment",
            arguments=("venv", "--no-project", "--no-config", "--python", str(interpreter.program), str(venv)),
            fix="see whether the disk is full and whether this Python works on the machine",
        )
    ]
    if recipe.locked:
        plan += [
            Step(
                title="reading uv.lock",
                arguments=_export(recipe, locked),
                shared_cache=True,
                fix="run uv lock, commit it",
            ),
            Step(title="fetching", arguments=(*from_lock, "--no-build"), shared_cache=True, required=False),
            Step(title="installing what uv.lock names", arguments=from_lock, fix="see that uv.lock fits this platform"),
        ]
    plan += [
        Step(title="fetching", arguments=(*install, "--no-build", *declared), shared_cache=True, required=False),
        Step(
            title="installing the project and what its tests need",
            arguments=(*install, *declared, *package),
            fix="make this work in a clean clone, or name in maestro.yaml what the tests need: "
            "tests.extras, tests.groups, environment.install",
        ),
    ]
    return tuple(plan)


def _declared(recipe: Recipe) -> tuple[str, ...]:
    from_file = ("-r", "pyproject.toml", *_pairs("--extra", recipe.extras)) if recipe.declared else ()
    return (*from_file, *_pairs("--group", recipe.groups))


def _export(recipe: Recipe, target: str) -> tuple[str, ...]:
    chosen = (*_pairs("--extra", recipe.extras), *_pairs("--group", recipe.groups))
    return ("export", "--quiet", "--frozen", "--no-emit-project", "--no-default-groups", *chosen, "-o", target)


def _pairs(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for value in values for word in (option, value))


def _with_extras(package: str, extras: tuple[str, ...]) -> str:
    return f"{package}[{','.join(extras)}]" if extras else package
