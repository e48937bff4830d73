"""The prediction log: entries chained by hashes, appended before an answer leaves, checked and erased."""
