"""Images and packages for the bootloader MCUboot: the other family (nRF Connect SDK, Zephyr).

Rules of this room: pure, from bytes alone. An image or package comes from anywhere, so every size
and count is bounded before it is used, and a text out of a file is cleaned before it is shown.
Images are read and judged here, never made or signed: that is imgtool's. What MCUboot would say
depends on how it was built; where nothing tells, a check counts as not asked.

Sources: MCUboot, ``docs/design.md`` (image format, image trailer) and ``boot/bootutil`` (what is
checked, in which order); ``scripts/imgtool`` for what is written. The manifest of
``dfu_application.zip`` as packages in the field have it, format versions 0 and 1.
"""
