"""Builds the images of the local stack and gives them digests from a registry of their own."""
