"""Nginx Proxy Manager: what its API holds of ours, read and changed by one-shot jobs."""
