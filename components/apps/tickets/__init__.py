"""The tickets system: web, Convex backend, dashboard, recurring calls and its release."""

from components.apps.tickets.system import Tickets

__all__ = ["Tickets"]
