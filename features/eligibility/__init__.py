"""Which patients are eligible at a landmark, and why others are not: one rule for training and serving."""
