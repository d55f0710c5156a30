"""``maestro tests calibrate``, ``report`` and ``rollback``: models of test selection, without a stack."""

from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.commands.ledger import existing_ledger
from gateway.revisions import acting_person
from maestro.artifacts import ArtifactStore
from maestro.errors import BadInput
from maestro.home import artifacts_dir, home, keys_dir, ledger_url
from maestro.impact.calibration.calibrate import CALIBRATED_BUILDS, Calibration, Champion
from maestro.impact.calibration.calibrate import calibrate as calibrate_history
from maestro.impact.calibration.method import METHOD
from maestro.impact.calibration.registry import Registry, champion_of, publish, roll_back
from maestro.impact.calibration.report import calibration_report
from maestro.impact.history.builds import History
from maestro.impact.history.reading import form_of, read_history
from maestro.ledger import Ledger
from maestro.ledger.all_builds import history_of
from maestro.model.calibration import CalibrationResult
from maestro.render.untrusted import line
from maestro.signing.keys import open_keyring
from workers.stack.plan import prepare_home

repo_option = click.option("--repo", required=True, help="The repository's short name, as pull requests have it.")
tenant_option = click.option("--tenant", default="default", show_default=True, help="Whose repository it is.")
history_option = click.option(
    "--history",
    type=click.Path(exists=True, path_type=Path),
    help="Past builds from here (CSV, JUnit XML, check runs) instead of from the ledger.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="The result as JSON.")


@click.command()
@repo_option
@tenant_option
@history_option
@json_option
def calibrate(repo: str, tenant: str, history: Path | None, as_json: bool) -> None:
    """Refit the model; promote it only if it is better. The champion's promise is judged anew in any case."""
    prepare_home(home())
    given = None if history is None else read_history(history, form_of(history))
    with Ledger.open(ledger_url()) as ledger:
        registry = _registry(ledger)
        past = given or history_of(ledger, repo, tenant=tenant, last=CALIBRATED_BUILDS)
        champion = champion_of(registry, repo=repo, tenant=tenant)
        result = publish(registry, _calibrated(past, repo, tenant, champion), actor=acting_person())
    if as_json:
        click.echo(result.model_dump_json(indent=2))
    else:
        _say(result)


@click.command()
@repo_option
@tenant_option
@history_option
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The HTML file to write.")
def report(repo: str, tenant: str, history: Path | None, out: Path) -> None:
    """Write the calibration report as one HTML file: the latest one, or with --history one made now, kept nowhere."""
    if history is None:
        with existing_ledger() as ledger:
            page = _latest_report(_registry(ledger), repo, tenant)
    else:
        page = calibration_report(_calibrated(read_history(history, form_of(history)), repo, tenant, None)).encode()
    try:
        out.write_bytes(page)
    except OSError as error:
        raise BadInput(f"it cannot be written: {error.strerror}", field="--out", fix="name another place") from error
    click.echo(f"wrote {out}", err=True)


@click.command()
@repo_option
@tenant_option
@click.option("--reason", default="", help="Why; it is kept with the record.")
@json_option
def rollback(repo: str, tenant: str, reason: str, as_json: bool) -> None:
    """Put the model before the last promotion back. Twice goes two promotions back."""
    with existing_ledger() as ledger:
        found = roll_back(
            _registry(ledger), repo=repo, tenant=tenant, actor=acting_person(), reason=reason, at=datetime.now(UTC)
        )
    if as_json:
        result = CalibrationResult(
            repo=repo,
            tenant=tenant,
            reason=found.entry.reason if found.entry else "the first promotion was rolled back",
            promise=found.promise,
            champion=found.entry.digest if found.entry else None,
            figures=found.entry.figures if found.entry else None,
            report=found.report,
        )
        click.echo(result.model_dump_json(indent=2))
        return
    click.echo(f"{line(repo)}: " + (f"{found.entry.digest} selects again" if found.entry else "no model selects now"))
    click.echo(f"  promise {found.promise.state.value}: {line(found.promise.reason)}")


def _registry(ledger: Ledger) -> Registry:
    return Registry(ledger, ArtifactStore(artifacts_dir()), open_keyring(keys_dir()))


def _calibrated(history: History, repo: str, tenant: str, champion: Champion | None) -> Calibration:
    return calibrate_history(history, repo=repo, tenant=tenant, at=datetime.now(UTC), champion=champion, method=METHOD)


def _latest_report(registry: Registry, repo: str, tenant: str) -> bytes:
    for entry in registry.ledger.models.list(repo, tenant=tenant, limit=1):
        if entry.report is not None:
            return registry.artifacts.get(entry.report)
    raise BadInput(
        f"{repo} was never calibrated", field="--repo", fix="maestro tests calibrate first, or give --history"
    )


def _say(result: CalibrationResult) -> None:
    what = "the new model was promoted" if result.promoted else "nothing was promoted"
    click.echo(f"{line(result.repo)}: {what}: {line(result.reason)}")
    if result.promise is not None:
        click.echo(f"  promise {result.promise.state.value}: {line(result.promise.reason)}")
    for row in result.figures.taus if result.figures else ():
        click.echo(
            f"  new model at τ = {row.tau:g}: {row.escapes} of {row.red_builds} red builds escaped "
            f"({row.rate:.1%}, {row.low:.1%} to {row.high:.1%}), {row.saved:.1%} of the test seconds saved"
        )
    click.echo(f"  model that selects: {result.champion or 'none, so everything runs'}")
    if result.report is not None:
        click.echo(f"  report: maestro evidence show {result.report.digest} --save calibration.html")
