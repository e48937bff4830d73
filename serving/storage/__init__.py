"""What outlives a request: settings, the secret, keys, rate limits, certificates and the database."""
