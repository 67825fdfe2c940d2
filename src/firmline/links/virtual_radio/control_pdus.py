"""Control packets of the link layer that Bumble does not know."""

from __future__ import annotations

from dataclasses import dataclass

from bumble import ll


@dataclass
class VersionReq(ll.ControlPdu):
    """LL_VERSION_IND that asks for the peer's (Core spec, Vol 6, Part B, 5.1.5)."""

    opcode = ll.ControlPdu.Opcode.LL_VERSION_IND


@dataclass
class VersionInd(ll.ControlPdu):
    """LL_VERSION_IND in answer: who made the controller, and which firmware it runs."""

    opcode = ll.ControlPdu.Opcode.LL_VERSION_IND

    version: int
    company: int
    subversion: int


@dataclass
class LengthReq(ll.ControlPdu):
    """LL_LENGTH_REQ: the largest packets the sender takes (Core spec, Vol 6, Part B, 5.1.9)."""

    opcode = ll.ControlPdu.Opcode.LL_LENGTH_REQ

    octets: int
    time_us: int


@dataclass
class LengthRsp(LengthReq):
    """LL_LENGTH_RSP: the same, in answer."""

    opcode = ll.ControlPdu.Opcode.LL_LENGTH_RSP


@dataclass
class PhyReq(ll.ControlPdu):
    """LL_PHY_REQ with the one PHY wanted in both directions (Core spec, Vol 6, Part B, 5.1.10)."""

    opcode = ll.ControlPdu.Opcode.LL_PHY_REQ

    phy: int


@dataclass
class PhyInd(PhyReq):
    """LL_PHY_UPDATE_IND: the PHY both now use."""

    opcode = ll.ControlPdu.Opcode.LL_PHY_UPDATE_IND
