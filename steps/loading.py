"""Loads what a short-lived process needs. It imports nothing of its own, to come first."""

import gc
from importlib import import_module
from types import ModuleType


def loaded(name: str) -> ModuleType:
    """Import a module, and all that it needs, without looking for garbage meanwhile.

    What modules make stays, so there is none: to look for it takes a fifth of the start of a step
    or of a plugin (measured), and the engine starts a dozen of them in a release.
    """
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()
