"""Taking a run back: which one, what goes and what stays, and the writing (contract.md, `runs undo`)."""
