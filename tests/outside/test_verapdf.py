"""The PDFs of narratives under veraPDF, which we did not write: PDF/A-3b and PDF/UA-1. It comes from Maven once, into
the cache folder. Needs Java and Maven, so it is not part of the default run.
"""

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from maestro.model.decision import DecisionState
from tests.render.bundles import CARDS, pdf_of

VERAPDF = "1.28.2"
COMMAND = "org.verapdf.apps.GreenfieldCliWrapper"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>scratch</groupId><artifactId>scratch</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.verapdf.apps</groupId><artifactId>greenfield-apps</artifactId><version>{VERAPDF}</version></dependency>
  </dependencies>
</project>
"""


@pytest.fixture(scope="module")
def verapdf() -> list[str]:
    """The command, without its arguments."""
    java = shutil.which("java")
    if java is None:
        pytest.fail("java is not here. Install a Java runtime (Debian: apt-get install default-jre-headless).")
    jars = _cache() / "verapdf" / VERAPDF
    if not list(jars.glob("greenfield-apps-*.jar")):
        _fetch(jars)
    return [java, "-cp", f"{jars}/*", COMMAND]


def _cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache")
    return Path(os.environ.get("MAESTRO_CACHE", "") or base / "maestro")


def _fetch(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        pytest.fail(f"veraPDF {VERAPDF} is not in {jars}, and mvn is not here to fetch it (apt-get install maven).")
    project = jars.parent / "pom.xml"
    project.parent.mkdir(parents=True, exist_ok=True)
    project.write_text(POM)
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
    done = subprocess.run(
        [maven, "--quiet", "--batch-mode", "--file", str(project), *copy],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        shutil.rmtree(jars, ignore_errors=True)
        pytest.fail(f"Maven could not fetch veraPDF {VERAPDF}. Try again with the network:\n{done.stdout[-2_000:]}")


def failed_rules(verapdf: list[str], pdf: bytes, flavour: str, folder: Path) -> set[str] | None:
    """The clauses that a file breaks; None where it could not even be read as a PDF."""
    path = folder / "narrative.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(
        [*verapdf, "--flavour", flavour, "--format", "xml", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    report = ET.fromstring(done.stdout)
    result = report.find(".//validationReport")
    if result is None:
        return None
    broken = {f"{rule.get('specification')} {rule.get('clause')}" for rule in report.iter("rule")}
    assert (result.get("isCompliant") == "true") == (not broken)
    return broken


@pytest.mark.parametrize("flavour", ["3b", "ua1"])
@pytest.mark.parametrize("state", [DecisionState.GREEN, DecisionState.BLOCKED, DecisionState.NEEDS_PERSON])
def test_a_narrative_keeps_every_rule(verapdf: list[str], state: DecisionState, flavour: str, tmp_path: Path) -> None:
    assert failed_rules(verapdf, pdf_of(CARDS[state]), flavour, tmp_path) == set()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param((b"<pdfaid:part>3</pdfaid:part>", b"<pdfaid:part>1</pdfaid:part>"), id="says another part"),
        pytest.param((b"/AFRelationship", b"/AFRelationshi_"), id="an attachment without its relation"),
    ],
)
def test_a_damaged_narrative_is_refused(verapdf: list[str], damage: tuple[bytes, bytes], tmp_path: Path) -> None:
    whole = pdf_of(CARDS[DecisionState.GREEN])
    assert damage[0] in whole
    assert failed_rules(verapdf, whole.replace(*damage), "3b", tmp_path)


def test_a_cut_narrative_is_refused(verapdf: list[str], tmp_path: Path) -> None:
    whole = pdf_of(CARDS[DecisionState.GREEN])
    assert failed_rules(verapdf, whole[: len(whole) // 2], "3b", tmp_path) != set()
