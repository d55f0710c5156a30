"""Parses Python without running it and without a word on standard error."""

import ast
import warnings
from threading import Lock

_WARNINGS = Lock()
"""The filters that ``catch_warnings`` restores belong to the process; two threads would restore each other's."""


def parse(source: bytes | str) -> ast.Module | str:
    """The syntax tree, or why there is none, in words that follow the file's name."""
    try:
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        return f"cannot be parsed (line {error.lineno or 1}: {error.msg})"
    except (ValueError, MemoryError, RecursionError) as error:
        return f"cannot be parsed ({str(error) or 'nested too deeply'})"
