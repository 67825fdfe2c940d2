"""``firmline line accounts``: who may do what on a line, from the side of its database.

Whoever can write to the database needs no account for these commands; the audit trail names the
user of the computer then, with the role ``console``.
"""
