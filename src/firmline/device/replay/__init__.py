"""Replaying recorded sessions of the real bootloader against the virtual one.

The format is that of the transcripts (FORMAT.md): data only, requests and answers, events, flash.
``session`` reads it, ``machine`` feeds a virtual unit with it, ``comparison`` says where the two
differ first; what comes after a difference means nothing.
"""
