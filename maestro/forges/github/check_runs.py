"""The status of a head as a check run: what it has come to, failures at their lines, and up to three buttons.

A run that ended is not opened again, and annotations cannot be taken back: where either would be needed, a new run
takes the place of the old one, and GitHub shows and requires the newest. Whatever ends, ends the older ones as well.
"""

from dataclasses import dataclass
from datetime import UTC

from pydantic import JsonValue

from maestro.forges.forge import Annotation, Button, Refused, Stated, Status, StatusState
from maestro.forges.github.api import PER_PAGE, Api
from maestro.forges.github.refusal import RefusedError, refusing
from maestro.forges.hosted.texts import LINK_LIMIT, cut_line, cut_text, sendable
from maestro.forges.http import once
from maestro.forges.stamp import Stamp, read_stamp, stamped
from maestro.model.base import Model

NAME = "Maestro"
"""What a branch's protection requires."""

TEXT_LIMIT_BYTES = 65_535
SUMMARY_LIMIT_BYTES = 65_000
"""Of the 65,535 that GitHub takes; the rest is for the stamp."""

ANNOTATIONS_AT_ONCE = 50
ANNOTATIONS_LIMIT = 500
"""Ten requests. Nobody reads more of them, and the card has them all."""

BUTTONS_LIMIT = 3
LABEL_LIMIT = 20
EFFECT_LIMIT = 40
TITLE_LIMIT = 255

_ENDED = {
    StatusState.SUCCESS: "success",
    StatusState.FAILURE: "failure",
    StatusState.ACTION_REQUIRED: "action_required",
    StatusState.CANCELLED: "cancelled",
}


class _App(Model):
    slug: str | None = None


class _Output(Model):
    summary: str | None = None
    annotations_count: int = 0


class _Run(Model):
    id: int
    status: str
    external_id: str | None = None
    output: _Output
    app: _App | None = None


class _Runs(Model):
    check_runs: tuple[_Run, ...]


class _Shown(Model):
    path: str
    start_line: int
    title: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class _Ours:
    run: _Run
    stamp: Stamp

    @property
    def is_ended(self) -> bool:
        return self.run.status == "completed"


class CheckRuns:
    """Check runs by the name of ``NAME``, which GitHub lets an App make and nobody else."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def ask(self, wanted: Status, /) -> Stated | None:
        try:
            return self._settled(wanted, await self._ours(wanted))
        except RefusedError:
            # Where nothing may be looked at, `call` says so; an exception here would be tried again for ever.
            return None

    async def call(self, wanted: Status, /) -> Stated | Refused:
        async def look() -> Stated | None:
            return self._settled(wanted, await self._ours(wanted))

        try:
            async with self._api.turn(_stamp(wanted).subject):
                return await once(self._api.http, look, lambda: self._written(wanted))
        except RefusedError as refused:
            return Refused(reason=refused.reason)

    def _settled(self, wanted: Status, ours: list[_Ours]) -> Stated | None:
        """The run that GitHub shows, where ``wanted`` must not take its place."""
        if not ours:
            return None
        shown = ours[-1]
        is_same = shown.stamp.key == wanted.key
        # The run is there before its last annotations are.
        is_whole = not is_same or shown.run.output.annotations_count >= len(_annotations(wanted))
        # What ended ends all, so whoever left one open has not come to the end of it.
        is_left_open = wanted.state in _ENDED and is_same and not all(each.is_ended for each in ours)
        if not shown.stamp.settles(_stamp(wanted)) or not is_whole or is_left_open:
            return None
        return Stated(name=str(shown.run.id), overtaken=not is_same)

    async def _written(self, wanted: Status) -> Stated:
        ours = await self._ours(wanted)
        missing = await self._missing(wanted, ours[-1].run) if ours else _annotations(wanted)
        is_reopened = bool(ours) and ours[-1].is_ended and wanted.state not in _ENDED
        if not ours or missing is None or is_reopened:
            number = await self._made(wanted)
            missing = _annotations(wanted)[ANNOTATIONS_AT_ONCE:]
        else:
            number = ours[-1].run.id
            await self._changed(wanted, number, missing[:ANNOTATIONS_AT_ONCE])
            missing = missing[ANNOTATIONS_AT_ONCE:]
        for start in range(0, len(missing), ANNOTATIONS_AT_ONCE):
            await self._changed(wanted, number, missing[start : start + ANNOTATIONS_AT_ONCE])
        if wanted.state in _ENDED:
            for each in ours:
                if each.run.id != number and not each.is_ended:
                    await self._changed(wanted, each.run.id, ())
        return Stated(name=str(number))

    async def _missing(self, wanted: Status, run: _Run) -> tuple[Annotation, ...] | None:
        """The annotations that are not there yet; None where one is there that is none any more."""
        asked = _annotations(wanted)
        if not run.output.annotations_count:
            return asked
        pages = await self._api.pages(wanted.pull_request.repo, f"check-runs/{run.id}/annotations")
        there = {
            (shown.path, shown.start_line, shown.title or "", shown.message or "")
            for page in pages
            for shown in page.read(list[_Shown])
        }
        keys = {_identity(annotation): annotation for annotation in asked}
        if there - keys.keys():
            return None
        return tuple(annotation for key, annotation in keys.items() if key not in there)

    async def _made(self, wanted: Status) -> int:
        body = _body(wanted, _annotations(wanted)[:ANNOTATIONS_AT_ONCE])
        body |= {"head_sha": wanted.pull_request.head_sha, "started_at": _moment(wanted)}
        answer = await self._api.send(wanted.pull_request.repo, "POST", "check-runs", body)
        if answer.status == 403:
            raise RefusedError(
                f"GitHub takes no check run: it says {answer.said!r}",
                field=answer.place,
                fix="use an App with the permission to write checks; a person's token cannot make check runs",
            )
        return refusing(answer, doing="GitHub takes no check run").read(_Run).id

    async def _changed(self, wanted: Status, number: int, annotations: tuple[Annotation, ...]) -> None:
        answer = await self._api.send(
            wanted.pull_request.repo, "PATCH", f"check-runs/{number}", _body(wanted, annotations)
        )
        refusing(answer, doing="GitHub does not change the check run")

    async def _ours(self, wanted: Status) -> list[_Ours]:
        """Every run of ours for this pull request's head, the one that GitHub shows last."""
        pull_request, subject = wanted.pull_request, _stamp(wanted).subject
        login = await self._api.login()
        path = f"commits/{pull_request.head_sha}/check-runs"
        pages = await self._api.pages(
            pull_request.repo, path, query={"check_name": NAME, "filter": "all", "per_page": PER_PAGE}
        )
        found = []
        for run in (run for page in pages for run in page.read(_Runs).check_runs):
            stamp = read_stamp(run.output.summary or "")
            is_ours = run.app is not None and f"{run.app.slug}[bot]" == login
            if is_ours and stamp and stamp.subject == subject and run.external_id == stamp.key:
                found.append(_Ours(run, stamp))
        return sorted(found, key=lambda ours: ours.run.id)


def _body(wanted: Status, annotations: tuple[Annotation, ...]) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {
        "name": NAME,
        "external_id": wanted.key,
        "output": {
            "title": cut_line(wanted.title, TITLE_LIMIT) or NAME,
            "summary": stamped(_stamp(wanted), _summary(wanted)),
            "annotations": [_annotation(each) for each in annotations],
        },
        "actions": [_action(button) for button in wanted.buttons[:BUTTONS_LIMIT]],
    }
    if wanted.link.startswith(("https://", "http://")) and len(wanted.link) <= LINK_LIMIT:
        body["details_url"] = wanted.link
    if wanted.state in _ENDED:
        return body | {"status": "completed", "conclusion": _ENDED[wanted.state], "completed_at": _moment(wanted)}
    return body | {"status": "in_progress"}


def _summary(wanted: Status) -> str:
    left_out = len(set(map(_identity, wanted.annotations))) - ANNOTATIONS_LIMIT
    more = f"\n\n{left_out:,} more failures are on the card, not at their lines." if left_out > 0 else ""
    return cut_text(wanted.summary, SUMMARY_LIMIT_BYTES - len(more), link=wanted.link) + more


def _annotations(wanted: Status) -> tuple[Annotation, ...]:
    """Each once, in their order, as GitHub takes them."""
    cut = {_identity(each): each for each in map(_cut, wanted.annotations)}
    return tuple(cut.values())[:ANNOTATIONS_LIMIT]


def _cut(annotation: Annotation) -> Annotation:
    return Annotation(
        path=sendable(annotation.path),
        line=max(1, annotation.line),
        title=cut_line(annotation.title, TITLE_LIMIT),
        message=cut_text(annotation.message, TEXT_LIMIT_BYTES) or cut_line(annotation.title, TITLE_LIMIT) or NAME,
    )


def _identity(annotation: Annotation) -> tuple[str, int, str, str]:
    return annotation.path, annotation.line, annotation.title, annotation.message


def _annotation(annotation: Annotation) -> JsonValue:
    return {
        "path": annotation.path,
        "start_line": annotation.line,
        "end_line": annotation.line,
        "annotation_level": "failure",
        "title": annotation.title,
        "message": annotation.message,
    }


def _action(button: Button) -> JsonValue:
    label = cut_line(button.label, LABEL_LIMIT) or cut_line(button.kind.value, LABEL_LIMIT)
    return {
        "label": label,
        "description": cut_line(button.effect, EFFECT_LIMIT) or label,
        "identifier": button.kind.value,
    }


def _moment(wanted: Status) -> str:
    """The moment in whole seconds, UTC."""
    return wanted.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stamp(status: Status) -> Stamp:
    return Stamp(status.key, status.version, status.at)
