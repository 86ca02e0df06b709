"""Every type of this provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provider.convex import Environment
from provider.erp import SiteMap
from provider.npm import CertificateMap, Hosts, Lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provider.resource import Resource

TYPES: Mapping[str, Resource[Any]] = {
    one.token: one for one in (CertificateMap(), Lists(), Hosts(), Environment(), SiteMap())
}
"""Type token → resource."""
