"""A writer of DER that also writes what DER forbids, and a reader of what we wrote ourselves."""

SEQUENCE, SET, OCTET_STRING, NULL_VALUE = 0x30, 0x31, 0x04, b"\x05\x00"


def length(count):
    if count < 0x80:
        return bytes([count])
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *values):
    value = b"".join(values)
    return bytes([tag]) + length(len(value)) + value


def sequence(*values):
    return tlv(SEQUENCE, *values)


def set_of(*values):
    """Sorted, as DER has it (X.690 11.6)."""
    return tlv(SET, *sorted(values))


def octets(value):
    return tlv(OCTET_STRING, value)


def bits(value):
    return tlv(0x03, b"\x00", value)


def integer(value):
    size = value.bit_length() // 8 + 1
    return tlv(0x02, value.to_bytes(size, "big", signed=True))


def null():
    return NULL_VALUE


def boolean(value):
    return tlv(0x01, b"\xff" if value else b"\x00")


def text(value):
    return tlv(0x0C, value.encode())


def utc_time(value):
    return tlv(0x17, value.encode())


def generalized_time(value):
    return tlv(0x18, value.encode())


def explicit(number, *values):
    return tlv(0xA0 | number, *values)


def implicit(number, element):
    """The same content under [number]: constructed if it was."""
    tag = 0x80 | number | (element[0] & 0x20)
    return bytes([tag]) + element[1:]


def oid(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    value = b""
    for arc in (40 * first + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        value += bytes(reversed(digits))
    return tlv(0x06, value)


def algorithm(dotted, parameters=b""):
    """AlgorithmIdentifier; no parameters unless they are given, encoded."""
    return sequence(oid(dotted), parameters)


def indefinite(tag, *values):
    """Constructed, of indefinite length, as streaming senders write (X.690 8.1.3.6)."""
    return bytes([tag | 0x20, 0x80]) + b"".join(values) + b"\x00\x00"


def read(data, start=0):
    """One element of DER: its tag, its value, and where the next begins."""
    tag, count, at = data[start], data[start + 1], start + 2
    if count & 0x80:
        size = count & 0x7F
        count = int.from_bytes(data[at : at + size], "big")
        at += size
    return tag, data[at : at + count], at + count


def elements(value):
    """Each element of a constructed value, with its header."""
    at, found = 0, []
    while at < len(value):
        _, _, end = read(value, at)
        found.append(value[at:end])
        at = end
    return found


def children(element):
    return elements(read(element)[1])


def unsigned(element):
    return int.from_bytes(read(element)[1], "big")
