"""The state of a district: base, platform and accounts in one SQLite file (contract.md, State)."""
