"""One Bluetooth LE central over any HCI controller: Bumble's stack without its costs and surprises.

Rules of this room:

* A controller is reached by HCI commands alone, one at a time, each answered or given up: the
  virtual radio's chip and a dongle on a desk are the same to it.
* What a controller lacks is read from what it says of itself, and never asked for.
* Whatever may be cancelled ends with calls that need no waiting (``finally`` without ``await``): a
  task that was cancelled at any point leaves the radio as usable as before.
* Time is the event loop's (``loop.time()``).
* Bumble is used through its public classes and subclasses of them; nothing of it is patched. It is
  imported by the modules of this room, so these are imported only when a radio is opened.

The parts: ``host`` carries commands and packets to a controller, ``client`` is the GATT client,
``commands`` are those that the two kinds of controllers name differently, ``scanner`` listens,
``initiator`` connects, ``connection`` is one open connection, and ``central`` is the link that
everybody else sees. ``failure`` says what happened to a controller.
"""
