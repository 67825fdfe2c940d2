"""Every reader of files that is fuzzed, by name, in the order of ``make fuzz``."""

from __future__ import annotations

from fuzz import (
    commands,
    experiments,
    images,
    init_packets,
    manifests,
    mcuboot,
    pem_keys,
    recipes,
    settings_pages,
    traces,
    zips,
)
from fuzz.files import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *(zips.ZIP, zips.PACKAGE, manifests.TARGET, init_packets.TARGET),
        *(images.HEX, images.SREC, images.ELF, images.FIRMWARE),
        *(settings_pages.PAGE, settings_pages.FILE, pem_keys.PRIVATE, pem_keys.PUBLIC),
        *(traces.TRACE, traces.CAPTURE, commands.TARGET, experiments.TARGET),
        *(recipes.TARGET, mcuboot.MCUBOOT),
    )
}
