"""How long a head's bill of materials and its assessment take, by number of components.

``python -m benchmarks.sbom --advisories PATH [--components 2000]``; PATH is a folder or archive of advisories in OSV
form.
The lock file names every package that the advisories name and fills up with others; one in twenty is an old release.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from maestro.model.pull_request import PullRequest
from maestro.sbom import Ecosystem, assess, bill_of_materials, import_advisories, open_snapshot

ResultT = TypeVar("ResultT")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--advisories", type=Path, required=True)
    parser.add_argument("--components", type=int, default=2_000)
    given = parser.parse_args()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "advisories"
        taken = timed(
            "import",
            lambda: import_advisories(
                [given.advisories], taken=now.date(), now=now, folder=home, ecosystems=[Ecosystem.PYPI]
            ),
        )
        for count in (given.components // 4, given.components // 2, given.components):
            print(f"{count} components, {taken.about.ecosystems['PyPI'].advisories} advisories")
            pull_request = commit(Path(folder) / str(count), lock_file(home, count))
            bill = timed("  bill", partial(bill_of_materials, Path(pull_request.repository) / ".git", pull_request))
            snapshot = timed("  open", lambda: open_snapshot(home))
            found = timed("  assess", partial(assess, bill, snapshot, now=now))
            print(f"  {len(found.flaws)} flaws, {len(found.document):,} bytes")


def timed(what: str, action: Callable[[], ResultT]) -> ResultT:
    began, used = time.perf_counter(), time.process_time()
    result = action()
    print(f"{what}: {time.perf_counter() - began:.3f} s, of which {time.process_time() - used:.3f} s on a processor")
    return result


def lock_file(home: Path, count: int) -> str:
    """A ``uv.lock`` whose packages each need the two after them."""
    lines = (home / "advisories.osv.tsv").read_text(encoding="utf-8").splitlines()[1:]
    known = [line.split("\t")[1] for line in lines][:count]
    names = [*known, *(f"made-up-{at}" for at in range(count - len(known)))]
    entries = [
        f'[[package]]\nname = "{name}"\nversion = "{1 if at % 20 == 0 else 9999}.{at % 9}.{at % 5}"\n'
        f'source = {{ registry = "r" }}\n'
        f'dependencies = [{{ name = "{names[(at + 1) % count]}" }}, {{ name = "{names[(at + 2) % count]}" }}]\n'
        + "".join(f'[[package.wheels]]\nurl = "u"\nhash = "sha256:{at * 7 + wheel:064x}"\n' for wheel in range(5))
        for at, name in enumerate(names)
    ]
    return "version = 1\n" + "\n".join(entries)


def commit(folder: Path, lock: str) -> PullRequest:
    folder.mkdir()
    (folder / "uv.lock").write_text(lock, encoding="utf-8")
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "lock"),
    ):
        subprocess.run(["git", "-C", folder, *words], check=True)
    sha = subprocess.run(
        ["git", "-C", folder, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return PullRequest(repository=str(folder), repo="shop", pr="1", base_sha=sha, head_sha=sha, merge_base_sha=sha)


if __name__ == "__main__":
    main()
