"""What a debug probe reads out of a chip: flash, factory and user information, a few registers.

Rules of this room: what a dump does not hold is not known, and never taken for zero. Whether what
it leaves out was erased is for the reader to decide, who knows what else it holds. Register and
word addresses are those of the nRF52 product specifications (FICR, UICR, POWER), unless another
source is named.
"""
