"""The curves of FIPS 186-5, by formulas that do not look whether a point is on them."""

from .algorithms import digest


class Curve:
    """y^2 = x^3 - 3x + b over a prime; nothing here asks for the b."""

    def __init__(self, prime, order, base):
        self.prime, self.order, self.base = prime, order, base
        self.size = (prime.bit_length() + 7) // 8

    def add(self, one, other):
        if one is None or other is None:
            return one or other
        prime = self.prime
        if one[0] == other[0]:
            if (one[1] + other[1]) % prime == 0:
                return None
            slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, prime)
        else:
            slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, prime)
        x = (slope * slope - one[0] - other[0]) % prime
        return x, (slope * (one[0] - x) - one[1]) % prime

    def multiply(self, scalar, point):
        found = None
        for bit in bin(scalar)[2:]:
            found = self.add(found, found)
            if bit == "1":
                found = self.add(found, point)
        return found

    def uncompressed(self, point):
        return b"\x04" + b"".join(value.to_bytes(self.size, "big") for value in point)

    def compressed(self, point):
        return bytes([2 + point[1] % 2]) + point[0].to_bytes(self.size, "big")

    def ecdsa(self, secret, name, data):
        """r and s, with a nonce that is a digest of key and message."""
        order = self.order
        value = int.from_bytes(digest(name, data)[: self.size], "big")
        seed = secret.to_bytes(self.size, "big") + data
        nonce = int.from_bytes(digest("sha512", seed), "big") % order
        r = self.multiply(nonce, self.base)[0] % order
        return r, pow(nonce, -1, order) * (value + r * secret) % order


P256 = Curve(
    2**256 - 2**224 + 2**192 + 2**96 - 1,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
P384 = Curve(
    2**384 - 2**128 - 2**96 + 2**32 - 1,
    int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
        16,
    ),
    (
        int(
            "AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B98"
            "59F741E082542A385502F25DBF55296C3A545E3872760AB7",
            16,
        ),
        int(
            "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147C"
            "E9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F",
            16,
        ),
    ),
)
P521 = Curve(
    2**521 - 1,
    int(
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA"
        "51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        16,
    ),
    (
        int(
            "00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBA"
            "A14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66",
            16,
        ),
        int(
            "011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C"
            "97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650",
            16,
        ),
    ),
)
