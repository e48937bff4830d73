"""Logged rows answered by another model, and who would get another answer."""
