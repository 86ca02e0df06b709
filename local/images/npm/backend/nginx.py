"""nginx: one file for each host, tested before it counts, and taken away when nginx refuses it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

PROGRAM = "/usr/sbin/nginx"
OWN_LOCATION = re.compile(r"^(?:.*;)?\s*location\s*/\s*\{", re.IGNORECASE | re.MULTILINE)
"""With a root location in its advanced configuration a host gets no other one."""

FALSE_ALARM = "/var/log/nginx/error.log"
UPGRADE = """\
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_http_version 1.1;
"""
HEADERS = """\
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-Scheme $scheme;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Real-IP $remote_addr;
"""
EXPLOITS = """\
  if ($query_string ~ "(<|%3C).*script.*(>|%3E)") { return 403; }
  if ($query_string ~ "proc/self/environ") { return 403; }
"""


class Proxy(Protocol):
    """What serves the hosts."""

    def configure(self, host: Row, certificate: Row | None, access: Row | None) -> str | None:
        """Serve a host; return why it cannot be, or None."""

    def forget(self, host_id: int) -> None:
        """Serve a host no more."""


class Nginx:
    """The nginx of this container."""

    def __init__(self, data: Path, letsencrypt: Path) -> None:
        """Take the two volumes."""
        self._folder = data / "nginx" / "proxy_host"
        self._access = data / "access"
        self._custom = data / "custom_ssl"
        self._live = letsencrypt / "live"
        for folder in (self._folder, self._access, self._custom, self._live, data / "logs"):
            folder.mkdir(parents=True, exist_ok=True)

    def configure(self, host: Row, certificate: Row | None, access: Row | None) -> str | None:
        """Write a host's file and test it; a refused one is taken away, and the reason returned."""
        file = self._folder / f"{host['id']}.conf"
        file.unlink(missing_ok=True)
        if not host["enabled"]:
            self.reload()
            return None
        if access is not None:
            self._write_users(access)
        file.write_text(
            server(host, access, self._files(certificate), self._access), encoding="utf-8"
        )
        reason = self.test()
        if reason is not None:
            file.rename(file.with_suffix(".conf.err"))
        self.reload()
        return reason

    def forget(self, host_id: int) -> None:
        """Take a host's file away."""
        (self._folder / f"{host_id}.conf").unlink(missing_ok=True)
        self.reload()

    def test(self) -> str | None:
        """Return what nginx has against its configuration, or None."""
        done = _run("-t", "-g", "error_log off;")
        if done.returncode == 0:
            return None
        said = [line for line in done.stderr.splitlines() if FALSE_ALARM not in line]
        return "\n".join(said)

    def reload(self) -> None:
        """Have nginx read its configuration again; at the start it does not run yet."""
        if self.test() is None:
            _run("-s", "reload")

    def _files(self, certificate: Row | None) -> Path | None:
        if certificate is None:
            return None
        root = self._live if certificate["provider"] == "letsencrypt" else self._custom
        return root / f"npm-{certificate['id']}"

    def _write_users(self, access: Row) -> None:
        lines = []
        for item in access["items"]:
            hashed = subprocess.run(
                ["/usr/bin/openssl", "passwd", "-apr1", "-stdin"],
                input=item["password"],
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            ).stdout.strip()
            lines.append(f"{item['username']}:{hashed}\n")
        (self._access / str(access["id"])).write_text("".join(lines), encoding="utf-8")


def server(host: Row, access: Row | None, files: Path | None, folder: Path) -> str:
    """Return the server block of a host. Pure.

    Args:
        host: the row.
        access: its access list.
        files: where certificate and key are; None serves plain HTTP.
        folder: of the access lists' user files.
    """
    listen = ["  listen 80;"]
    if files is not None:
        listen += [
            "  listen 443 ssl;",
            f"  ssl_certificate {files}/fullchain.pem;",
            f"  ssl_certificate_key {files}/privkey.pem;",
        ]
    parts = [
        "server {",
        f"  set $forward_scheme {host['forward_scheme']};",
        f'  set $server "{host["forward_host"]}";',
        f"  set $port {host['forward_port']};",
        *listen,
        f"  server_name {' '.join(host['domain_names'])};",
        EXPLOITS if host["block_exploits"] else "",
        "  if ($scheme = http) { return 301 https://$host$request_uri; }"
        if host["ssl_forced"]
        else "",
        _hsts(host),
        host["advanced_config"],
        *(_location(one, host) for one in host["locations"]),
        "" if OWN_LOCATION.search(host["advanced_config"]) else _default(host, access, folder),
        "}",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _default(host: Row, access: Row | None, folder: Path) -> str:
    parts = [
        "  location / {",
        _rules(access, folder),
        HEADERS,
        UPGRADE if host["allow_websocket_upgrade"] else "",
        "    proxy_pass $forward_scheme://$server:$port$request_uri;",
        "  }",
    ]
    return "\n".join(part for part in parts if part)


def _hsts(host: Row) -> str:
    if not host["hsts_enabled"]:
        return ""
    subdomains = "; includeSubDomains" if host["hsts_subdomains"] else ""
    return f'  add_header Strict-Transport-Security "max-age=63072000{subdomains}" always;'


def _location(one: Row, host: Row) -> str:
    target = f"{one['forward_scheme']}://{one['forward_host']}:{one['forward_port']}"
    upgrade = UPGRADE if host["allow_websocket_upgrade"] else ""
    return (
        f"  location {one['path']} {{\n{one.get('advanced_config') or ''}\n{HEADERS}{upgrade}"
        f"    proxy_pass {target}{one.get('forward_path') or ''};\n  }}"
    )


def _rules(access: Row | None, folder: Path) -> str:
    if access is None:
        return ""
    lines = []
    if access["items"]:
        lines += ['auth_basic "Authorization required";']
        lines += [f"auth_basic_user_file {folder}/{access['id']};"]
        if not access["pass_auth"]:
            lines += ['proxy_set_header Authorization "";']
    if access["clients"]:
        lines += [f"{one['directive']} {one['address']};" for one in access["clients"]]
        lines += ["deny all;"]
    lines += [f"satisfy {'any' if access['satisfy_any'] else 'all'};"]
    return "\n".join(f"    {line}" for line in lines)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - an argument list, no shell
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=30, check=False
    )
