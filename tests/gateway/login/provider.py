"""A real OpenID provider on this machine, in a process of its own."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

START_SECONDS = 60.0

_ADDRESS = re.compile(r"running on (http://\S+) ")


@contextmanager
def running(users: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Its issuer, while it runs. ``users`` are claims, each with a ``sub``; it gives codes to whoever asks as one."""
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", "0", "--require-nonce", "true"]
    for user in users:
        command += ["--user-claims", json.dumps(user)]
    # It speaks plain HTTP, which it has to be allowed.
    environment = os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryFile("a+") as said:
        made = subprocess.Popen(command, env=environment, stderr=subprocess.STDOUT, stdout=said)
        try:
            yield _address(made, said)
        finally:
            made.terminate()
            made.wait(timeout=30)


def _address(made: subprocess.Popen[bytes], said: IO[str]) -> str:
    end = time.monotonic() + START_SECONDS
    while True:
        said.seek(0)
        text = said.read()
        if found := _ADDRESS.search(text):
            return found[1]
        assert made.poll() is None and time.monotonic() < end, f"the provider did not start:\n{text}"  # noqa: PT018
        time.sleep(0.05)
