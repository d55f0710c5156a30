"""Where a request comes from, as far as a browser says it: the name that it asked for, and the page that asked."""

from urllib.parse import urlsplit

from starlette.requests import Request

from maestro.config.gateway import is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NEXT_LIMIT = 512
HOME = "/"
_OWN = "same-origin"
_BY_PROXY = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def is_unsafe(request: Request) -> bool:
    """Whether the request may change something."""
    return request.method not in SAFE_METHODS


def is_for_here(request: Request, *, public_url: str) -> bool:
    """Whether the request asks for this machine, or for ``public_url``, by name. A page whose own name was turned to
    this machine's address (DNS rebinding) asks for that name.
    """
    hosts = request.headers.getlist("host")
    host = _host(hosts[0]) if len(hosts) == 1 else None
    return host is not None and (is_loopback(host) or host == _host(urlsplit(public_url).netloc))


def came_by_proxy(request: Request) -> bool:
    """Whether somebody between says that the request is from elsewhere."""
    return any(name in request.headers for name in _BY_PROXY)


def is_from_own_page(request: Request, *, address: str) -> bool:
    """Whether nothing says that the request was made by a page of another origin than ``address``'s.

    Programs that are no browsers say nothing; what a browser says cannot be changed by a page.
    """
    site = request.headers.get("sec-fetch-site", _OWN)
    origins = request.headers.getlist("origin")
    return site == _OWN and all(_origin(origin) == _origin(address) is not None for origin in origins)


def local_path(wanted: str) -> str:
    """``wanted`` where it is a path of this gateway, else the first page: nobody is sent anywhere else.

    >>> local_path("/regions/eu-north?x=1"), local_path("//elsewhere.example/"), local_path("/\\\\elsewhere.example")
    ('/regions/eu-north?x=1', '/', '/')
    """
    # Browsers read a backslash as a slash, and drop tabs and line ends wherever they stand.
    plain = wanted.isascii() and wanted.isprintable() and not set(wanted) & set(" \\")
    own = wanted.startswith("/") and not wanted.startswith("//") and len(wanted) <= NEXT_LIMIT
    ways = wanted.startswith(("/login", "/logout"))
    return wanted if plain and own and not ways else HOME


def _host(netloc: str) -> str | None:
    try:
        parts = urlsplit(f"//{netloc}")
        _ = parts.port
    except ValueError:
        return None
    return None if "@" in netloc or parts.path or parts.query or parts.fragment else parts.hostname


def _origin(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None
    return None if parts.hostname is None or port is None else (parts.scheme, parts.hostname, port)
