"""CDS Hooks 2.0: discovery, requests, cards and feedback; neither HTTP nor storage."""
