#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A reader of PNG files, as the specification (ISO 15948) has them, and not as
libpng does.

    png.py FILE [COLUMN]

Prints the size, as WIDTHxHEIGHT, then the colours of a column, from top to
bottom, as #rrggbb.  Only pictures of 8-bit red, green and blue, without
interlacing, are read; what is wrong with a file ends it with a line on stderr.
"""
import struct
import sys
import zlib

PIXEL = 3  # bytes


def chunks(data):
    """(type, content) of each chunk."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        sys.exit("no PNG signature")
    place = 8
    while place < len(data):
        size, = struct.unpack(">I", data[place:place + 4])
        body = data[place + 4:place + 8 + size]
        check, = struct.unpack(">I", data[place + 8 + size:place + 12 + size])
        if zlib.crc32(body) != check:
            sys.exit(f"wrong check sum of {body[:4]}")
        yield body[:4], body[4:]
        place += 12 + size


def paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda byte: abs(guess - byte))


def unfilter(kind, line, above):
    """Undo in place what was done to compress a line better."""
    for i in range(len(line)):
        left = line[i - PIXEL] if i >= PIXEL else 0
        corner = above[i - PIXEL] if i >= PIXEL else 0
        line[i] = (line[i] + (0, left, above[i], (left + above[i]) // 2,
                              paeth(left, above[i], corner))[kind]) % 256


def read(data):
    """(width, height, lines)"""
    found = list(chunks(data))
    if found[0][0] != b"IHDR" or found[-1] != (b"IEND", b""):
        sys.exit("it does not begin with IHDR and end with IEND")
    width, height, *form = struct.unpack(">IIBBBBB", found[0][1])
    if form != [8, 2, 0, 0, 0]:
        sys.exit(f"not 8-bit red, green and blue: {form}")
    packed = zlib.decompress(b"".join(
        content for kind, content in found if kind == b"IDAT"))
    stride = 1 + PIXEL * width
    if len(packed) != stride * height:
        sys.exit(f"{len(packed)} bytes of pixels, not {stride * height}")
    lines, above = [], bytearray(stride - 1)
    for y in range(height):
        line = bytearray(packed[y * stride + 1:(y + 1) * stride])
        unfilter(packed[y * stride], line, above)
        lines.append(line)
        above = line
    return width, height, lines


with open(sys.argv[1], "rb") as file:
    width, height, lines = read(file.read())
print(f"{width}x{height}")
if len(sys.argv) > 2:
    first = int(sys.argv[2]) * PIXEL
    for line in lines:
        print("#" + line[first:first + PIXEL].hex())
