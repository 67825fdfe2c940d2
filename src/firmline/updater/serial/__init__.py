"""The road over a serial port: a bootloader that is asked there, and what comes after it."""
