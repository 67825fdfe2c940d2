"""Serial ports: the road to bootloaders for UART and USB.

Rules of this room:

* A port carries bytes, and knows nothing of frames: SLIP is ``protocol``'s, waiting the updater's.
* Nothing waits a fixed time. A port is opened for us alone, and what it had heard before is thrown
  away.
* Whatever goes wrong with a port is one :class:`~firmline.errors.TransportError`, at once.
* pyserial (``firmline[serial]``) is imported when a port is opened, and not before.

The parts: ``options`` reads what stands behind ``?`` in a target, ``link`` is the road as the
updater sees it, over a ``wire``: ``descriptor`` (a device of a POSIX system, in the event loop),
``threaded`` (Windows, and the URLs of pyserial: ``rfc2217://``, for which ``network`` asks the
server, ``socket://``, ``loop://``) or ``virtual`` (a virtual unit in this process). ``problems``
puts what the system says into sentences, ``text`` what is heard.
"""
