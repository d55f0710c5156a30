"""Where a forge is, and that nothing leads anywhere else."""

from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from maestro.config.gateway import is_loopback
from maestro.errors import BadInput, PlatformUnavailable


class Address:
    """The address of a forge's API: https, or http on this very machine."""

    def __init__(self, base_url: str, *, field: str) -> None:
        self.base = base_url.rstrip("/")
        self._parts = _split(self.base, field=field)

    @property
    def host(self) -> str:
        return self._parts.hostname or ""

    def of(self, path: str) -> str:
        """The whole address of a path below the base, or of an address that the forge gave.

        Raises PlatformUnavailable where it leads to another host or out of the API: credentials go nowhere else.
        """
        whole = path if "://" in path else f"{self.base}/{path.lstrip('/')}"
        if not self._is_ours(whole):
            raise PlatformUnavailable(
                "the forge leads to an address that is not its own",
                field=self.host,
                fix="check that the configured address is that of the forge's API; nothing was sent there",
            )
        return whole

    def _is_ours(self, whole: str) -> bool:
        try:
            parts = urlsplit(whole)
            same = _origin(parts) == _origin(self._parts) and parts.username is None
        except ValueError:
            return False
        path = unquote(parts.path)
        return same and path.startswith(f"{self._parts.path}/") and not {".", ".."} & set(path.split("/"))

    def redirected(self, asked: str, location: str) -> str:
        """Where ``location``, which answered ``asked``, leads. Raises as ``of`` does."""
        return self.of(urljoin(asked, location))


def _split(base: str, *, field: str) -> SplitResult:
    fix = "give the address of the forge's API, for instance https://forge.example/api/v3"
    try:
        parts = urlsplit(base)
        _ = parts.port
    except ValueError as error:
        raise BadInput("the address of the forge cannot be read", field=field, fix=fix) from error
    if parts.username is not None or parts.query or parts.fragment or not parts.hostname:
        raise BadInput("the address of the forge is no plain address", field=field, fix=fix)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise BadInput(
            "credentials would be sent where others can read them: the address of the forge is not https",
            field=field,
            fix=fix,
        )
    return parts


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, parts.hostname or "", port
