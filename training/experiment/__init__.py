"""The recipes: one training, one external evaluation, one update, and what each leaves behind."""
