"""The stack file as a tree of keys, read from the types."""

from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from .needs import Needs

Step = str | int


def fields(model: type[BaseModel]) -> dict[str, object]:
    """The keys of a model as they stand in the stack file, each with its annotation."""
    return {
        field.alias or name: Annotated[field.annotation, *field.metadata]
        if field.metadata
        else field.annotation
        for name, field in model.model_fields.items()
    }


def below(annotation: object, step: Step) -> object | None:
    """The annotation one step down, or None when nothing is known there."""
    bare = bare_type(annotation)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return fields(bare).get(str(step))
    # A dict's last argument is the type of its values; a tuple's first, that of its items.
    arguments: tuple[object, ...] = get_args(bare)
    if get_origin(bare) is dict:
        return arguments[1]
    return arguments[0] if get_origin(bare) is tuple else None


def at(root: type[BaseModel], steps: Sequence[Step]) -> object | None:
    """The annotation at the end of a way through the stack file, None when there is none."""
    annotation: object | None = root
    for step in steps:
        annotation = below(annotation, step)
    return annotation


def bare_type(annotation: object) -> object:
    """An annotation without its metadata and without `| None`."""
    if get_origin(annotation) is Annotated:
        return bare_type(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return bare_type(next(arg for arg in get_args(annotation) if arg is not NoneType))
    return annotation


def needs(annotation: object) -> str | None:
    """What a value of this annotation needs, when its type says so."""
    for part in get_args(annotation):
        if isinstance(part, Needs):
            return part.what
        if (found := needs(part)) is not None:
            return found
    return None


def paths(annotation: object, start: str) -> Iterator[str]:
    """Every key at and below a start, `*` for a name of one's own and `[]` for a list's items."""
    yield start
    bare = bare_type(annotation)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        for key, field in fields(bare).items():
            yield from paths(field, f"{start}.{key}")
    elif get_origin(bare) is dict:
        yield from paths(get_args(bare)[1], f"{start}.*")
    elif get_origin(bare) is tuple:
        yield from paths(get_args(bare)[0], f"{start}[]")


def written(steps: Sequence[Step]) -> str:
    """A way through the stack file as `pulumi config set --path` takes it."""
    first, *rest = [step for step in steps if step != "[key]"]
    return f"estate:{first}" + "".join(_written_step(step) for step in rest)


def _written_step(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f'["{step}"]' if "." in step else f".{step}"
