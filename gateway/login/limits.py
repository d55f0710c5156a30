"""How often somebody may ask."""

from fastapi import Request

from maestro.access.principals import Principal
from maestro.config.gateway import GatewayConfig


class Limits:
    def __init__(self, config: GatewayConfig) -> None:
        self._config = config

    def request(self, principal: Principal, request: Request) -> None:
        """Count a request."""

    def action(self, principal: Principal, request: Request) -> None:
        """Count an action."""
