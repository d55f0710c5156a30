"""What a build sees of the conductor's environment: the variables that lead to an index, never one with a secret."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_ADDRESSES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    *("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"),
)
_LISTS = ("NO_PROXY", "no_proxy")

_USUAL_PORTS = {"https": 443, "http": 80}


def network_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What a build needs to reach its index. An address that carries a user or a password is left out."""
    kept = {name: environment[name] for name in (*_CERTIFICATES, *_LISTS) if environment.get(name)}
    for name in _ADDRESSES:
        address = environment.get(name, "")
        if address and "@" not in urlsplit(address).netloc:
            kept[name] = address
    if "UV_DEFAULT_INDEX" not in kept and "PIP_INDEX_URL" in kept:
        kept["UV_DEFAULT_INDEX"] = kept["PIP_INDEX_URL"]
    return kept


def certificate_paths(variables: Mapping[str, str]) -> tuple[Path, ...]:
    """The files and folders of certificates that the variables name."""
    named = [path for name in _CERTIFICATES for path in variables.get(name, "").split(os.pathsep) if path]
    return tuple(Path(path) for path in named if Path(path).is_absolute() and Path(path).exists())


def index_ports(variables: Mapping[str, str]) -> tuple[int, ...]:
    """The TCP ports that a build may connect to: web, name service, and those of the configured proxies and indexes."""
    named = (urlsplit(variables[name]) for name in _ADDRESSES if name in variables)
    return tuple(sorted({53, 80, 443, *(address.port or _USUAL_PORTS.get(address.scheme, 443) for address in named)}))
