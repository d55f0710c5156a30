"""Whether a tag still names the commit that an earlier statement about it names."""

import base64
from pathlib import Path

from maestro.errors import BadInput, MaestroError
from maestro.evidence.merges import Named
from maestro.evidence.untrusted import read_object
from maestro.signing.keyfile import read_public

_LIMIT_BYTES = 64 * 1024 * 1024


def require_unmoved(path: Path, tag: Named) -> None:
    """Raises BadInput where the statement at ``path`` is about another commit of the same tag: the tag was moved.

    Also for a file that is no statement about a release, which is not written over.
    """
    if not path.exists():
        return
    try:
        envelope = read_object(read_public(path, limit_bytes=_LIMIT_BYTES), file=str(path))
        payload = base64.b64decode(str(envelope.get("payload", "")), validate=True)
        predicate = read_object(payload, file=str(path)).get("predicate")
        stated = predicate.get("tag") if isinstance(predicate, dict) else None
        before = Named.model_validate(stated)
    except (MaestroError, ValueError) as error:
        raise BadInput(
            "a file is there that is no statement about a release", field=str(path), fix="name another file by --out"
        ) from error
    if before.name == tag.name and before.commit != tag.commit:
        raise BadInput(
            f"{tag.name} was moved: the statement there is about {before.commit}, and it names {tag.commit} now",
            field=str(path),
            fix="find out who moved it; if that was meant, give another --out and keep both statements",
        )
