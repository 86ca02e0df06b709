"""Certificates of an authority of a test's own, valid or out of date, as Traefik stores them."""

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """An authority.

    Attributes:
        folder: where its keys and certificates lie.
    """

    folder: Path

    @property
    def certificate(self) -> str:
        """Its own certificate, PEM."""
        return (self.folder / "ca.pem").read_text(encoding="ascii")

    def store(self, domain: str, *, ended: bool, resolver: str) -> bytes:
        """Issue a certificate and return the file in which Traefik would have kept it.

        Args:
            domain: whose it is.
            ended: whether it was valid until the day before yesterday, or is for a year.
            resolver: Traefik's name for where it came from.
        """
        key, request = self.folder / "leaf.key", self.folder / "leaf.csr"
        new = ("-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request)
        openssl("req", "-new", *new, "-subj", f"/CN={domain}")
        names = self.folder / "names"
        names.write_text(f"subjectAltName=DNS:{domain}\n", encoding="ascii")
        leaf = self.folder / "leaf.pem"
        signed = ("-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key")
        days = "-1" if ended else "365"
        openssl(
            *("x509", "-req", "-in", request, *signed, "-CAcreateserial"),
            *("-days", days, "-extfile", names, "-out", leaf),
        )
        kept = {
            "domain": {"main": domain},
            "certificate": base64.b64encode(leaf.read_bytes()).decode(),
            "key": base64.b64encode(key.read_bytes()).decode(),
            "Store": "default",
        }
        return json.dumps({resolver: {"Account": None, "Certificates": [kept]}}).encode()


def authority(folder: Path) -> Authority:
    """Make an authority."""
    folder.mkdir()
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365"),
        *("-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=of a test"),
    )
    return Authority(folder)


def openssl(*arguments: str | Path) -> None:
    """Run openssl; a refusal is a failed test."""
    argv = ["openssl", *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
