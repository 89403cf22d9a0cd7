"""How long a sync takes and how much memory it needs, beside other ways of reading the same files."""
