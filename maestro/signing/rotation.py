"""Changing the keys of an installation: make, rotate, revoke, trust another one's.

Each change is one replacement of the file of roots, so whoever reads sees the state before or after it, two changes at
the same time come one after the other, and what a killed process leaves is ended or undone by the next one. A private
key that is rotated out is destroyed, not archived: nobody needs it to verify, and what is gone cannot be stolen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from maestro.errors import BadInput
from maestro.signing.algorithms import Algorithm, key_id, load_public, public_pem
from maestro.signing.keyfile import create, locked, prepare_folder, read_public, replace, sync
from maestro.signing.roots import (
    EVIDENCE_KEY,
    OWN,
    SIGNING_KEY,
    TRUST_LIMIT_BYTES,
    TRUST_ROOTS,
    TrustRoots,
    changing,
    explained,
    finish_interrupted,
    next_of,
    own_ids,
    roots_in,
    roots_of,
    written_in,
)
from maestro.signing.signers import FileSigner, file_signer, make_private_pem, signer_of
from maestro.signing.trusted import Purpose, Reason, TrustedKey, trusted_key

FILES = {Purpose.EVIDENCE: EVIDENCE_KEY, Purpose.MODELS: SIGNING_KEY}
"""The purposes that an installation has a key of its own for, and the file of each."""

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Change:
    """What a change did: the key that was ended, and the one that is active now; None where there is none."""

    ended: TrustedKey | None
    active: TrustedKey | None


def create_key(folder: Path, *, purpose: Purpose, algorithm: Algorithm) -> FileSigner:
    """Make the key of this purpose. Raises BadInput where there is one."""
    path = folder / FILES[purpose]
    prepare_folder(folder)
    finish_interrupted(folder)
    with locked(folder, exclusive=False):
        if path.is_symlink() or not create(path, make_private_pem(algorithm)):
            raise BadInput(
                f"there is a key for {purpose}", field=str(path), fix=f"maestro keys rotate --purpose {purpose}"
            )
        return file_signer(path)


def rotate_key(folder: Path, *, purpose: Purpose, algorithm: Algorithm | None, now: datetime) -> Change:
    """Make another key the active one; what the old one signed until now stays believed.

    Without ``algorithm`` the new key is as the old one. Raises BadInput where there is no key yet.
    """
    path = folder / FILES[purpose]
    prepare_folder(folder)
    with changing(folder):
        if not path.exists() and not path.is_symlink():
            raise BadInput(
                f"there is no key for {purpose}", field=str(path), fix=f"maestro keys create --purpose {purpose}"
            )
        signer = file_signer(path)
        old = roots_in(folder).by_id[signer.key_id]
        if old.not_after is None or old.not_after > now:
            # Somebody may have written a beginning that is yet to come, and no time ends before it begins.
            end = now if old.not_before is None else max(now, old.not_before + _TICK)
            old = old.model_copy(update={"not_after": end})
        return Change(ended=old, active=_succeed(path, old, algorithm or signer.algorithm))


def revoke_key(folder: Path, wanted: str, *, reason: Reason, at: datetime, now: datetime) -> Change:
    """Stop believing a key: from ``at`` on, or for ``compromised`` in everything it ever signed.

    An own key that is revoked is replaced in the same step, so that no revoked key ever signs. A revocation can be
    made stricter and never be taken back. Raises BadInput for a key that is not known and a time in the future.
    """
    if at > now:
        raise BadInput("a key is revoked now or in the past", field="--at", fix="give an earlier time, or none")
    prepare_folder(folder)
    with changing(folder):
        known = roots_in(folder).by_id.get(wanted)
        if known is None:
            raise BadInput(
                f"no key {wanted[:80]!r} is known", field="KEY_ID", fix="give a whole id that `maestro keys list` shows"
            )
        revoked = _revoked(known, reason, at)
        path = next((folder / name for name, own in own_ids(folder).items() if own == wanted), None)
        if path is None:
            _write(folder, revoked)
            return Change(ended=revoked, active=None)
        return Change(ended=revoked, active=_succeed(path, revoked, file_signer(path).algorithm))


def trust_pem(
    folder: Path, path: Path, *, name: str, purposes: tuple[Purpose, ...], builders: tuple[str, ...] = ()
) -> TrustedKey:
    """Believe the public key in a PEM file at any time. Raises BadInput for an own key and for a revoked one."""
    public = load_public(read_public(path), field=str(path))
    try:
        key = TrustedKey(
            public_key=public_pem(public).decode(),
            key_id=key_id(public),
            name=name,
            purposes=purposes,
            builders=builders,
        )
    except ValidationError as error:
        raise explained(error, str(path)) from error
    prepare_folder(folder)
    with changing(folder):
        if key.key_id in own_ids(folder).values():
            raise BadInput("it is this installation's own key, which is trusted", field=str(path), fix="do nothing")
        known = written_in(folder).by_id.get(key.key_id)
        if known is not None and known.revocation_reason is not None:
            raise BadInput(
                f"the key is revoked ({known.revocation_reason}), and that is never taken back",
                field=str(path),
                fix="trust another key of its owner",
            )
        _write(folder, key)
    return key


def trust_roots_of(folder: Path, path: Path) -> tuple[TrustedKey, ...]:
    """Believe the keys in another installation's file of roots, within its bounds; gives those that were changed.

    About a key that is known already, only what is stricter is taken over; about the own keys nothing.
    """
    incoming = TrustRoots.load(path)
    prepare_folder(folder)
    with changing(folder):
        known, own = roots_in(folder).by_id, own_ids(folder).values()
        wanted = tuple(
            _stricter(known[key.key_id], key) if key.key_id in known else key
            for key in incoming.keys
            if key.key_id not in own
        )
        taken = tuple(key for key in wanted if known.get(key.key_id) != key)
        _write(folder, *taken)
    return taken


def is_file_of_roots(path: Path) -> bool:
    """Whether the file is in JSON, as roots are, and no PEM."""
    return read_public(path, limit_bytes=TRUST_LIMIT_BYTES).lstrip().startswith(b"{")


def _succeed(path: Path, old: TrustedKey, algorithm: Algorithm) -> TrustedKey:
    """Put a new key in the place of an own one, whose bounds become those of ``old``."""
    pem = make_private_pem(algorithm)
    public = signer_of(pem, field=str(path)).public
    # Without a beginning: a statement may be sealed long after the time that it is about.
    new = trusted_key(public, name=old.name, purposes=OWN[path.name])
    replace(next_of(path), pem)
    _write(path.parent, old, new)  # from here on the new key is the key, whatever happens to this process
    next_of(path).replace(path)
    sync(path.parent)
    return new


def _write(folder: Path, *changed: TrustedKey) -> None:
    keys = dict(written_in(folder).by_id) | {key.key_id: key for key in changed}
    replace(folder / TRUST_ROOTS, roots_of(keys.values(), field=str(folder)).dump())


def _revoked(key: TrustedKey, reason: Reason, at: datetime) -> TrustedKey:
    revoked = key.model_copy(update={"revoked_at": at, "revocation_reason": reason})
    if key.revoked_at is None or _is_stricter(revoked, key):
        return revoked
    raise BadInput(
        f"the key is revoked already ({key.revocation_reason}, {key.revoked_at:%Y-%m-%dT%H:%M:%SZ})",
        field="KEY_ID",
        fix="a revocation can only be made stricter: compromised, or from an earlier time on",
    )


def _is_stricter(one: TrustedKey, other: TrustedKey) -> bool:
    """Whether the revocation of ``one`` takes back more than that of ``other``, which is revoked as well."""
    if one.revocation_reason is not other.revocation_reason:
        return one.revocation_reason is Reason.COMPROMISED
    return one.revoked_at is not None and other.revoked_at is not None and one.revoked_at < other.revoked_at


def _stricter(known: TrustedKey, incoming: TrustedKey) -> TrustedKey:
    """The key as it is known, with what another file says against it."""
    if incoming.revoked_at is not None and (known.revoked_at is None or _is_stricter(incoming, known)):
        bounds = {"revoked_at": incoming.revoked_at, "revocation_reason": incoming.revocation_reason}
        known = known.model_copy(update=bounds)
    end = incoming.not_after
    ends_earlier = end is not None and (known.not_after is None or end < known.not_after)
    if ends_earlier and end is not None and (known.not_before is None or end > known.not_before):
        known = known.model_copy(update={"not_after": end})
    return known
