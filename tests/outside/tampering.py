"""Ways to tamper with a bundle that every verifier of a signature has to notice, and how they are done."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maestro.signing.envelope import seal
from maestro.signing.keys import Keyring
from tests.outside.asking import Question


@dataclass(frozen=True)
class Tampered:
    """The question about a bundle, with a foreign key at hand that nobody trusts."""

    question: Question
    foreign: Keyring

    @property
    def summary(self) -> Path:
        return self.question.folder / "vsa.dsse.json"

    def envelope(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.summary.read_bytes())
        return read

    def statement(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(base64.b64decode(self.envelope()["payload"]))
        return said

    def write(self, **changed: Any) -> None:
        self.summary.write_text(json.dumps(self.envelope() | changed))

    def write_payload(self, payload: bytes) -> None:
        """Another payload under the old signature."""
        self.write(payload=base64.b64encode(payload).decode())


Tampering = Callable[[Tampered], Question | None]


def a_byte_of_the_payload(bundle: Tampered) -> None:
    payload = bytearray(base64.b64decode(bundle.envelope()["payload"]))
    payload[payload.index(b"timeVerified") + len(b'timeVerified":"')] ^= 1
    bundle.write_payload(bytes(payload))


def a_byte_of_the_signature(bundle: Tampered) -> None:
    (signature,) = bundle.envelope()["signatures"]
    changed = bytearray(base64.b64decode(signature["sig"]))
    changed[-1] ^= 1
    bundle.write(signatures=[signature | {"sig": base64.b64encode(changed).decode()}])


def the_payload_type(bundle: Tampered) -> None:
    bundle.write(payloadType="application/json")


def another_subject(bundle: Tampered) -> Question:
    head = "5" * 40
    said = bundle.statement()
    said["subject"][0]["digest"] = {"gitCommit": head}
    said["predicate"]["resourceUri"] = bundle.question.resource.replace(bundle.question.head, head)
    bundle.write_payload(json.dumps(said, sort_keys=True, separators=(",", ":")).encode())
    return replace(bundle.question, head=head, resource=said["predicate"]["resourceUri"])


def a_level_more(bundle: Tampered) -> Question:
    said = bundle.statement()
    said["predicate"]["verifiedLevels"].append("IG-SC-99")
    bundle.write_payload(json.dumps(said, sort_keys=True, separators=(",", ":")).encode())
    return replace(bundle.question, level="IG-SC-99")


def another_index(bundle: Tampered) -> None:
    """An index with a file changed, and its new digest put into the summary."""
    index = bundle.question.folder / "index.json"
    index.write_bytes(index.read_bytes().replace(b'"decision":"green"', b'"decision":"green" '))
    said = bundle.statement()
    said["subject"][1]["digest"]["sha256"] = "0" * 64
    bundle.write_payload(json.dumps(said).encode())


def cut_off(bundle: Tampered) -> None:
    content = bundle.summary.read_bytes()
    bundle.summary.write_bytes(content[: len(content) * 2 // 3])


def the_signature_of_another_statement(bundle: Tampered) -> None:
    other = json.loads((bundle.question.folder / "statements" / "decision.dsse.json").read_bytes())
    bundle.write(signatures=other["signatures"])


def the_payload_written_anew(bundle: Tampered) -> None:
    """The same JSON with spaces: equal to every reader, and not what was signed."""
    bundle.write_payload(json.dumps(bundle.statement(), indent=1).encode())


def signed_by_somebody_else(bundle: Tampered) -> None:
    """By another key, under the key id of the right one."""
    payload = base64.b64decode(bundle.envelope()["payload"])
    kind = bundle.envelope()["payloadType"]
    forged = json.loads(seal(payload, payload_type=kind, keys=bundle.foreign))["signatures"][0]["sig"]
    bundle.write(signatures=[{"keyid": bundle.question.key_id, "sig": forged}])


def no_signature(bundle: Tampered) -> None:
    bundle.write(signatures=[])


def an_empty_signature(bundle: Tampered) -> None:
    bundle.write(signatures=[{"keyid": bundle.question.key_id, "sig": ""}])


def held_against_another_key(bundle: Tampered) -> Question:
    """The bundle is right; the auditor has another key."""
    other = bundle.question.key.with_name("other.pem")
    other.write_bytes(bundle.foreign.public_pem())
    return replace(bundle.question, key=other)


TAMPERINGS: tuple[Tampering, ...] = (
    a_byte_of_the_payload,
    a_byte_of_the_signature,
    the_payload_type,
    another_subject,
    a_level_more,
    another_index,
    cut_off,
    the_signature_of_another_statement,
    the_payload_written_anew,
    signed_by_somebody_else,
    no_signature,
    an_empty_signature,
    held_against_another_key,
)
