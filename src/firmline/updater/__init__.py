"""The updater: drives the host's end of the protocol over a link, and waits."""
