"""Starts nginx and the admin API, and ends both together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from .api import Npm, serve
from .nginx import PROGRAM, Nginx

DATA, LETSENCRYPT = Path("/data"), Path("/etc/letsencrypt")
ADMIN_PORT = 81
END_S = 20


def main() -> int:
    """Run until SIGTERM, or until nginx ends by itself."""
    print("Stand-in for Nginx Proxy Manager 2.15", flush=True)  # noqa: T201 - the container's log
    token_s = float(os.environ.get("STAND_IN_TOKEN_S", "86400"))
    npm = Npm(DATA, LETSENCRYPT, Nginx(DATA, LETSENCRYPT), token_s=token_s)
    npm.hosts.configure_all()
    nginx = subprocess.Popen([PROGRAM, "-g", "daemon off;"])  # noqa: S603 - no shell
    signal.signal(signal.SIGTERM, lambda *_: nginx.send_signal(signal.SIGQUIT))
    server = serve(npm, ("", ADMIN_PORT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    code = nginx.wait()
    server.shutdown()
    npm.store.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
