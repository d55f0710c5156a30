"""A package index on the loopback address, with pytest and what it needs, packed from what is installed here."""

import contextlib
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path

PACKAGES = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name that the base class gives
        return


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has read enough of a wheel hangs up; that is no error of a test."""


def pack(folder: Path) -> None:
    """Write an index of ``PACKAGES`` into ``folder``: one page and one wheel for each."""
    for package in PACKAGES:
        found = distribution(package)
        page = folder / package
        page.mkdir(parents=True)
        wheel = f"{package}-{found.version}-py3-none-any.whl"
        with zipfile.ZipFile(page / wheel, "w") as archive:
            for file in found.files or ():
                if ".." not in file.parts and "__pycache__" not in file.parts:
                    archive.write(str(file.locate()), str(file))
        (page / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of an index of the pages in ``folder``."""
    with _Server(("127.0.0.1", 0), partial(_Silent, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
