"""Tests of what the settings are, how a file overrides them, and how they are recorded."""
