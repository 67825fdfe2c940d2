"""The dongle's serial protocol, without I/O and without a clock: packets, the link, messages.

``packets`` are frames of the three-wire UART transport of Bluetooth (H5), ``three_wire`` opens the
link and delivers each payload once and in order, for either end. ``messages`` are what is said over
it, as values that no version of the SoftDevice changes; ``layouts`` say how a value becomes bytes,
in rows, and ``api5`` is the table of one version's rows.
"""
