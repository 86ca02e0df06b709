"""What the estate's Command resources run: plain Python, one step per module, no Pulumi."""
