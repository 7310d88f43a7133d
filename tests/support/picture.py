# SPDX-License-Identifier: GPL-2.0-or-later
"""picture.py - a real PNG image with noise in it, made without a library"""

import struct
import zlib


def png(width=64, height=48, seed=7):
    rows = b"".join(b"\0" + bytes((seed * (x + 3) * (y + 5)) & 0xff
                                  for x in range(width * 3))
                    for y in range(height))

    def chunk(kind, data):
        body = kind + data
        return (struct.pack(">I", len(data)) + body
                + struct.pack(">I", zlib.crc32(body)))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
