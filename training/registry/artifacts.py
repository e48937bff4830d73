"""The names of the artifacts of a run that several parts of the software write or read."""

EVIDENCE, EVIDENCE_DIGEST = "evidence.json", "evidence_digest"
"""What was found out about a model, and the tag with its SHA-256."""
REPORT = "report.html"
HELD_OUT = "held_out_predictions.parquet"
PROTOCOL = "protocol.json"
SUMMARY = "summary.json"
