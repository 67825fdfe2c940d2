"""Time and supply of a virtual unit: what everything it does costs, and what that does to it.

A unit without physics runs in lock step: everything is done at once, as in the recordings
(FORMAT.md, section 4). With physics the same firmware meets flash that takes its time, a radio that
draws current, and a source that may not carry both. Nothing here keeps a clock: times are passed
in, in seconds.
"""
