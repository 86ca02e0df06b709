"""The ERP: ERPNext for many customers behind Nginx Proxy Manager, and its release."""

from components.apps.erp.system import Erp

__all__ = ["Erp"]
