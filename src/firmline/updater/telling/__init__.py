"""What happened, in words for people: events, refusals, and the time line of a trace.

The terminal, the pages and the reports say the same of the same events.
"""
