"""What people are told: templates, checked before anything is written, and the texts they make (policies.md R-U4)."""

from rostersync.messages.loading import DEFAULTS, Templates, load
from rostersync.messages.texts import with_texts

__all__ = ["DEFAULTS", "Templates", "load", "with_texts"]
