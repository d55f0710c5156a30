"""How statements name a pull request, its commits and stored bytes: by no path of this machine, and without secrets."""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from pydantic import JsonValue

from maestro.canonical import DIGEST_PREFIX
from maestro.errors import BadInput
from maestro.model.artifact import ArtifactRef
from maestro.model.pull_request import PullRequest

JsonObject = dict[str, JsonValue]

_SCP: Final = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]+):(?!//)(?P<path>.+)")
"""``git@forge.example:shop/checkout.git``; a single letter before the colon is a drive, not a host."""

_PATH_SAFE: Final = "/-._~!$&'()*+,;=:"  # not @, so that the last @ stands before the commit


def source_uri(pull_request: PullRequest) -> str:
    """The repository: ``git+https://forge.example/shop/checkout.git``, or ``pkg:generic/shop/checkout`` for a folder.

    User names, passwords, queries and fragments of a URL are left out: they may be secrets.
    """
    location = pull_request.repository
    scp = _SCP.fullmatch(location) if "://" not in location else None
    if scp:
        return f"git+ssh://{scp['host'].lower()}/{quote(scp['path'].lstrip('/'), safe=_PATH_SAFE)}"
    try:
        url = urlsplit(location)
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
    if host is None or url.scheme == "file":
        return f"pkg:generic/{quote(pull_request.repo, safe='/-._~')}"
    host = f"[{host}]" if ":" in host else quote(host, safe="")
    place = host if port is None else f"{host}:{port}"
    return f"git+{url.scheme.removeprefix('git+')}://{place}{quote(url.path.rstrip('/'), safe=_PATH_SAFE + '%')}"


def resource_uri(pull_request: PullRequest) -> str:
    """The head of the pull request: its repository at its commit. What a summary is about, and is asked for by."""
    return f"{source_uri(pull_request)}@{pull_request.head_sha}"


def without_places(value: JsonObject, pull_request: PullRequest) -> JsonObject:
    """The value, with the repository named in its texts as statements name it: its own location may be a secret."""
    location = pull_request.repository.rstrip("/")
    if not location or location == source_uri(pull_request):
        return value
    found = re.compile(rf"(?<![\w-])(?:file://)?{re.escape(location.removeprefix('file://'))}(?![\w.-])")
    return {name: _replaced(item, found, source_uri(pull_request)) for name, item in value.items()}


def _replaced(value: JsonValue, found: re.Pattern[str], by: str) -> JsonValue:
    match value:
        case str():
            return found.sub(lambda _: by, value)
        case list():
            return [_replaced(item, found, by) for item in value]
        case dict():
            return {name: _replaced(item, found, by) for name, item in value.items()}
        case _:
            return value


def commit(pull_request: PullRequest, sha: str, *, tree: str = "") -> JsonObject:
    """A commit of the pull request's repository as a resource descriptor, with its tree where that is known."""
    digest: JsonObject = {"gitCommit": sha, **({"gitTree": tree} if tree else {})}
    return {"uri": f"{source_uri(pull_request)}@{sha}", "digest": digest}


def stored(ref: ArtifactRef) -> JsonObject:
    """A stored artifact."""
    found: JsonObject = {"digest": sha256(ref.digest), "mediaType": ref.media_type}
    return found | {"name": ref.name} if ref.name else found


def versioned(uri: str, digest: str, *, name: str) -> JsonObject:
    """The policies or the catalogue, in the version that this digest names."""
    return {"uri": uri, "name": name, **({"digest": sha256(digest)} if digest else {})}


def sha256(digest: str) -> JsonObject:
    """in-toto's form of ``sha256:<hex>``."""
    return {"sha256": digest.removeprefix(DIGEST_PREFIX)}


def instant(at: datetime) -> str:
    """RFC 3339 in UTC. Raises BadInput for a time without a zone, which is no moment."""
    if at.tzinfo is None:
        raise BadInput(f"{at.isoformat()} has no time zone", fix="say in which zone it was measured")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
