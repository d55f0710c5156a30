"""Every command of the documentation: those for this machine are run, those for another are read by their program."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
import yaml

from docs.sample import make
from gateway.cli import cli
from tests.docs.pages import CODE, PAGES, ROOT, Block, blocks, commands, inline_code
from tests.localstack import LIMIT_SECONDS, LocalStack

PROGRAMS = Path(sys.executable).parent


def pages_with(*languages: str) -> list[str]:
    return [page for page in PAGES if blocks(page, *languages)]


def run(block: Block, stack: LocalStack, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = stack.environment | {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    if any(commands(block.text, "temporal")):
        # Temporal's own command looks for a server on its usual port; this one has a free one.
        environment["TEMPORAL_ADDRESS"] = stack.state().address
    return subprocess.run(
        ["sh", "-eu", "-c", block.text],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )


@pytest.mark.parametrize("page", pages_with("sh"))
def test_the_commands_of_a_page_do_what_it_says(page: str, stack: LocalStack, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    make(folder, owner=page)
    for block in blocks(page, "sh"):
        done = run(block, stack, folder)
        assert done.returncode == block.exit_code, f"{block}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", pages_with("text", "yaml", "console"))
def test_maestro_accepts_the_commands_for_other_machines(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The files that such a command names are on that other machine.
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, _param, _context: value)
    for block in blocks(page, "text", "yaml", "console"):
        for words in maestro_commands(block):
            try:
                parse(cli, words)
            except click.UsageError as error:
                pytest.fail(f"{block}: maestro {' '.join(words)}: {error.format_message()}")


def maestro_commands(block: Block) -> Iterator[list[str]]:
    texts = strings(yaml.safe_load(block.text)) if block.language == "yaml" else [block.text]
    for text in texts:
        if "maestro " in text:
            yield from commands(text, "maestro")


def strings(value: object) -> Iterator[str]:
    """Every text in a YAML document, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def parse(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Read the command line as it would be read, and run nothing."""
    if not isinstance(command, click.Group):
        command.make_context(command.name, list(words), parent=parent)
        return
    context = click.Context(command, info_name=command.name, parent=parent)
    _, inner, rest = command.resolve_command(context, list(words))
    assert inner is not None
    parse(inner, rest, context)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_that_a_sentence_names_exists(page: str) -> None:
    for code in inline_code(page):
        program, *words = code.split()
        if program == "maestro":
            assert unknown_word(words) is None, f"{page}: {code}"


def test_every_command_that_the_code_and_the_controls_advise_exists() -> None:
    advised = {
        (path.relative_to(ROOT).as_posix(), code)
        for folder in (*CODE, "controls", "policies", "templates")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in {".py", ".yaml", ".rego", ".j2", ".md"}
        for code in re.findall(r"`maestro ([a-z][^`]*)`", path.read_text(encoding="utf-8"))
    }
    assert advised
    assert [each for each in sorted(advised) if unknown_word(each[1].split())] == []


def unknown_word(words: list[str]) -> str | None:
    """The first word that is neither a command nor an option of the command before it; values are not looked at."""
    command: click.Command = cli
    for word in words:
        if word.startswith("-"):
            options = {
                option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
            }
            if word not in options:
                return word
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return word
            command = found
    return None


@pytest.mark.parametrize("page", pages_with("text"))
def test_temporal_accepts_the_options_of_its_commands(page: str) -> None:
    for block in blocks(page, "text"):
        for words in commands(block.text, "temporal"):
            options = [word for word in words if word.startswith("--")]
            names = words[: words.index(options[0])] if options else words
            told = temporal(*names, "--help") + temporal("options")
            assert all(option in told for option in options), f"{block}: {' '.join(words)}"


def temporal(*words: str) -> str:
    return subprocess.run([PROGRAMS / "temporal", *words], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("page", pages_with("text"))
def test_every_module_that_is_run_exists(page: str) -> None:
    for block in blocks(page, "text"):
        for program in ("python", ".venv/bin/python"):
            for flag, module, *_ in commands(block.text, program):
                assert flag == "-m"
                assert find_spec(module) is not None, f"{block}: {module}"


@pytest.mark.parametrize("page", pages_with("console"))
def test_every_make_target_exists(page: str) -> None:
    targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()}
    for block in blocks(page, "console"):
        for target, *_ in commands(block.text, "make"):
            assert target in targets, f"{block}: make {target}"
