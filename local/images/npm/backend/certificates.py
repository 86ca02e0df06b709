"""Certificates: uploaded ones, and self-signed ones in the place of an ACME authority's."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from . import schema
from .errors import ApiError

if TYPE_CHECKING:
    from pathlib import Path

    from .store import Store

Row = dict[str, Any]
FILES = ("certificate", "certificate_key", "intermediate_certificate")
HTTP_REACHABLE_NOT = ".unreachable.example"
"""The stand-in's authority cannot reach names below this; tests ask for one."""


class Certificates:
    """The certificates and their files."""

    def __init__(self, store: Store, live: Path, custom: Path) -> None:
        """Take the store, and where files of asked-for and of uploaded ones are."""
        self._store, self._live, self._custom = store, live, custom

    def create(self, body: object, owner: int) -> Row:
        """Create a certificate; an asked-for one is there when this returns.

        Raises:
            ApiError: the authority refuses.
        """
        data = schema.demand(body, schema.NEW_CERTIFICATE)
        domains = sorted(data.get("domain_names", []))
        row = {"owner_user_id": owner, "nice_name": "", "meta": {}, "expires_on": "", **data}
        row["domain_names"] = domains
        if data["provider"] == "other":
            return self._store.add("certificate", row)
        if any(one.endswith(HTTP_REACHABLE_NOT) for one in domains):
            raise ApiError(500, "Internal Error")
        made = self._store.add("certificate", {**row, "nice_name": ", ".join(domains)})
        self._sign(made)
        return made

    def upload(self, row_id: int, files: dict[str, str]) -> Row:
        """Take the files of a certificate of one's own.

        Raises:
            ApiError: there is none, or openssl does not read it.
        """
        row = self._store.one("certificate", row_id)
        if row["provider"] != "other":
            raise ApiError(400, "Cannot upload certificates for this type of provider")
        if "certificate" not in files:
            raise ApiError(400, "Certificate file was not provided")
        subject = _openssl("x509", "-subject", "-noout", stdin=files["certificate"])
        found = re.search(r"CN ?= ?(\S+)", subject)
        folder = self._custom / f"npm-{row_id}"
        folder.mkdir(parents=True, exist_ok=True)
        chain = [files[one] for one in ("certificate", "intermediate_certificate") if one in files]
        (folder / "fullchain.pem").write_text("\n".join(chain), encoding="ascii")
        (folder / "privkey.pem").write_text(files.get("certificate_key", ""), encoding="ascii")
        domains = [found.group(1)] if found else []
        self._store.change("certificate", row_id, {"domain_names": domains})
        return {name: text for name, text in files.items() if name in FILES}

    def remove(self, row_id: int) -> bool:
        """Delete a certificate; hosts that use it keep its number."""
        row = self._store.one("certificate", row_id)
        self._store.remove("certificate", row_id)
        if row["provider"] == "letsencrypt":
            shutil.rmtree(self._live / f"npm-{row_id}", ignore_errors=True)
        return True

    def _sign(self, row: Row) -> None:
        folder = self._live / f"npm-{row['id']}"
        folder.mkdir(parents=True, exist_ok=True)
        names = ",".join(f"DNS:{one}" for one in row["domain_names"])
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "90", "-subj", f"/CN={row['domain_names'][0]}"),
            *("-addext", f"subjectAltName={names}"),
            *("-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")),
        )


def _openssl(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(  # noqa: S603 - an argument list, no shell
        ["/usr/bin/openssl", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise ApiError(400, f"Certificate is not valid ({done.stderr.strip()})")
    return done.stdout
