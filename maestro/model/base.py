"""Base classes of everything that passes between rooms or is read from a file."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value that passes between rooms and through Temporal.

    Unknown fields are ignored, so that a worker of the previous release can read what a newer one wrote; new fields
    need a default, so that old histories stay readable.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class Config(BaseModel):
    """A frozen value that a person wrote in a file: an unknown field is a typo and is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
