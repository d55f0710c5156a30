"""``maestro tokens``: service tokens, by which CI and other programs come in."""

import json
import re
from datetime import UTC, datetime

import click

from gateway.commands.ledger import existing_ledger
from gateway.revisions import acting_person
from gateway.tables import print_table
from maestro.access.principals import FOR_PEOPLE, LOWEST_ROLE, Permission, Role
from maestro.errors import BadInput
from maestro.home import ledger_url
from maestro.ledger import Ledger
from maestro.ledger.tokens import ServiceToken

TITLES = ("State", "Id", "Name", "Role", "Tenants", "Scopes", "Expires (UTC)", "Last used", "By")

LONGEST_DAYS = 366
_LASTS = re.compile(r"([0-9]{1,4})([dh])")
_SECONDS = {"d": 86_400.0, "h": 3_600.0}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_TENANT = re.compile(r"\*|[A-Za-z0-9][\w.-]{0,98}", re.ASCII)

actor_option = click.option("--actor", default="", help="Who does it. [default: git's user.email, else the login name]")
json_option = click.option("--json", "as_json", is_flag=True, help="The result as JSON.")


@click.command()
@click.option("--name", required=True, help="Who it is for; records name it as service:NAME.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option(
    "--tenant", "tenants", multiple=True, required=True, help="For whom it acts; repeat, or '*' for every one."
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([permission.value for permission in Permission]),
    multiple=True,
    help="What alone it may do, of what its role may; repeat for more. [default: all that its role allows a service]",
)
@click.option("--expires", default="90d", show_default=True, metavar="TIME", help="After how long: 90d, or 12h.")
@actor_option
@json_option
def create(
    name: str, role: str, tenants: tuple[str, ...], scopes: tuple[str, ...], expires: str, actor: str, as_json: bool
) -> None:
    """Make a token and show it, once. The ledger keeps only its digest.

    It goes to standard output alone, so that it can be piped into a store of secrets.
    """
    wanted = frozenset(map(Permission, scopes)) or None
    _require_usable(name, Role(role), tenants, wanted)
    lasts_seconds = _seconds(expires)
    with Ledger.open(ledger_url()) as ledger:
        token, made = ledger.service_tokens.create(
            name,
            role=Role(role),
            tenants=tuple(dict.fromkeys(tenants)),
            scopes=wanted,
            lasts_seconds=lasts_seconds,
            actor=actor or acting_person(),
        )
    if as_json:
        click.echo(json.dumps({"token": token} | made.model_dump(mode="json"), indent=2))
        return
    click.echo(token)
    click.echo(f"token {made.id} expires {_shown(made.expires_at)} UTC; it is not shown again", err=True)


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the tokens that ever were. The tokens themselves are not kept."""
    with existing_ledger() as ledger:
        tokens, now = ledger.service_tokens.list(), ledger.now()
    if as_json:
        click.echo(json.dumps([one.model_dump(mode="json") | {"state": _state(one, now)} for one in tokens], indent=2))
    elif tokens:
        print_table(TITLES, (_row(one, _state(one, now)) for one in tokens))
    else:
        click.echo("no token was made yet", err=True)


@click.command()
@click.argument("token_id", metavar="ID")
@actor_option
def revoke(token_id: str, actor: str) -> None:
    """End a token now, at every gateway. ID is the eight characters after mst_, which `maestro tokens list` shows."""
    with existing_ledger() as ledger:
        revoked = ledger.service_tokens.revoke(token_id, actor=actor or acting_person())
    click.echo(f"revoked {revoked.id} ({revoked.name})")


def _require_usable(name: str, role: Role, tenants: tuple[str, ...], scopes: frozenset[Permission] | None) -> None:
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:80]!r} is no name of a service",
            field="--name",
            fix="use up to 63 small letters, digits, dots, dashes and underscores",
        )
    for tenant in tenants:
        if not _TENANT.fullmatch(tenant):
            raise BadInput(f"{tenant[:80]!r} is no tenant", field="--tenant", fix="name a tenant, or '*' for every one")
    for scope in sorted(scopes or ()):
        if scope in FOR_PEOPLE:
            raise BadInput(
                f"{scope} is for people: no service approves", field="--scope", fix="leave it out; a person logs in"
            )
        if list(Role).index(role) < list(Role).index(LOWEST_ROLE[scope]):
            raise BadInput(
                f"the role {role} does not include {scope}",
                field="--scope",
                fix=f"leave it out, or give the role {LOWEST_ROLE[scope]}",
            )


def _seconds(lasts: str) -> float:
    found = _LASTS.fullmatch(lasts)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_DAYS * _SECONDS["d"]:
        raise BadInput(
            f"{lasts[:40]!r} is no time up to {LONGEST_DAYS} days",
            field="--expires",
            fix="write days or hours, as 90d or 12h; make the next token before this one ends",
        )
    return seconds


def _state(token: ServiceToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "active" if token.expires_at > now else "expired"


def _row(token: ServiceToken, state: str) -> tuple[str, ...]:
    scopes = "all" if token.scopes is None else ", ".join(sorted(token.scopes))
    used = "never" if token.last_used_at is None else _shown(token.last_used_at)
    expires = _shown(token.expires_at)
    return state, token.id, token.name, token.role, ", ".join(token.tenants), scopes, expires, used, token.created_by


def _shown(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"
