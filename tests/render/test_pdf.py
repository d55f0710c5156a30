"""The PDF of a narrative: what an archive wants of it, what lies inside, and the same bytes everywhere."""

import hashlib
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from pypdf import PdfReader

from maestro.errors import BadInput
from maestro.model.decision import DecisionCard
from maestro.render.glyphs import covered, printable
from maestro.render.narrative import attachment, bundle_narrative
from maestro.render.pdf import ATTACHMENT, _compiled, narrative_pdf
from tests.render.bundles import CARDS, dossier_of, pdf_of
from tests.render.sample_cards import BLOCKED, GREEN, PULL_REQUEST

AT = datetime(2026, 11, 23, 9, 40, tzinfo=UTC)
every_state = pytest.mark.parametrize("card", [pytest.param(card, id=state.value) for state, card in CARDS.items()])


def root_of(reader: PdfReader) -> Any:
    return reader.trailer["/Root"]


def text_of(pdf: bytes) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.replace("\u200b", "").split())


def _fonts(page: Any) -> Any:
    return page["/Resources"]["/Font"].values()


def titled(title: str) -> bytes:
    return pdf_of(GREEN.model_copy(update={"pull_request": PULL_REQUEST.model_copy(update={"title": title})}))


def test_it_says_that_it_is_for_archives_and_for_everybody() -> None:
    reader = PdfReader(io.BytesIO(pdf_of(BLOCKED)))
    metadata = reader.xmp_metadata
    assert metadata is not None
    raw = metadata.stream.get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in raw
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in raw
    assert "<pdfuaid:part>1</pdfuaid:part>" in raw
    root = root_of(reader)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == f"Why this was blocked: shop/checkout 1482, head {PULL_REQUEST.head_sha}"
    assert reader.metadata.creation_date == AT


@every_state
def test_the_data_lies_inside_whole(card: DecisionCard) -> None:
    reader = PdfReader(io.BytesIO(pdf_of(card)))
    inside = reader.attachments[ATTACHMENT][0]
    assert inside.decode() == attachment(dossier_of(card).contents)
    data = json.loads(inside)
    assert data["findings"] == [finding.model_dump(mode="json") for finding in card.findings]
    assert data["decision"]["state"] == card.decision.state
    assert data["facts"]["tests"]["passed"] == 120
    [specification] = root_of(reader)["/AF"]
    assert specification.get_object()["/AFRelationship"] == "/Data"


def test_every_page_names_what_it_is_about_and_its_number() -> None:
    pages = PdfReader(io.BytesIO(pdf_of(BLOCKED))).pages
    for number, page in enumerate(pages, start=1):
        text = " ".join(page.extract_text().replace("\u200b", "").split())
        assert f"shop/checkout 1482, head {PULL_REQUEST.head_sha}" in text
        assert f"Page {number} of {len(pages)}" in text
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx((595.28, 841.89), abs=0.1)
    assert len(pages) <= 3


def test_every_answer_is_a_word_beside_its_colour_and_every_file_a_path() -> None:
    text = text_of(pdf_of(BLOCKED))
    assert "✗ fail" in text
    assert "✓ pass" in text
    assert f"artifacts/{'b' * 64}" in text
    assert "records.jsonl" in text


def test_the_same_contents_give_the_same_bytes_in_another_process() -> None:
    here = hashlib.sha256(pdf_of(BLOCKED)).hexdigest()
    program = (
        "import hashlib; from tests.render.bundles import pdf_of; from tests.render.sample_cards import BLOCKED;"
        "print(hashlib.sha256(pdf_of(BLOCKED)).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == here == hashlib.sha256(pdf_of(BLOCKED)).hexdigest()


def test_only_the_fonts_of_the_typesetter_are_inside() -> None:
    reader = PdfReader(io.BytesIO(pdf_of(BLOCKED)))
    fonts = {str(font["/BaseFont"]) for page in reader.pages for font in _fonts(page)}
    families = {name.split("+")[1].split("-")[0] for name in fonts}
    assert families <= {"LibertinusSerif", "DejaVuSansMono", "NewCM10"}


def test_a_character_without_a_glyph_is_written_as_its_number_and_said_to_be() -> None:
    text = text_of(titled("Größe: 修复 🚀 кириллица u\u0308"))
    assert "Größe: U+4FEE U+590D U+1F680 кириллица ü" in text
    assert "Characters that the fonts of this file lack" in text
    assert "Characters that the fonts" not in text_of(titled("Größe"))


@pytest.mark.parametrize(
    "title",
    [
        pytest.param('#let x = 1; #read("/etc/passwd") $a$ *b* _c_ @d <e> = f // g', id="markup of the typesetter"),
        pytest.param("\u0301\u0301a\u200d\u05d0\u0627\ufe0f\u20dd" * 9, id="marks and other directions"),
        pytest.param("x" * 5_000, id="one endless word"),
        pytest.param("\ud800\x00\x1b[2J", id="what is no character"),
    ],
)
def test_hostile_text_is_laid_out_as_text(title: str) -> None:
    text = text_of(titled(title))
    assert "pull request 1482" in text
    if title.startswith("#"):
        assert '#let x = 1; #read("/etc/passwd") $a$ *b*' in text


def test_every_character_that_is_kept_has_a_glyph_in_each_of_the_fonts() -> None:
    characters = [chr(point) for point in range(0x3000) if covered(chr(point))]
    kept = " ".join(character for character in characters if printable(character) == character)
    template = (
        "#set document(date: datetime(year: 2026, month: 1, day: 1), title: [t])\n"
        '#set text(font: ("Libertinus Serif", "DejaVu Sans Mono", "New Computer Modern"))\n'
        "#let kept = json(bytes(sys.inputs.data))\n#kept\n\n#strong(kept)\n\n#raw(kept)\n"
    )
    assert len(kept) > 3_000
    assert _compiled(template.encode(), {"data": json.dumps(kept)}, at=AT)


def test_a_template_reads_no_file_outside_of_its_folder() -> None:
    with pytest.raises(BadInput, match="cannot be used"):
        _compiled(b'#read("/../../../../etc/passwd")', {}, at=AT)


def test_another_time_gives_another_file() -> None:
    told = bundle_narrative(dossier_of(BLOCKED).contents)
    first, second = (
        narrative_pdf(told, about="a", author="b", at=at, attached="{}") for at in (AT, AT.replace(hour=10))
    )
    assert first != second
