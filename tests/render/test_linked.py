"""Nothing stands in a narrative without a link to a file of its bundle; whatever is taken away is seen."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.errors import BadInput
from maestro.render.blocks import MARKDOWN_LIMIT_BYTES, PAGE_LIMIT_BYTES
from maestro.render.linked import unproven
from maestro.render.narrative import bundle_narrative
from tests.render.bundles import dossier_of, paths_of
from tests.render.sample_cards import NEEDS_PERSON, RED_REPORT

CARD = NEEDS_PERSON.model_copy(update={"report": RED_REPORT})
TOLD = bundle_narrative(dossier_of(CARD).contents)
PATHS = paths_of(CARD)

CLAIMS = [
    pytest.param("Needs a person", id="verdict and scope"),
    pytest.param("but an agent changes the pipeline", id="why"),
    pytest.param("could not be evaluated.", id="a reason"),
    pytest.param("uncommitted changes", id="a note"),
    pytest.param("smallest safe next step", id="the next step"),
    pytest.param("MC-BR-01 Pull-request code", id="a control that could not be evaluated"),
    pytest.param("MC-AC-01 Tests ran only", id="a control that passes"),
    pytest.param("122 tests selected", id="the tests"),
    pytest.param("assert 53.79", id="a failing test"),
    pytest.param("Bound τ", id="the risk"),
    pytest.param("cheapest healthy region", id="where it ran"),
    pytest.param("Placed again", id="an entry of the timeline"),
    pytest.param("Tree that was tested", id="a digest"),
    pytest.param("71 changed lines", id="a term in the annex"),
]


def markdown(text: str) -> tuple[str, ...]:
    return unproven(text.encode(), "text/markdown", PATHS)


def page(text: str) -> tuple[str, ...]:
    return unproven(text.encode(), "text/html", PATHS)


def test_a_whole_narrative_is_proven() -> None:
    assert markdown(TOLD.markdown) == ()
    assert page(TOLD.html) == ()


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_that_loses_its_links_is_named(claim: str) -> None:
    lines = [
        re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line) if claim in line else line for line in TOLD.markdown.splitlines()
    ]
    # Verdict and decision are two lines of one paragraph, which loses its link only with both.
    if claim == "Needs a person":
        lines[2] = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", lines[2])
    assert any("without a link" in found for found in markdown("\n".join(lines)))


@pytest.mark.parametrize("element", ["li", "tr", "p"])
def test_an_element_of_the_page_that_loses_its_links_is_named(element: str) -> None:
    for found in re.finditer(rf"<{element}[ >].*?</{element}>", TOLD.html, re.DOTALL):
        if "<a " in found[0]:
            bare = re.sub(r"</?a[^>]*>", "", found[0])
            assert any("without a link" in problem for problem in page(TOLD.html.replace(found[0], bare)))


@pytest.mark.parametrize("path", sorted(PATHS & set(re.findall(r"\]\(([^)]*)\)", TOLD.markdown))))
def test_a_file_that_is_taken_out_of_the_bundle_is_missed(path: str) -> None:
    for document, media_type in ((TOLD.markdown, "text/markdown"), (TOLD.html, "text/html")):
        assert any(path in found for found in unproven(document.encode(), media_type, PATHS - {path}))


@pytest.mark.parametrize(
    "href",
    [
        "https://evil.example/card.json", "//evil.example", "/etc/passwd", "../card.json", "./card.json",
        "artifacts/../card.json", "card.json?x", "card.json#x", "%63ard.json", "javascript:alert(1)", "file:card.json",
        "", "artifacts", "artifacts/", "CARD.JSON",
    ],
)  # fmt: skip
def test_only_the_exact_path_of_a_file_is_a_proof(href: str) -> None:
    assert markdown(f"It is so ([card]({href})).\n")
    assert page(f'<p>It is so <a href="{href}">card</a>.</p>')


def test_a_path_with_a_way_up_is_none_even_where_the_bundle_claims_it() -> None:
    assert unproven(b"So ([x](a/../b)).", "text/markdown", {"a/../b"})
    assert unproven(b"So ([x](/b)).", "text/markdown", {"/b"})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# Everything is fine\n", id="a claim as a heading"),
        pytest.param("It is so.\n", id="a bare paragraph"),
        pytest.param("- a ([card](card.json))\n- b\n", id="an item that borrows the link of the one before"),
        pytest.param("- a ([card](card.json))\n\n  b\n", id="a second paragraph of an item"),
        pytest.param("| Control | Lie |\n|---|---|\n| [x](card.json) | y |\n", id="a claim as the head of a column"),
        pytest.param("| Control | Why |\n|---|---|\n| x | y |\n", id="a row without a link"),
        pytest.param("```\nIt is so.\n```\n", id="a code block"),
        pytest.param("> It is so.\n", id="a quotation"),
        pytest.param("<p>It is so <a href='card.json'>card</a></p>\n", id="raw HTML"),
        pytest.param("So <b>x</b> ([card](card.json))\n", id="HTML within a sentence"),
        pytest.param("So ![card](card.json)\n", id="a picture"),
        pytest.param("So [](card.json)\n", id="a link that nobody sees"),
        pytest.param("So [\u200b](card.json)\n", id="a link of invisible characters"),
        pytest.param('So ([card](card.json "and more"))\n', id="words in the title of a link"),
        pytest.param("So ([card](card.json)), see https://evil.example\n", id="an address that forges make a link"),
        pytest.param("So ([card](card.json)), see [x][y]\n\n[y]: https://evil.example\n", id="a link by reference"),
        pytest.param("Reading time: 1 min 50 s. All is well.\n", id="words behind a fixed sentence"),
    ],
)
def test_what_could_hide_a_claim_in_markdown_is_reported(text: str) -> None:
    assert markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<title>All is well</title>", id="a claim as the title"),
        pytest.param("<div>It is so.</div>", id="text outside of any unit"),
        pytest.param('<p>a<p>b <a href="card.json">card</a></p>', id="a paragraph that borrows a link"),
        pytest.param('<li>a<p>b <a href="card.json">card</a></p></li>', id="an item around a paragraph"),
        pytest.param('<p>a <a href="card.json"></a></p>', id="a link that nobody sees"),
        pytest.param('<p onclick="x()">a <a href="card.json">card</a></p>', id="a handler"),
        pytest.param('<p hidden>a <a href="card.json">card</a></p>', id="a hidden paragraph"),
        pytest.param('<p title="It is so">a <a href="card.json">card</a></p>', id="words in an attribute"),
        pytest.param("<script>document.write('so')</script>", id="a script"),
        pytest.param("<img>", id="a picture"),
        pytest.param("<!-- It is so. -->", id="a comment"),
        pytest.param("<![CDATA[so]]>", id="a marked section"),
        pytest.param("<p", id="a tag that does not end"),
        pytest.param("<style>p::after { content: 'It is so' }</style>", id="words from a style"),
        pytest.param('<meta http-equiv="refresh" content="0; url=x">', id="a page that goes elsewhere"),
    ],
)
def test_what_could_hide_a_claim_on_a_page_is_reported(text: str) -> None:
    assert page(text)


def test_an_address_in_somebodys_text_is_no_link_where_nothing_makes_it_one() -> None:
    assert markdown("`https://example.org` is named ([card](card.json)).\n") == ()
    assert page('<p>https://example.org is named <a href="card.json">card</a>.</p>') == ()


def test_a_document_that_is_too_large_or_no_text_or_of_another_type_is_refused() -> None:
    for document, media_type in (
        (b"a" * (MARKDOWN_LIMIT_BYTES + 1), "text/markdown"),
        (b"a" * (PAGE_LIMIT_BYTES + 1), "text/html"),
        (b"\xff\xfe", "text/markdown"),
        (b"%PDF-1.7", "application/pdf"),
    ):
        with pytest.raises(BadInput):
            unproven(document, media_type, PATHS)


def test_a_document_full_of_claims_gives_a_list_that_can_be_read() -> None:
    found = markdown("It is so.\n\n" * 500)
    assert len(found) == 101
    assert found[-1] == "and 400 more"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["<", ">", "<p>", "</p>", "<a href=\"card.json\">", "[", "](", "`", "|", "\n", "- ", "x", "<!", "&", "\x00", "字"]), max_size=40))  # fmt: skip # noqa: E501
def test_no_document_makes_the_check_fail(pieces: list[str]) -> None:
    for media_type in ("text/markdown", "text/html"):
        for problem in unproven("".join(pieces).encode(), media_type, PATHS):
            assert problem.isprintable()
