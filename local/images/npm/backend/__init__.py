"""Stands in for Nginx Proxy Manager 2.15: the part of its admin API that the estate uses."""
