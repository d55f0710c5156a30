"""A command group that knows its commands by name and help line, and imports one only when it is used.

Temporal's client alone takes most of a second to import; ``maestro --help`` and a misspelt command should not wait.
"""

import errno
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from maestro.errors import MaestroError


class LazyGroup(click.Group):
    """``lazy`` maps a command's name to the place of its object (``module:name``) and its help line."""

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._lazy.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """A ``MaestroError`` is for whoever typed the command: its sentence, field and fix, and its exit code."""
        try:
            return super().invoke(ctx)
        except MaestroError as error:
            if ctx.find_root().params.get("debug"):
                raise
            click.echo(f"maestro: {error}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            if ctx.find_root().params.get("debug") or error.errno == errno.EPIPE:
                # Whoever read our output has gone: click ends such a command without a word.
                raise
            click.echo(f"maestro: {error}\n  fix: mend what the system names; --debug shows where it was", err=True)
            ctx.exit(MaestroError.exit_code)
