"""A logged answer computed again from its row."""
