"""Turns the template of the local stack into its stack file; pure, writes nothing itself."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import yaml

_IMAGE = re.compile(r"@IMAGE_([a-z0-9-]+)@")
_SECRET = re.compile(r"@SECRET_hex([0-9]+)@")
_PART = re.compile(r"^  (estate:\w+):", re.MULTILINE)
_CONFIG = re.compile(r"^config:\n", re.MULTILINE)
_PLACEHOLDER = "placeholder"


@dataclass(frozen=True)
class SecretPath:
    """A secret that the set-up has to make.

    Attributes:
        path: key for `pulumi config set --path … --secret`.
        bytes: how many random bytes, to be written as hex digits.
    """

    path: str
    bytes: int


class UnknownImageError(ValueError):
    """The template asks for an image that has not been built."""


def render(template: str, images: Mapping[str, str]) -> tuple[str, list[SecretPath]]:
    """Fill in the images, and say which secrets are still to be set.

    Until it is set a secret holds a placeholder, which an update refuses: a set-up that was killed
    half-way leaves nothing that could start.

    Args:
        template: text of `local/stack.yaml`.
        images: name of an image → its reference with digest.

    Raises:
        UnknownImageError: an image of the template is not among `images`.
    """
    missing = sorted(set(_IMAGE.findall(template)) - set(images))
    if missing:
        raise UnknownImageError(
            f"local/stack.yaml needs images that are not built: {', '.join(missing)}"
        )
    text = _IMAGE.sub(lambda found: images[found[1]], template)
    return _SECRET.sub(_PLACEHOLDER, text), secret_paths(template)


def secret_paths(template: str) -> list[SecretPath]:
    """Every secret of the template, in its order."""
    return [SecretPath(path, int(found[1])) for path, found in _marked(template, _SECRET.fullmatch)]


def image_paths(template: str) -> dict[str, str]:
    """Every key of the template that holds an image → the image's name."""
    return {path: found[1] for path, found in _marked(template, _IMAGE.fullmatch)}


def parts(text: str) -> dict[str, str]:
    """Every part of a template or of a stack file made from it: its key → its lines."""
    found = list(_PART.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return {one[1]: text[one.start() : end] for one, end in zip(found, ends, strict=True)}


def grown(stack_file: str, template: str, *, offered: Collection[str]) -> str:
    """Add the parts that a template has got since a stack file was written, marks and all.

    Args:
        stack_file: text of the stack file.
        template: text of `local/stack.yaml`.
        offered: keys that the stack file was offered before; one taken out of it stays out.
    """
    known = {*offered, *parts(stack_file)}
    new = "".join(lines for key, lines in parts(template).items() if key not in known)
    return _CONFIG.sub(lambda found: found[0] + new, stack_file, count=1)


def unset(stack_file: str, template: str) -> list[SecretPath]:
    """Every secret of the template that is still a placeholder in a stack file."""
    values = dict(_leaves(yaml.safe_load(stack_file)["config"], ""))
    return [one for one in secret_paths(template) if values.get(one.path) == _PLACEHOLDER]


def _marked(
    template: str, match: Callable[[str], re.Match[str] | None]
) -> Iterator[tuple[str, re.Match[str]]]:
    for path, value in _leaves(yaml.safe_load(template)["config"], ""):
        if found := match(value):
            yield path, found


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
