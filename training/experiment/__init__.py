"""The recipes: one training, one external evaluation, one update, and what each records.

Public names: `build_evidence`, `ChampionComparison`, `evaluate`, `held_out_table`, `retrain`,
`redo_update`, `Retraining`, `summary`, `train`, `Training`, `update_model`, `UpdateRequest`.
"""
