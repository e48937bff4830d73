"""Tests of CDS Hooks."""
