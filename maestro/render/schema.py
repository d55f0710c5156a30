"""Writes the published JSON Schema of the Decision Card: ``python -m maestro.render.schema``."""

from maestro.render.documents import SCHEMA_FILE, card_schema, pretty
from maestro.resources import resource_dir

if __name__ == "__main__":
    (resource_dir("templates") / SCHEMA_FILE).write_text(pretty(card_schema()), encoding="utf-8")
