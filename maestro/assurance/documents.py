"""What a file is for, by where it stands: documents that a project owes its users, manifests, lock files, tests.

Names only: what a document says takes a reader.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

TOP: Final = frozenset({""})
FORGE_FOLDERS: Final = frozenset({"", ".github", ".gitlab", ".gitea", ".forgejo", "docs"})
"""Where forges look for these documents."""

_SUFFIX: Final = r"(\.(md|rst|txt|adoc|asciidoc|org|html))?"
DOCUMENTS: Final[dict[str, tuple[re.Pattern[str], frozenset[str]]]] = {
    "readme_present": (re.compile(rf"readme{_SUFFIX}", re.IGNORECASE), TOP),
    "security_policy_present": (re.compile(rf"security{_SUFFIX}", re.IGNORECASE), FORGE_FOLDERS),
    "contributing_present": (re.compile(rf"contributing{_SUFFIX}", re.IGNORECASE), FORGE_FOLDERS),
    "code_owners_present": (re.compile("CODEOWNERS"), FORGE_FOLDERS),
    "governance_present": (re.compile(rf"(governance|maintainers){_SUFFIX}", re.IGNORECASE), FORGE_FOLDERS),
    "changelog_present": (re.compile(rf"(changelog|changes|history|news){_SUFFIX}", re.IGNORECASE), FORGE_FOLDERS),
}
"""By the name of the fact: how the file is called, and the folders in which it counts."""

_MANIFEST: Final = re.compile(
    r"pyproject\.toml|setup\.(py|cfg)|Pipfile|(.*[-_])?requirements([-_.].*)?\.(txt|in)|environment\.ya?ml|package\.json"
    r"|go\.mod|Cargo\.toml|pom\.xml|build\.gradle(\.kts)?|Gemfile|.*\.gemspec|composer\.json|.*\.(cs|fs|vb)proj"
    r"|mix\.exs|pubspec\.yaml|Package\.swift|Podfile|conanfile\.(txt|py)|vcpkg\.json"
)
_LOCK_FILE: Final = re.compile(
    r"(poetry|uv|pdm|Pipfile|yarn|Cargo|Gemfile|composer|mix|pubspec|Podfile|flake|bun|conan|deno)\.lock|bun\.lockb"
    r"|pylock(\..+)?\.toml|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|gradle\.lockfile"
    r"|packages\.lock\.json|Package\.resolved|conda-lock\.ya?ml"
)
_SOURCE: Final = re.compile(
    r".*\.(py|pyx|js|jsx|mjs|cjs|ts|tsx|go|rs|java|kt|kts|scala|c|cc|cpp|cxx|h|hh|hpp|cs|fs|rb|php|swift|m|mm|ex|exs|erl"
    r"|clj|hs|ml|lua|pl|pm|r|jl|dart|zig|nim|sh|bash|ps1|rego|sql|vue|svelte)",
    re.IGNORECASE,
)
_TEST_FOLDER: Final = frozenset({"test", "tests", "spec", "specs", "__tests__", "testing", "e2e"})
_TEST_NAME: Final = re.compile(
    r"test_.*|conftest\.py|.*_(test|spec)\.[a-z]+|.*\.(test|spec)\.[a-z]+|.*(Test|Tests|Spec)\.(java|kt|scala|cs|php|swift)"
)
_MEDIA: Final = re.compile(
    r".*\.(png|jpe?g|gif|webp|avif|bmp|ico|icns|tiff?|psd|svgz|pdf|mp3|ogg|oga|opus|wav|flac|m4a|mp4|m4v|webm|mov|avi|mkv"
    r"|ttf|otf|woff2?|eot)",
    re.IGNORECASE,
)


def stands_in(paths: Iterable[str], wanted: tuple[re.Pattern[str], frozenset[str]]) -> bool:
    """Whether one of the files has the name, in one of the folders."""
    name, folders = wanted
    split = (path.rpartition("/") for path in paths)
    return any(folder in folders and name.fullmatch(base) for folder, _, base in split)


def is_manifest(path: str) -> bool:
    """Whether dependencies are declared in it."""
    return _MANIFEST.fullmatch(PurePosixPath(path).name) is not None


def is_lock_file(path: str) -> bool:
    """Whether it holds the exact versions of dependencies."""
    return _LOCK_FILE.fullmatch(PurePosixPath(path).name) is not None


def is_test(path: str) -> bool:
    """Whether it belongs to a test suite."""
    file = PurePosixPath(path)
    return _TEST_NAME.fullmatch(file.name) is not None or not _TEST_FOLDER.isdisjoint(file.parts[:-1])


def is_source(path: str) -> bool:
    """Whether it is source that tests could be about."""
    return _SOURCE.fullmatch(path) is not None and not is_test(path)


def is_media(path: str) -> bool:
    """Whether a reviewer can look at it or listen to it, if its name is true."""
    return _MEDIA.fullmatch(path) is not None
