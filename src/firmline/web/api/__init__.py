"""The API for a factory's own programs (MES): what the records of a line hold, as JSON.

Rules of this room:

* It reads. What changes something is done by people, on pages or at the command line.
* One table (:mod:`~.endpoints`) is what is served and what ``/api/v1/openapi.json`` describes.
* A question is understood in full or refused: an unknown, doubled or overlong parameter is an
  error, because a filter that was mistyped would answer with everything.
* Answers are bounded: pages of at most 200 runs, and a mark to go on with.
* What goes wrong is ``application/problem+json`` (RFC 9457) with our stable code.
"""
