"""firmline: firmware updates for nRF5x units that a production line can trust.

The public names of the Python API are those of ``__all__``; ``docs/reference/python-api.md`` shows
them at work. They are pure: bytes in, values out, and no file is opened; but for ``connect``, which
opens the road to a unit. Each is imported when it is first used, so that ``import firmline`` costs
nothing.
"""

import typing as _typing

__version__ = "0.1.0"

if _typing.TYPE_CHECKING:
    # isort: off
    from firmline.device.acceptance.verdict import (
        Verdict as Verdict,
        judge as judge,
    )
    from firmline.device.description import (
        UnitDescription as UnitDescription,
        gallery_unit as gallery_unit,
    )
    from firmline.device.unit_file import (
        read_unit as read_unit,
    )
    from firmline.errors import (
        Code as Code,
        FirmlineError as FirmlineError,
        InputError as InputError,
        LocalProtocolError as LocalProtocolError,
        RemoteProtocolError as RemoteProtocolError,
        SignerError as SignerError,
        StoreError as StoreError,
        TargetRefusedError as TargetRefusedError,
        TransportError as TransportError,
        TransportReason as TransportReason,
        VerifyError as VerifyError,
    )
    from firmline.formats.firmware import (
        FirmwareImage as FirmwareImage,
        parse_firmware as parse_firmware,
    )
    from firmline.formats.init_command import (
        BootValidation as BootValidation,
        BootValidationType as BootValidationType,
        FwType as FwType,
        HashType as HashType,
        InitCommand as InitCommand,
        InitPacket as InitPacket,
    )
    from firmline.formats.init_packet import (
        decode_init_packet as decode_init_packet,
        encode_init_command as encode_init_command,
        encode_init_packet as encode_init_packet,
    )
    from firmline.formats.key_recovery import (
        common_keys as common_keys,
        recover_keys as recover_keys,
    )
    from firmline.formats.keys import (
        PublicKey as PublicKey,
        Signer as Signer,
        SigningKey as SigningKey,
    )
    from firmline.formats.known_softdevices import (
        KnownSoftDevice as KnownSoftDevice,
        known_softdevice as known_softdevice,
        known_softdevices as known_softdevices,
        softdevice_by_name as softdevice_by_name,
    )
    from firmline.formats.lint import (
        Finding as Finding,
        lint_package as lint_package,
    )
    from firmline.formats.package import (
        Package as Package,
        PackageImage as PackageImage,
        read_package as read_package,
        write_package as write_package,
    )
    from firmline.formats.package_build import (
        PackageSpec as PackageSpec,
        build_package as build_package,
    )
    from firmline.formats.package_diff import (
        PackageDiff as PackageDiff,
        diff_packages as diff_packages,
    )
    from firmline.formats.probes import (
        ProbeCatalogue as ProbeCatalogue,
    )
    from firmline.formats.probes_pack import (
        ProbePack as ProbePack,
        read_probe_pack as read_probe_pack,
        sign_probe_pack as sign_probe_pack,
        write_probe_pack as write_probe_pack,
    )
    from firmline.formats.probes_versions import (
        VersionLimits as VersionLimits,
        VersionRange as VersionRange,
    )
    from firmline.formats.settings_file import (
        FoundPage as FoundPage,
        SettingsSpec as SettingsSpec,
        build_settings_page as build_settings_page,
        format_settings_hex as format_settings_hex,
        read_settings_file as read_settings_file,
    )
    from firmline.formats.settings_page import (
        SettingsPage as SettingsPage,
        decode_settings_page as decode_settings_page,
        encode_settings_page as encode_settings_page,
        seal_settings_page as seal_settings_page,
    )
    from firmline.updater.api import (
        ConnectedUnit as ConnectedUnit,
        connect as connect,
        run as run,
    )
    from firmline.updater.expectation import (
        Expectation as Expectation,
        expectation as expectation,
    )
    from firmline.updater.timeouts import (
        SerialTimeouts as SerialTimeouts,
        Timeouts as Timeouts,
    )
    from firmline.values import (
        FwVersion as FwVersion,
        Fwid as Fwid,
        ImageKind as ImageKind,
    )

_HOMES = {
    "device.acceptance.verdict": "Verdict judge",
    "device.description": "UnitDescription gallery_unit",
    "device.unit_file": "read_unit",
    "errors": (
        "Code FirmlineError InputError LocalProtocolError RemoteProtocolError SignerError"
        " StoreError TargetRefusedError TransportError TransportReason VerifyError"
    ),
    "formats.firmware": "FirmwareImage parse_firmware",
    "formats.init_command": (
        "BootValidation BootValidationType FwType HashType InitCommand InitPacket"
    ),
    "formats.init_packet": "decode_init_packet encode_init_command encode_init_packet",
    "formats.key_recovery": "common_keys recover_keys",
    "formats.keys": "PublicKey Signer SigningKey",
    "formats.known_softdevices": (
        "KnownSoftDevice known_softdevice known_softdevices softdevice_by_name"
    ),
    "formats.lint": "Finding lint_package",
    "formats.package": "Package PackageImage read_package write_package",
    "formats.package_build": "PackageSpec build_package",
    "formats.package_diff": "PackageDiff diff_packages",
    "formats.probes": "ProbeCatalogue",
    "formats.probes_pack": "ProbePack read_probe_pack sign_probe_pack write_probe_pack",
    "formats.probes_versions": "VersionLimits VersionRange",
    "formats.settings_file": (
        "FoundPage SettingsSpec build_settings_page format_settings_hex read_settings_file"
    ),
    "formats.settings_page": (
        "SettingsPage decode_settings_page encode_settings_page seal_settings_page"
    ),
    "updater.api": "ConnectedUnit connect run",
    "updater.expectation": "Expectation expectation",
    "updater.timeouts": "SerialTimeouts Timeouts",
    "values": "FwVersion Fwid ImageKind",
}
"""Modules of this package, and the public names that each is home to."""

__all__ = sorted(name for names in _HOMES.values() for name in names.split())  # noqa: PLE0605


if not _typing.TYPE_CHECKING:  # type checkers know the names, and find those that are not there

    def __getattr__(name: str) -> object:
        import importlib  # noqa: PLC0415 - for the first use of a name only

        for module, names in _HOMES.items():
            if name in names.split():
                value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
