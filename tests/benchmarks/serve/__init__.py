"""What answering over HTTP costs: a load generator, the measures, the table."""
