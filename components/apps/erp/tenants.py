"""The customers of the ERP as entries of the native resources: one map, not resources each. Pure.

A customer is a certificate, a proxy host and a site; what they are named after is the key in the
stack file, so that a preview and the drift check say which customer it is.
"""

from collections.abc import Mapping

from components.apps.erp.layout import FRONTEND_PORT, Names
from settings import Erp, ErpSecrets, Npm, Tenant

_HSTS = 'add_header Strict-Transport-Security "max-age=63072000; preload" always;'


def certificates(erp: Erp, npm: Npm) -> dict[str, dict[str, object]]:
    """Return customer → certificate for all its names; none where the proxy has no authority."""
    if npm.acme is None:
        return {}
    return {
        name: {"provider": "letsencrypt", "domain_names": sorted(erp.names(name))}
        for name in erp.tenants
    }


def proxy_hosts(erp: Erp, npm: Npm) -> dict[str, dict[str, object]]:
    """Return customer → proxy host; that of an archived one is switched off."""
    return {name: _proxy_host(erp, npm, name, one) for name, one in erp.tenants.items()}


def _proxy_host(erp: Erp, npm: Npm, name: str, tenant: Tenant) -> dict[str, object]:
    names, secure = sorted(erp.names(name)), npm.acme is not None
    host: dict[str, object] = {
        "domain_names": names,
        "forward_scheme": "http",
        "forward_host": Names(erp.name).service("frontend"),
        "forward_port": FRONTEND_PORT,
        "allow_websocket_upgrade": True,
        "ssl_forced": secure,
        "http2_support": secure,
        "hsts_enabled": secure,
        "enabled": tenant.state != "archived",
    }
    if secure:
        # What the proxy calls a certificate that it has asked for.
        host["certificate"] = ", ".join(names)
    if len(names) > 1:
        host["advanced_config"] = as_site(erp.site(name), secure=secure)
    return host


def as_site(site: str, *, secure: bool) -> str:
    """Return nginx's own location for a host of several names: Frappe is asked for the one site.

    Frappe takes the site from the host name, and knows one name for each. The location takes the
    place of the proxy's own, so it says all that one says.

    Args:
        site: the site.
        secure: whether browsers are told to stay with HTTPS.
    """
    lines = [
        f"proxy_set_header Host {site};",
        "proxy_set_header X-Forwarded-Host $host;",
        "proxy_set_header X-Forwarded-Scheme $scheme;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Real-IP $remote_addr;",
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Connection $http_connection;",
        "proxy_http_version 1.1;",
        *([_HSTS] if secure else []),
        "proxy_pass $forward_scheme://$server:$port$request_uri;",
    ]
    return "\n".join(["location / {", *(f"  {line}" for line in lines), "}"])


def sites(erp: Erp, npm: Npm) -> dict[str, dict[str, object]]:
    """Return customer → site."""
    return {name: _site(erp, npm, name) for name in erp.tenants}


def passwords(erp: Erp, secrets: ErpSecrets) -> dict[str, str]:
    """Return customer → password of the site's administrator, in clear."""
    return {
        name: one.ADMIN_PASSWORD.get_secret_value()
        for name, one in secrets.tenants.items()
        if name in erp.tenants
    }


def _site(erp: Erp, npm: Npm, name: str) -> dict[str, object]:
    tenant = erp.tenants[name]
    kept = tenant.state == "archived" and not erp.archive_sites
    return {
        "site": erp.site(name),
        "apps": list(tenant.apps),
        "state": "suspended" if kept else tenant.state,
        "config": config(erp, npm, name),
    }


def config(erp: Erp, npm: Npm, name: str) -> Mapping[str, object]:
    """Return the keys of a site's configuration that are ours.

    `host_name` is where links in mails lead: the customer's own name, once it has one.
    """
    site, *others = erp.names(name)
    limits = erp.tenants[name].limits.keys()
    return {
        "host_name": npm.url(others[0] if others else site),
        **({"domains": others} if others else {}),
        **({"limits": limits} if limits else {}),
    }
