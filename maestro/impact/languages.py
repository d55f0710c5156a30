"""Which files are source code, in whatever language: what tests execute, and what a past of builds can speak for."""

import posixpath
from typing import Final

_SUFFIXES: Final = frozenset(
    {
        *(".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".m", ".mm", ".rs", ".go", ".zig", ".swift", ".d"),
        *(".java", ".kt", ".kts", ".scala", ".groovy", ".clj", ".cs", ".fs", ".vb", ".dart"),
        *(".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".php"),
        *(".py", ".pyx", ".pyi", ".rb", ".pl", ".pm", ".lua", ".r", ".jl", ".ex", ".exs", ".erl", ".hs", ".ml", ".mli"),
    }
)

_BUILDS: Final = frozenset({"build.rs", "mix.exs", "package.swift", "setup.py"})
"""Written in a language, and yet they decide what is installed or built."""

_SETTINGS: Final = (".config.", ".gradle.", ".setup.")
"""What the names of settings that are programs contain, such as ``vitest.config.ts`` and ``build.gradle.kts``."""


def is_source(path: str) -> bool:
    """The file is code, by its name; settings, builds, data and lock files are not."""
    name = posixpath.basename(path).lower()
    if name in _BUILDS or any(part in name for part in _SETTINGS):
        return False
    return posixpath.splitext(name)[1] in _SUFFIXES
