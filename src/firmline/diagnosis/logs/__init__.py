"""Evidence from the logs of other tools.

Rules of this room:

* One module a tool: a table of signs, each a few words that a line has and what they tell. The
  words are those of the tool's interface, as logs in public threads show them; nothing else is
  known of it.
* A sign is looked for by plain words first, and only in a line that has them by an expression,
  which takes linear time: no repetition in it can match the same text in two ways.
* A log may be anything: half, of something else, damaged, of any encoding, with anything in front
  of its lines. What it does not show is not concluded; a tool that is not known is no evidence.
"""
