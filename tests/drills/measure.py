"""What a conducted pull request left in Temporal: the size of its history, its largest payload, its activities."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload

from tests.drills.stand import Handle


@dataclass(frozen=True)
class Measured:
    """``history_bytes`` as the server counts them; ``shards`` are the activities that ran tests."""

    history_bytes: int
    events: int
    largest_payload_bytes: int
    shards: int


async def measured(handle: Handle) -> Measured:
    """The history of the newest run of ``handle``, fetched and described."""
    info = (await handle.describe()).raw_description.workflow_execution_info
    history = await handle.fetch_history()
    scheduled = [event.activity_task_scheduled_event_attributes for event in history.events]
    return Measured(
        history_bytes=info.history_size_bytes,
        events=len(history.events),
        largest_payload_bytes=max(payload.ByteSize() for event in history.events for payload in payloads(event)),
        shards=sum(attributes.activity_type.name == "run_shard" for attributes in scheduled),
    )


def payloads(message: Message) -> Iterator[Payload]:
    """Every payload inside a message, however deep."""
    for _, value in message.ListFields():
        for inner in _messages(value):
            if isinstance(inner, Payload):
                yield inner
            else:
                yield from payloads(inner)


def _messages(value: object) -> Iterator[Message]:
    """The messages of a field, which holds one, a sequence of them, a mapping to them, or plain values."""
    if isinstance(value, Message):
        yield value
    elif isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes):
        each = value.values() if isinstance(value, Mapping) else value
        yield from (inner for inner in each if isinstance(inner, Message))
