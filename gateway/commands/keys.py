"""``maestro keys``: the keys that this installation signs with, and those that it trusts."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.tables import print_table
from maestro.clock import utc_now
from maestro.errors import BadInput
from maestro.home import keys_dir
from maestro.render.untrusted import line
from maestro.signing.algorithms import Algorithm, algorithm_of
from maestro.signing.keys import KEY_VARIABLE, named_signer
from maestro.signing.roots import EVIDENCE_PURPOSES, TrustRoots, own_ids
from maestro.signing.rotation import (
    FILES,
    create_key,
    is_file_of_roots,
    revoke_key,
    rotate_key,
    trust_pem,
    trust_roots_of,
)
from maestro.signing.trusted import Purpose, Reason, TrustedKey, is_name, moment

ALGORITHMS = {"rsa": Algorithm.RSA, "ecdsa": Algorithm.ECDSA, "ed25519": Algorithm.ED25519}
ACTIVE = "active"
TITLES = ("State", "Name", "Purposes", "Algorithm", "From", "Until", "Key")

purpose_option = click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in FILES]),
    default=Purpose.EVIDENCE.value,
    show_default=True,
    help="What the key signs.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="The result as JSON.")


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the own keys and the trusted ones. Makes none."""
    roots, active, now = TrustRoots.of_folder(keys_dir()), frozenset(_signing().values()), utc_now()
    if as_json:
        keys = [key.model_dump(mode="json") | {"state": _state(key, active, now)} for key in roots.keys]
        click.echo(json.dumps(keys, indent=2))
    elif roots.keys:
        print_table(TITLES, (_row(key, _state(key, active, now)) for key in roots.keys))
    else:
        click.echo("there is no key yet: the first evidence makes one, or `maestro keys create`", err=True)


@click.command()
@click.option(
    "--algorithm", type=click.Choice(list(ALGORITHMS)), help="[default: rsa for evidence, ed25519 for models]"
)
@purpose_option
def create(algorithm: str | None, purpose: str) -> None:
    """Make the key of a purpose by an algorithm of your choice, before its first use makes one."""
    wanted = Purpose(purpose)
    _refuse_where_named(wanted)
    usual = "rsa" if wanted is Purpose.EVIDENCE else "ed25519"
    made = create_key(keys_dir(), purpose=wanted, algorithm=ALGORITHMS[algorithm or usual])
    click.echo(f"made {made.key_id} ({made.algorithm})")


@click.command()
@click.option("--algorithm", type=click.Choice(list(ALGORITHMS)), help="[default: that of the old key]")
@purpose_option
def rotate(algorithm: str | None, purpose: str) -> None:
    """Make a new key the active one. What the old one has signed stays believed; its private half is destroyed."""
    wanted = Purpose(purpose)
    _refuse_where_named(wanted)
    chosen = ALGORITHMS[algorithm] if algorithm else None
    change = rotate_key(keys_dir(), purpose=wanted, algorithm=chosen, now=utc_now())
    if change.active and change.ended:
        click.echo(f"made {change.active.key_id}")
        click.echo(f"{change.ended.key_id} signs no more; give auditors the new `maestro keys export`", err=True)


@click.command()
@click.argument("key_id")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    required=True,
    help="compromised takes back everything that it ever signed.",
)
@click.option("--at", default="", metavar="TIME", help="Since when, as 2026-11-28T09:30:00Z. [default: now]")
def revoke(key_id: str, reason: str, at: str) -> None:
    """Stop believing a key. An own key is replaced by a new one in the same step."""
    now = utc_now()
    since = _time(at) if at else now
    change = revoke_key(keys_dir(), key_id, reason=Reason(reason), at=since, now=now)
    click.echo(f"revoked {key_id}")
    if change.active:
        click.echo(f"made {change.active.key_id}")


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file. [default: standard output]")
@click.option(
    "--pem",
    "pem_of",
    metavar="[KEY_ID]",
    is_flag=False,
    flag_value=ACTIVE,
    help="One public key alone as PEM, for openssl or cosign; without an id the evidence key.",
)
def export(out: Path | None, pem_of: str | None) -> None:
    """Write the trust roots for an auditor: public keys and their bounds, nothing secret."""
    roots = TrustRoots.of_folder(keys_dir())
    if not roots.keys:
        raise BadInput("there is no key yet", field=str(keys_dir()), fix="maestro keys create")
    content = _pem(roots, pem_of) if pem_of else roots.dump()
    if out is None:
        click.echo(content, nl=False)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput(f"it cannot be written: {error.strerror}", field="--out", fix="name another place") from error
    click.echo(f"wrote {out}", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Whose key it is. [default: the file's name]")
@click.option(
    "--purpose",
    "purposes",
    type=click.Choice([purpose.value for purpose in Purpose]),
    multiple=True,
    help="What it may state; repeat for more. [default: evidence, attestations, checkpoint]",
)
@click.option("--builder", "builders", multiple=True, help="A builder whose provenance it may sign; repeat for more.")
def trust(file: Path, name: str, purposes: tuple[str, ...], builders: tuple[str, ...]) -> None:
    """Believe another one's keys: a public key in PEM, or the trust roots that its owner has exported."""
    if is_file_of_roots(file):
        if name or purposes or builders:
            raise BadInput(
                "a file of trust roots says itself whose and for what its keys are",
                field=str(file),
                fix="give the file alone",
            )
        taken = trust_roots_of(keys_dir(), file)
    else:
        taken = (_trusted(file, name, purposes, builders),)
    for key in taken:
        click.echo(f"trusts {key.key_id} ({line(key.name)}) for {', '.join(key.purposes)}")
    if not taken:
        click.echo("all of it was known", err=True)


def _trusted(file: Path, name: str, purposes: tuple[str, ...], builders: tuple[str, ...]) -> TrustedKey:
    wanted = tuple(map(Purpose, purposes)) or EVIDENCE_PURPOSES
    return trust_pem(keys_dir(), file, name=name or _name_of(file), purposes=wanted, builders=builders)


def _name_of(file: Path) -> str:
    name = file.name.removesuffix(".pem").removesuffix(".pub")
    return name if is_name(name) else "unnamed"


def _pem(roots: TrustRoots, key_id: str) -> bytes:
    key = roots.by_id.get(_signing().get(Purpose.EVIDENCE, "") if key_id == ACTIVE else key_id)
    if key is None and key_id == ACTIVE:
        raise BadInput("there is no evidence key yet", field="--pem", fix="maestro keys create")
    if key is None:
        raise BadInput(f"no key {key_id[:80]!r} is known", field="--pem", fix="give a whole id of `maestro keys list`")
    return key.public_key.encode()


def _signing() -> dict[Purpose, str]:
    """The ids of the keys that sign now, by what they sign."""
    own = own_ids(keys_dir())
    signing = {purpose: own[name] for purpose, name in FILES.items() if name in own}
    named = os.environ.get(KEY_VARIABLE, "")
    return signing | {Purpose.EVIDENCE: named_signer(named).key_id} if named else signing


def _refuse_where_named(purpose: Purpose) -> None:
    if purpose is Purpose.EVIDENCE and os.environ.get(KEY_VARIABLE, ""):
        raise BadInput(
            "the evidence key lies where this variable says, and is not made here",
            field=KEY_VARIABLE,
            fix="make a new key there and name that one; the old one stays trusted",
        )


def _state(key: TrustedKey, active: frozenset[str], now: datetime) -> str:
    if key.revocation_reason is not None:
        return key.revocation_reason
    if key.not_after is not None and key.not_after < now:
        return "retired"
    if key.not_before is not None and key.not_before > now:
        return "not yet"
    return "active" if key.key_id in active else "trusted"


def _row(key: TrustedKey, state: str) -> tuple[str, ...]:
    until = key.revoked_at or key.not_after
    return (
        state,
        key.name,
        ", ".join(key.purposes),
        algorithm_of(key.public),
        _shown(key.not_before),
        _shown(until),
        key.key_id,
    )


def _shown(time: datetime | None) -> str:
    return "" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def _time(text: str) -> datetime:
    try:
        return moment(text)
    except ValueError as error:
        raise BadInput(f"it is no time: {error}", field="--at", fix="write it as 2026-11-28T09:30:00Z") from error
