"""What every table of the settings has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen table of settings: no unknown keys, no value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)
