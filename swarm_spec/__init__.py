"""A service in the words of Pulumi's docker provider, as the specification that Swarm keeps. Pure.

The provider's stand-in makes services of it, and the drift check compares them with it. It knows
neither Pulumi nor a plugin: what the official one has recorded reads the same.
"""

from .container import Bag
from .durations import parse_duration, write_duration
from .labels import to_map
from .service import service_spec

__all__ = ["Bag", "parse_duration", "service_spec", "to_map", "write_duration"]
