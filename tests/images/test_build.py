"""The build does nothing when nothing changed, and its registry is for this machine only."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from local.images.build.__main__ import build_images, main
from local.images.build.catalog import CHECKOUT, IMAGES

if TYPE_CHECKING:
    import pytest
    from docker import DockerClient

RECORD = CHECKOUT / ".estate" / "images.json"


def test_nothing_changed_means_no_work(
    images: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = RECORD.read_text()
    began = time.monotonic()
    assert build_images([], {}) == images
    assert time.monotonic() - began < 2
    assert "0 built" in capsys.readouterr().err
    assert RECORD.read_text() == before


def test_the_record_holds_every_image_of_the_local_stack(images: dict[str, str]) -> None:
    record = json.loads(RECORD.read_text())
    wanted = {image.name for image in IMAGES.values() if not image.on_request}
    assert wanted <= set(record)
    for name in wanted:
        assert record[name]["ref"] == images[name]
        assert images[name].startswith(f"127.0.0.1:5000/estate/{name}@sha256:")


def test_a_variant_has_its_own_digest_and_is_not_recorded(
    images: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = RECORD.read_text()
    assert main(["tickets", "DEMO_FAULT=crash", "DEMO_RELEASE=r2"]) == 0
    reference = capsys.readouterr().out.strip()
    assert reference.startswith("127.0.0.1:5000/estate/tickets@sha256:")
    assert reference != images["tickets"]
    assert RECORD.read_text() == before


def test_an_unknown_image_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 1
    assert "no such image: nothing" in capsys.readouterr().err


def test_a_failed_build_shows_its_last_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tickets", "DEMO_FAULT=unknown"]) == 1
    said = capsys.readouterr().err
    assert "DEMO_FAULT is one of" in said
    assert len(said.splitlines()) < 20


def test_the_registry_listens_on_the_loopback_address_only(
    images: dict[str, str], client: DockerClient
) -> None:
    assert "registry" in images
    container = client.containers.get("estate-registry")
    assert container.ports["5000/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "5000"}]
    assert container.attrs["HostConfig"]["RestartPolicy"]["Name"] == "always"
