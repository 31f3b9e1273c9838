"""The CRC-32 of two pieces one after the other, from the CRC-32 of each.

A CRC is the remainder of a polynomial over GF(2): following a piece by n bytes multiplies its
polynomial by x^(8n). So the parts of a file give the checksum of the file, and nobody reads it
again. As in zlib, bit 31 of a value is the coefficient of x^0.
"""

POLYNOMIAL = 0xEDB88320  # CRC-32 of IEEE 802.3 and zlib, without x^32
ONE = 1 << 31  # x^0
X = 1 << 30  # x^1
BITS_PER_BYTE = 8


def joined(first: int, second: int, second_bytes: int) -> int:
    """The CRC-32 of two pieces, the second of which is `second_bytes` long."""
    return _times(first, _power_of_x(BITS_PER_BYTE * second_bytes)) ^ second


def _times(one: int, other: int) -> int:
    """The product of two polynomials, modulo the CRC's own."""
    product = 0
    coefficient = ONE
    while coefficient:
        if one & coefficient:
            product ^= other
        coefficient >>= 1
        other = other >> 1 ^ (POLYNOMIAL if other & 1 else 0)  # times x
    return product


def _power_of_x(exponent: int) -> int:
    power, square = ONE, X
    while exponent:
        if exponent & 1:
            power = _times(power, square)
        square = _times(square, square)
        exponent >>= 1
    return power
