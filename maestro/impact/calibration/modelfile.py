"""A fitted model as a signed file: what it is, what it was fitted on, how well it did, and whom it replaced.

A file that was changed, is of another release, or belongs to another repository is refused with the reason; whoever
loads one then runs more tests, never fewer.
"""

import json
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, Field, JsonValue, ValidationError

from maestro.canonical import canonical_json
from maestro.errors import BadInput
from maestro.impact.calibration.window import DataWindow
from maestro.model.base import Config
from maestro.model.calibration import WalkFigures
from maestro.signing.envelope import seal, unseal
from maestro.signing.keys import Keyring

FORMAT_VERSION = 1
"""Rises when an older release would misread a file of a newer one."""

PAYLOAD_TYPE = "application/vnd.maestro-conductor.model+json"
MEDIA_TYPE = "application/vnd.dsse.envelope+json"
FILE_NAME = "model.json"

ModelT = TypeVar("ModelT", bound=BaseModel)


class Threshold(Config):
    """How deep the model goes for one τ. ``value`` is None where everything runs; ``withdrawn`` says why the longer
    past is not relied on, empty where it is.
    """

    tau: float = Field(gt=0, lt=1)
    value: float | None
    withdrawn: str = ""


class ModelFile(Config):
    """A fitted model. ``method`` names what can read ``parameters``; ``replaced`` is the digest of the champion that
    it was held against; ``figures`` are of the walk that it was judged by, on builds that no fit of it had seen.
    """

    version: int = FORMAT_VERSION
    repo: str
    tenant: str
    created_at: datetime
    window: DataWindow
    figures: WalkFigures
    replaced: str | None
    method: str
    parameters: dict[str, JsonValue]
    thresholds: tuple[Threshold, ...] = ()

    def read(self, model: type[ModelT], *, method: str) -> ModelT:
        """The parameters as the model that they are of. Raises BadInput where this release has another method."""
        if self.method != method:
            raise BadInput(
                f"the model was fitted by {self.method}, this release predicts by {method}",
                field=FILE_NAME,
                fix=f"maestro tests calibrate --repo {self.repo}",
            )
        try:
            return model.model_validate(self.parameters)
        except ValidationError as error:
            raise BadInput(
                f"the model's parameters are not those of {method}: {error.errors()[0]['msg']}",
                field=".".join(("parameters", *map(str, error.errors()[0]["loc"]))),
                fix=f"maestro tests calibrate --repo {self.repo}",
            ) from error


def dump(model: ModelFile, *, keys: Keyring) -> bytes:
    """The signed file. The same model and key always give the same bytes."""
    return seal(canonical_json(model).encode(), payload_type=PAYLOAD_TYPE, keys=keys)


def load(content: bytes, *, repo: str, tenant: str, keys: Keyring) -> ModelFile:
    """The model in a signed file. Raises BadInput for one that is not signed by a trusted key, was changed, is of
    another version, or is of another repository or tenant than asked for.
    """
    payload = unseal(content, payload_type=PAYLOAD_TYPE, keys=keys, field=FILE_NAME)
    model = _parsed(payload, repo=repo)
    if (model.repo, model.tenant) != (repo, tenant):
        raise BadInput(
            f"the model is of {model.repo} (tenant {model.tenant}), not of {repo} (tenant {tenant})",
            field=FILE_NAME,
            fix=f"calibrate {repo} itself: a model knows only its own repository's tests",
        )
    return model


def _parsed(payload: bytes, *, repo: str) -> ModelFile:
    fix = f"maestro tests calibrate --repo {repo}"
    try:
        # Not model_validate_json: it refuses names that are not UTF-8, which canonical JSON can carry.
        plain = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadInput("what was signed is no model", field=FILE_NAME, fix=fix) from error
    version = plain.get("version") if isinstance(plain, dict) else None
    if version != FORMAT_VERSION:
        raise BadInput(
            f"the file has version {version}, this release reads version {FORMAT_VERSION}",
            field=f"{FILE_NAME}: version",
            fix=f"{fix}, or use the release that wrote it",
        )
    try:
        return ModelFile.model_validate(plain)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise BadInput(
            f"what was signed is no model: {error.errors()[0]['msg']}", field=f"{FILE_NAME}: {where}", fix=fix
        ) from error
