"""What a conducted pull request left in Temporal: the size of its history, its largest payload, its activities."""

from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.descriptor import FieldDescriptor
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
    for field, value in message.ListFields():
        for inner in _messages(field, value):
            if isinstance(inner, Payload):
                yield inner
            else:
                yield from payloads(inner)


def _messages(field: FieldDescriptor, value: object) -> Iterator[Message]:
    if isinstance(value, Message):
        yield value
    elif field.message_type is not None and hasattr(value, "values"):
        yield from (each for each in value.values() if isinstance(each, Message))
    elif field.message_type is not None and hasattr(value, "__iter__"):
        yield from (each for each in value if isinstance(each, Message))
