"""The command line: thin commands over the public rooms.

Rules of this room: parse words, call one function, print for people or as JSON. Modules of other
rooms are imported inside the commands, so that ``firmline --version`` stays fast.
"""
