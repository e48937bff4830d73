"""The names of the artifacts of a run that several parts of the software write or read."""

EVIDENCE, EVIDENCE_DIGEST = "evidence.json", "evidence_digest"
"""What was found out about a model, and the tag with its SHA-256."""
REPORT = "report.html"
HELD_OUT, HELD_OUT_ANSWERS = "held_out_predictions.parquet", "held_out_answers.parquet"
"""The held-out predictions of every candidate, and all that the figures of the evidence are computed from."""
PROTOCOL = "protocol.json"
SUMMARY = "summary.json"
