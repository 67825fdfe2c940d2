"""How each kind of step is done.

A step returns how it went and what it measured; whether that is within the limits is judged by the
run. What goes wrong is an outcome: FAIL where the unit said or showed it, ERROR where the station
could not do its part.
"""
