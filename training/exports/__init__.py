"""A cohort for others' tools: tables as CSV or Parquet, a Data Package descriptor, a MEDS dataset.

Public names: `describe_marked`, `require_table_file`, `write_features`, `write_outcomes`, `write_table`.
"""
