"""A checked recipe as lines for people, and as fields for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from firmline.cli.style import paint, printable
from firmline.formats.package import Package
from firmline.line.loading import CheckedRecipe
from firmline.line.recipe.limits import Limit
from firmline.line.recipe.steps import Step
from firmline.line.recipe.words import (
    action_in_words,
    hardware_in_words,
    limit_in_words,
    number,
    retest_in_words,
    rules_in_words,
)


def recipe_lines(checked: CheckedRecipe) -> Iterator[str]:
    """What a recipe says, in words."""
    recipe, product = checked.recipe, checked.recipe.product
    head = f"{recipe.title} ({recipe.name}, version {recipe.version})"
    yield f"{paint(printable(head), bold=True)}"
    revision = f", revision {product.revision}" if product.revision else ""
    yield printable(f"  product: {product.name}{revision}; {hardware_in_words(product)}")
    yield printable(f"  serial numbers: {product.serial_pattern.text}")
    for reference, package in checked.packages:
        pinned = f"SHA-256 {reference.sha256[:16]}..." if reference.sha256 else "not pinned"
        yield printable(
            f"  package {reference.name}: {reference.file}, {_contents(package)}, {pinned}"
        )
    yield f"  retests: {retest_in_words(recipe.retest)}"
    yield ""
    width = max(len(step.name) for step in recipe.steps)
    for place, step in enumerate(recipe.steps, 1):
        yield from _step_lines(place, step, width)
    if checked.remarks:
        yield ""
    for remark in checked.remarks:
        yield f"{paint('remark:', bold=True)} {printable(remark)}"


def _step_lines(place: int, step: Step, width: int) -> Iterator[str]:
    particular = action_in_words(step.action)
    said = f"{step.title}{f': {particular}' if particular else ''}, within {_time(step.timeout_s)}"
    name = paint(step.name.ljust(width), bold=True)
    yield f"{place:3}  {name}  {printable(said)}"
    for rule in rules_in_words(step):
        yield printable(f"{'':{width + 5}}  {rule}")


def _time(seconds: float) -> str:
    hours, minutes = seconds / 3600, seconds / 60
    if hours >= 1 and hours == int(hours):
        return f"{hours:.0f} h"
    return (
        f"{minutes:.0f} min" if minutes > 1 and minutes == int(minutes) else f"{number(seconds)} s"
    )


def _contents(package: Package) -> str:
    return ", ".join(
        f"{image.kind.value} version {image.init_packet.command.fw_version}"
        if image.init_packet.command.fw_version is not None
        else str(image.kind.value)
        for image in package.images
    )


def recipe_fields(checked: CheckedRecipe) -> dict[str, object]:
    """The same for programs."""
    recipe, product = checked.recipe, checked.recipe.product
    hw_versions, softdevices = product.hw_versions, product.softdevices
    return {
        "name": recipe.name,
        "version": recipe.version,
        "title": recipe.title,
        "sha256": recipe.sha256,
        "pinned": recipe.is_pinned,
        "product": {
            "name": product.name,
            "revision": product.revision,
            "serial_number": product.serial_pattern.text,
            "hw_versions": None if hw_versions is None else list(hw_versions),
            "softdevices": None if softdevices is None else [str(each) for each in softdevices],
        },
        "packages": [asdict(each) for each in recipe.packages],
        "retest": {
            "strikes": recipe.retest.strikes,
            "counted": sorted(recipe.retest.counted),
            "repeat_passed": recipe.retest.repeat_passed,
        },
        "steps": [_step_fields(step) for step in recipe.steps],
        "remarks": list(checked.remarks),
    }


def _step_fields(step: Step) -> dict[str, object]:
    return {
        "name": step.name,
        "kind": step.kind,
        "title": step.title,
        "action": asdict(step.action),
        "timeout_s": step.timeout_s,
        "ends_run": step.ends_run,
        "retries": step.retry.most,
        "retry_on": sorted(step.retry.on),
        "limits": [_limit_fields(limit) for limit in step.limits],
    }


def _limit_fields(limit: Limit) -> dict[str, object]:
    return {**asdict(limit), "words": limit_in_words(limit)}
