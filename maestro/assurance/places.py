"""Where a value of a YAML file stands, to the column, also for a mistake inside a condition.

Only for text that ``maestro.config.yamlfile`` has accepted: without aliases, tags and great depth.
"""

from collections.abc import Iterator

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Location = tuple[str | int, ...]


def dotted(at: Location) -> str:
    """``controls[0].query[1].where``."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def place_of(text: str, at: Location, *, inside: tuple[str, int, int] | None = None) -> str:
    """``line`` of the value at ``at``, or of the nearest thing around it that stands there.

    ``inside`` is a condition with a line and a column of it: then ``line:column`` in the file, unless the condition is
    written there with escapes.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for part in at:
        inner = next((value for key, value in _items(node) if key == part), None)
        if inner is None:
            break
        node = inner
    if node is None:
        return "1"
    found = _index(text, node, inside) if inside is not None and isinstance(node, ScalarNode) else None
    if found is None:
        return str(node.start_mark.line + 1)
    return f"{text.count(chr(10), 0, found) + 1}:{found - text.rfind(chr(10), 0, found)}"


def _index(text: str, node: ScalarNode, inside: tuple[str, int, int]) -> int | None:
    """Where the character stands in the file. YAML folds white space, so only what is not white is followed."""
    where, row, column = inside
    rows = where.split("\n")
    wanted = sum(len(line) + 1 for line in rows[: row - 1]) + column - 1
    position = node.start_mark.index
    if node.style in ("|", ">"):
        position = text.index("\n", position)
    elif node.style:
        position += 1
    for index, character in enumerate(where):
        if character.isspace():
            continue
        while position < len(text) and text[position].isspace():
            position += 1
        if index >= wanted:
            return position
        if position >= len(text) or text[position] != character:
            return None
        position += 2 if node.style == "'" and character == "'" else 1
    return position if wanted >= len(where.rstrip()) else None


def _items(node: Node | None) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node, SequenceNode):
        yield from enumerate(node.value)
    elif isinstance(node, MappingNode):
        yield from ((key.value, value) for key, value in node.value)
