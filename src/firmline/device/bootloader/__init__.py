"""The virtual Secure DFU bootloader: what the SDK's does, from the rules (spec, all sections).

Rules of this room: pure, like all of ``device``; every number has its section of the spec beside
it; where the spec and a recorded transcript disagree, the transcript is right.
"""
