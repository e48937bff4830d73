"""Who may be predicted at a landmark, and why somebody is not: one answer for training and serving."""
