"""What a real Gitea delivers is believed and read, and is what was recorded for ``make test``."""

from pathlib import Path

import pytest

from maestro.forges.events import Event, NotSignedError, Verdict
from maestro.forges.gitea import Gitea as Client
from maestro.forges.gitea import read_webhook
from maestro.forges.http import Secret
from tests.forge.handle import Gitea
from tests.forge.receiver import receiving
from tests.forge.repositories import commit, git, two_branches
from tests.forge.scenario import SECRET, Told, play
from tests.forges.gitea import examples


@pytest.fixture(scope="module")
def told(gitea: Gitea, tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    with receiving() as receiver:
        return play(gitea, receiver, tmp_path_factory.mktemp("scenario"), name="scenario")


def test_every_step_means_what_was_recorded(told: list[Told]) -> None:
    now = [(each.step, examples.row_of(_read(each))) for each in told]
    recorded = [
        (each["step"], examples.row_of(examples.read(each["event"], each["payload"]))) for each in examples.recorded()
    ]
    assert now == recorded


def test_nothing_that_gitea_delivers_is_believed_by_another_secret(told: list[Told]) -> None:
    for each in told:
        with pytest.raises(NotSignedError):
            read_webhook(each.received.headers, each.received.body, Secret("another"))
        with pytest.raises(NotSignedError):
            read_webhook(each.received.headers, each.received.body + b" ", Secret(SECRET))


async def test_gitea_says_of_which_commit_a_review_is(gitea: Gitea, tmp_path: Path) -> None:
    two_branches(tmp_path)
    repo = gitea.create_repository("reviewed", tmp_path)
    number = gitea.create_pull(repo, head="feature")
    seen = git(tmp_path, "rev-parse", "HEAD")
    gitea.review(repo, number, "APPROVED")
    commit(tmp_path, "b.txt", "unseen\n")
    gitea.push(repo, tmp_path, "feature:feature", user="ada")
    forge = Client(Secret(gitea.user("maestro").token), base_url=gitea.url)
    try:
        reviews = [
            await forge.reviews.sha_of(repo, str(number), reviewer=login, verdict=verdict)
            for login in ("grace", "ada")
            for verdict in (Verdict.APPROVED, Verdict.CHANGES_REQUESTED)
        ]
        assert reviews == [seen, "", "", ""]
        [review] = gitea.call("GET", f"repos/{repo}/pulls/{number}/reviews")
        gitea.call("POST", f"repos/{repo}/pulls/{number}/reviews/{review['id']}/dismissals", {"message": "No"})
        assert await forge.reviews.sha_of(repo, str(number), reviewer="grace", verdict=Verdict.APPROVED) == ""
    finally:
        await forge.close()


def _read(told: Told) -> Event:
    return read_webhook(told.received.headers, told.received.body, Secret(SECRET))
