"""What became of a model in use: who is asked about, what it answers, and whether its predictions come true."""
