"""What a trace tells beyond its events: where the time went, how it ended, which packets passed.

A trace itself is bytes and events (:mod:`firmline.formats.trace`). Here its requests and answers
are read for what they mean, in the words of the protocol.
"""
