"""Asks other people's verifiers about a bundle, with the very commands of `docs/attestations.md`, without a network."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.docs.pages import blocks
from tests.outside.tools import COSIGN, SLSA_VERIFIER, NotHereError, need

PAGE = "docs/attestations.md"
LIMIT_SECONDS = 120
NOWHERE = "http://127.0.0.1:9"
"""Nobody answers there: whoever asks the network fails, also where no network namespace can be had."""


@dataclass(frozen=True)
class Question:
    """A bundle's folder, the key that the auditor has, and what is asked about it."""

    folder: Path
    key: Path
    key_id: str
    head: str
    resource: str
    level: str


def openssl(question: Question, *, ed25519: bool = False) -> subprocess.CompletedProcess[str]:
    """Whether each signature is the key's."""
    text = documented("openssl dgst")
    if ed25519:
        replaced = 'openssl dgst -sha256 -verify "$KEY" -signature ../checked/signature ../checked/signed'
        other = (
            'openssl pkeyutl -verify -pubin -inkey "$KEY" -rawin -in ../checked/signed -sigfile ../checked/signature'
        )
        assert replaced in text
        text = text.replace(replaced, other)
    return _run(text, question, {"openssl": _program("openssl"), "python3": _program("python3")})


def cosign(question: Question) -> subprocess.CompletedProcess[str]:
    """Whether the key signed a summary of this index and commit, and a decision and provenance of this commit."""
    return _run(documented("cosign verify"), question, {"cosign": need(COSIGN), "jq": _program("jq")})


def slsa_verifier(question: Question) -> subprocess.CompletedProcess[str]:
    """Whether the control held for the commit, under a green decision."""
    return _run(documented("slsa-verifier verify-vsa"), question, {"slsa-verifier": need(SLSA_VERIFIER)})


def documented(command: str) -> str:
    """The one block of the page that has this command."""
    (found,) = (block for block in blocks(PAGE, "bash") if command in block.text)
    return found.text


@cache
def without_network() -> tuple[str, ...]:
    """What runs a command in a network namespace where there is nothing; empty where that is not allowed."""
    command = ("unshare", "--map-root-user", "--net")
    if shutil.which("unshare") is None:
        return ()
    return command if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else ()


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise NotHereError(f"{name} is not here; every Linux distribution has a package of it")
    return Path(found)


def _run(text: str, question: Question, programs: Mapping[str, Path]) -> subprocess.CompletedProcess[str]:
    own = question.folder.parent / "programs"
    own.mkdir(exist_ok=True)
    for name, path in programs.items():
        if not (own / name).exists():
            (own / name).symlink_to(path)
    environment = {
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        # A home without a cache of anything: what the verifiers know, they know from the command line.
        "HOME": str(own),
        "HTTPS_PROXY": NOWHERE,
        "HTTP_PROXY": NOWHERE,
        "KEY": str(question.key),
        "KEY_ID": question.key_id,
        "HEAD": question.head,
        "RESOURCE": question.resource,
        "LEVEL": question.level,
    }
    return subprocess.run(
        [*without_network(), "sh", "-eu", "-c", text],
        cwd=question.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
