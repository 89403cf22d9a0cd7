"""Alembic migrations of the state, oldest first in versions/."""
