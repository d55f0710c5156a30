"""Who somebody at a forge is to Maestro."""

from collections.abc import Iterable

from maestro.access.principals import Principal, PrincipalKind
from maestro.access.roles import forge_principal
from maestro.config.gateway import ForgeConfig, RoleRule
from maestro.model.arrival import Arrived
from maestro.model.pull_request import AuthorKind


def kind_of(config: ForgeConfig, login: str, told: AuthorKind) -> AuthorKind:
    """What the forge says of the account, or the topology, which knows programs that act by a person's account."""
    agents = {agent.casefold() for agent in config.agents}
    return AuthorKind.AGENT if login.casefold() in agents else told


def via(arrived: Arrived) -> str:
    """The way on which whoever acts was authenticated: the forge has signed that it was them."""
    return f"forge:{arrived.forge}"


def principal_of(config: ForgeConfig, login: str, kind: AuthorKind, *, rules: Iterable[RoleRule]) -> Principal:
    """With the roles that the rules give to the login. A program stays one, whatever role it was given."""
    who = forge_principal(config.name, login, rules)
    return who.model_copy(update={"kind": PrincipalKind.SERVICE}) if kind is AuthorKind.AGENT else who
