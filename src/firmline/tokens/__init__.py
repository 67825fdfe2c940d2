"""Keys that never leave their token or HSM, reached through PKCS#11.

Rules of this room: only here is a PKCS#11 module loaded, and only when a key is asked for. A token
counts wrong PINs and locks itself, so everything that can be checked without the PIN is checked
before, and a PIN is tried once. PINs come from the caller; none is kept longer than the token asks
for it, and none is in a message or a ``repr``.
"""
