"""Render: one Decision Card as a page, as Markdown, in the terminal and as JSON, and the narrative of its decision.

Verdict first, then why. Text from a pull request is neutralised before it is laid out and escaped for its markup, so
that it is never code, markup, link, mention or terminal control.
"""

from maestro.render.documents import card_html, card_json, card_schema, step_summary
from maestro.render.terminal import card_terminal

__all__ = ["card_html", "card_json", "card_schema", "card_terminal", "step_summary"]
