"""Who a request is from. Without a login configured it is the local person, on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from maestro.access.principals import EVERY_TENANT, Principal, Role
from maestro.config.gateway import GatewayConfig
from maestro.ledger import Ledger


class Doors:
    """Knows callers."""

    def __init__(self, config: GatewayConfig, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger

    async def principal(self, request: Request) -> Principal:
        return Principal(subject="local", issuer="local", name="local", roles={EVERY_TENANT: Role.ADMIN})

    def csrf(self, request: Request) -> str:
        return ""


@asynccontextmanager
async def open_doors(config: GatewayConfig, ledger: Ledger) -> AsyncIterator[Doors]:
    yield Doors(config, ledger)
