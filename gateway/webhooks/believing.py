"""Whether a delivery is the forge's own, and what it says. An unknown forge is answered like a wrong signature."""

import secrets
from collections.abc import Mapping
from typing import Final

import structlog

from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput, PlatformUnavailable
from maestro.forges.events import Event, NotSignedError
from maestro.forges.github import read_webhook as read_github
from maestro.forges.http import Secret

_log = structlog.get_logger("gateway.webhooks")

_NOBODYS: Final = Secret(secrets.token_hex(32))
"""Fits nothing that anybody signs, and takes as long to compare."""


def believed(forge: ForgeConfig | None, headers: Mapping[str, str], body: bytes) -> Event:
    """The event. Reads the secret anew, so that another one holds at once.

    Raises NotSignedError where it is not the forge's, or there is no such forge; BadInput where it cannot be read;
    PlatformUnavailable where the secret cannot be.
    """
    if forge is None:
        read_github(headers, body, _NOBODYS)
        raise NotSignedError("there is no such forge", field="forge", fix="correct the webhook's address")
    secret = _secret(forge)
    if forge.kind == "gitea":
        from maestro.forges.gitea import read_webhook as read_gitea  # noqa: PLC0415 - most stacks have one kind

        return read_gitea(headers, body, secret)
    return read_github(headers, body, secret, app_id=int(forge.app_id) if forge.app_id.isdigit() else 0)


def _secret(forge: ForgeConfig) -> Secret:
    try:
        return Secret.from_file(forge.webhook_secret_file, what=f"the webhook secret of {forge.name}")
    except BadInput as error:
        _log.error("secret_unreadable", forge=forge.name, detail=str(error))
        raise PlatformUnavailable(
            "the signature cannot be checked now", field="webhook_secret_file", fix="see the gateway's log"
        ) from error
