"""The CRM: backend, Postgres and their release."""

from components.apps.crm.system import Crm

__all__ = ["Crm"]
