"""Swarm's own resources, thin, with the defaults that keep an estate safe."""
