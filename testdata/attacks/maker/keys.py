"""The keys and certificates of testdata, and certificates that no authority should have signed."""

import base64
from pathlib import Path

from . import algorithms, oids
from .der import (
    algorithm,
    bits,
    boolean,
    children,
    elements,
    explicit,
    generalized_time,
    integer,
    null,
    octets,
    oid,
    read,
    sequence,
    set_of,
    text,
    tlv,
    unsigned,
    utc_time,
)

TESTDATA = Path(__file__).resolve().parents[2]


def pem(path):
    """The DER of each block of a PEM file."""
    blocks, lines = [], None
    for line in (TESTDATA / path).read_text().splitlines():
        if line.startswith("-----BEGIN"):
            lines = []
        elif line.startswith("-----END"):
            blocks.append(base64.b64decode("".join(lines)))
        elif lines is not None:
            lines.append(line)
    return blocks


class Certificate:
    def __init__(self, der):
        self.der = der
        fields = children(children(der)[0])
        fields = fields[1:] if fields[0][0] == 0xA0 else fields
        self.serial, self.issuer, self.subject, self.spki = (
            fields[0],
            fields[2],
            fields[4],
            fields[5],
        )
        self.key_identifier = self._key_identifier(fields[6:])

    @staticmethod
    def _key_identifier(fields):
        for field in fields:
            if field[0] == 0xA3:
                for extension in elements(read(read(field)[1])[1]):
                    parts = children(extension)
                    if parts[0] == oid(oids.SUBJECT_KEY_IDENTIFIER):
                        return read(read(parts[-1])[1])[1]
        return None

    def issuer_and_serial(self):
        return sequence(self.issuer, self.serial)

    def public_key(self):
        return read(children(self.spki)[1])[1][1:]


class RsaKey:
    def __init__(self, modulus, exponent, primes):
        self.modulus, self.exponent, self.primes = modulus, exponent, primes
        self.size = (modulus.bit_length() + 7) // 8
        self.private = None

    @staticmethod
    def from_pkcs8(der):
        numbers = [unsigned(part) for part in children(read(children(der)[2])[1])]
        return RsaKey(numbers[1], numbers[2], numbers[4:6])

    def apply_private(self, encoded):
        """encoded^d, by each prime apart."""
        value, found, product = int.from_bytes(encoded, "big"), 0, 1
        for prime in self.primes:
            root = pow(value, pow(self.exponent, -1, prime - 1), prime)
            found += product * ((root - found) * pow(product, -1, prime) % prime)
            product *= prime
        return found.to_bytes(self.size, "big")

    def apply_public(self, encoded):
        value = pow(int.from_bytes(encoded, "big"), self.exponent, self.modulus)
        return value.to_bytes(self.size, "big")

    def spki(self, parameters=null()):
        key = sequence(integer(self.modulus), integer(self.exponent))
        return sequence(algorithm(oids.RSA_ENCRYPTION, parameters), bits(key))


class Identity:
    """Who signs or receives: a certificate and, where the attacker has it, the key."""

    def __init__(self, certificate, key, path=None):
        self.certificate, self.key, self.path = certificate, key, path


def ec_secret(pkcs8):
    """The private scalar of an EC key in PKCS#8."""
    return unsigned(children(read(children(pkcs8)[2])[1])[1])


def identity(name):
    certificate = Certificate(pem(f"keys/{name}@example.com.crt")[0])
    path = f"keys/{name}@example.com.pem"
    der = pem(path)[0]
    kind = children(children(certificate.spki)[0])[0]
    if kind == oid(oids.RSA_ENCRYPTION):
        key = RsaKey.from_pkcs8(der)
    elif kind == oid(oids.EC_PUBLIC_KEY):
        key = ec_secret(der)
    else:
        key = None
    return Identity(certificate, key, TESTDATA / path)


# ---- certificates of the tests' own


def name(common_name):
    """As OpenSSL has written the names of testdata/pki."""

    def attribute(kind, value):
        return set_of(sequence(oid(kind), text(value)))

    return sequence(attribute("2.5.4.10", "mailseal tests"), attribute("2.5.4.3", common_name))


def time(value):
    return generalized_time(value) if value >= "2050" else utc_time(value[2:])


def certificate(
    subject,
    spki,
    serial,
    addresses,
    issuer="intermediate",
    key_identifier=None,
    key_usage=0xA0,
    begin="20250101000000Z",
    end="21991231235959Z",
    issuer_name=None,
    tbs_change=None,
):
    """A leaf as testdata/make.sh issues them, signed by pki/ISSUER.

    An address is given in octets, for it may be none.
    """
    authority = Certificate(pem(f"pki/{issuer}.crt")[0])
    signer = RsaKey.from_pkcs8(pem(f"pki/{issuer}.pem")[0])
    identifier = key_identifier or algorithms.digest("sha1", spki)
    usage = tlv(
        0x03,
        bytes([5 if key_usage & 0x3F == 0x20 else 3 if key_usage & 0x0F == 8 else 7]),
        bytes([key_usage]),
    )
    if key_usage == 0xA0:
        usage = tlv(0x03, b"\x05\xa0")
    extensions = [
        (oids.BASIC_CONSTRAINTS, False, sequence()),
        (oids.EXTENDED_KEY_USAGE, False, sequence(oid(oids.EMAIL_PROTECTION))),
        (oids.KEY_USAGE, True, usage),
        (oids.SUBJECT_KEY_IDENTIFIER, False, octets(identifier)),
        (oids.AUTHORITY_KEY_IDENTIFIER, False, sequence(tlv(0x80, authority.key_identifier))),
    ]
    if addresses:
        names = sequence(*(tlv(0x81, address) for address in addresses))
        extensions.append((oids.SUBJECT_ALTERNATIVE_NAME, False, names))
    encoded = [
        sequence(oid(kind), boolean(True) if critical else b"", octets(value))
        for kind, critical, value in extensions
    ]
    signature_algorithm = algorithm(oids.SIGNATURE["sha256"], null())
    tbs = sequence(
        explicit(0, integer(2)),
        integer(serial),
        signature_algorithm,
        issuer_name or authority.subject,
        sequence(time(begin), time(end)),
        name(subject),
        spki,
        explicit(3, sequence(*encoded)),
    )
    tbs = tbs_change(tbs) if tbs_change else tbs
    signature = signer.apply_private(algorithms.pkcs1_encoded("sha256", tbs, signer.size))
    return Certificate(sequence(tbs, signature_algorithm, bits(signature)))


def primes(seed, bits_each, count, exponent):
    """Primes p with p - 1 coprime to the exponent, the same in every run."""
    found, counter = [], 0
    while len(found) < count:
        counter += 1
        octets_each = algorithms.stream(f"{seed} {counter}", bits_each // 8)
        candidate = int.from_bytes(octets_each, "big") | 3 << (bits_each - 2) | 1
        if (candidate - 1) % exponent and is_prime(candidate) and candidate not in found:
            found.append(candidate)
    return found


def is_prime(number):
    """Miller and Rabin, to the first twenty bases."""
    small = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71]
    if any(number % prime == 0 for prime in small):
        return number in small
    odd, power = number - 1, 0
    while odd % 2 == 0:
        odd, power = odd // 2, power + 1
    for base in small:
        value = pow(base, odd, number)
        if value in (1, number - 1):
            continue
        for _ in range(power - 1):
            value = value * value % number
            if value == number - 1:
                break
        else:
            return False
    return True


def ec_spki(point):
    """A P-256 key, whatever the octets of its point are."""
    return sequence(algorithm(oids.EC_PUBLIC_KEY, oid(oids.P256)), bits(point))
