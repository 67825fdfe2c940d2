"""What the memory of a unit tells of a failure.

Rules of this room: it reads values and opens nothing. A finding says what is there and where, and
what it means; whether it is why the unit fails is for the ranking to weigh. What a dump does not
hold is said to be missing, and nothing is concluded from it.
"""
