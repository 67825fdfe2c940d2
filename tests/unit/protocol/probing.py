"""A unit as the rules of the spec describe it, and the search of probes on it.

The rules are written here once more, from the text (init-packet-probe; secure-dfu-bootloader,
sections 5.1 and 5.2), and not taken from the virtual unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmline.formats.init_packet import FwType
from firmline.formats.probes import Probe, ProbeCatalogue
from firmline.protocol.answers import Answer
from firmline.protocol.codes import Opcode, ResultCode
from firmline.protocol.probing import Findings, ProbeSearch

MOST_PROBES = 1000


def answer(result: int, ext_error: int | None = None) -> Answer:
    """An answer to EXECUTE."""
    return Answer(opcode=Opcode.OBJECT_EXECUTE, result=result, ext_error=ext_error)


def refused(ext_error: int) -> Answer:
    """An answer to EXECUTE with an extended error."""
    return answer(ResultCode.EXTENDED_ERROR, ext_error)


WRONG_KEY, WRONG_HW, WRONG_SD = answer(0x05), refused(0x06), refused(0x07)
TOO_LOW, NO_SIZE = refused(0x05), refused(0x04)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledUnit:
    """A unit whose bootloader keeps the rules."""

    hw_version: int = 52
    fwid: int | None = 0xB7
    app_version: int = 3
    bootloader_version: int = 1
    trusts: bool = True

    def answer(self, probe: Probe) -> Answer:
        """What its bootloader says to a probe, which always has an image of 0 bytes."""
        if not self.trusts:
            return WRONG_KEY
        if probe.hw_version != self.hw_version:
            return WRONG_HW
        if not self._softdevice_fits(list(probe.sd_req)):
            return WRONG_SD
        if probe.kind is FwType.BOOTLOADER:
            new_enough = probe.fw_version > self.bootloader_version
        else:
            new_enough = probe.fw_version >= self.app_version
        return NO_SIZE if new_enough else TOO_LOW

    def _softdevice_fits(self, sd_req: list[int]) -> bool:
        if self.fwid is None:
            return sd_req == [] or sd_req[0] == 0
        return sd_req == [0] or self.fwid in sd_req


@dataclass(slots=True)
class Probed:
    """How a search went.

    Attributes:
        sent: The probes, in order.
        findings: What came of them.
    """

    findings: Findings
    sent: list[Probe] = field(default_factory=list)


def probe_unit(catalogue: ProbeCatalogue, unit: RuledUnit) -> Probed:
    """A whole search; never twice the same question."""
    search = ProbeSearch(catalogue)
    probed = Probed(findings=search.findings)
    while (probe := search.next_probe) is not None:
        assert probe not in probed.sent
        assert len(probed.sent) < MOST_PROBES
        probed.sent.append(probe)
        search.answered(unit.answer(probe))
    probed.findings = search.findings
    assert probed.findings.probes_sent == len(probed.sent)
    return probed
