"""CRLs (RFC 5280 5), likewise."""

from maker.der import bits, explicit, integer, sequence

from .certificates import serial_number, time
from .extensions import authority_key_identifier, crl_number, crl_reason

THIS_UPDATE, NEXT_UPDATE = "20260601000000Z", "20270601000000Z"
REVOKED = "20260515000000Z"


def entry(certificate, reason=None, more=()):
    """revokedCertificates: one entry, for a certificate or, if it is none, an INTEGER of it."""
    serial = certificate if certificate[0] == 0x02 else serial_number(certificate)
    extensions = ([crl_reason(reason)] if reason else []) + list(more)
    return sequence(serial, time(REVOKED), sequence(*extensions) if extensions else b"")


def crl(
    issuer,
    *revoked,
    this_update=THIS_UPDATE,
    next_update=NEXT_UPDATE,
    number=1,
    more=(),
    outer_algorithm=None,
    signature_bits=bits,
):
    """A CRL with these entries; `number` None has no cRLNumber, `more` are further extensions."""
    extensions = [authority_key_identifier(issuer.key.identifier)]
    extensions += [] if number is None else [crl_number(number)]
    extensions += list(more)
    tbs = sequence(
        integer(1),
        issuer.key.algorithm,
        issuer.name,
        time(this_update),
        b"" if next_update is None else time(next_update),
        sequence(*revoked) if revoked else b"",
        explicit(0, sequence(*extensions)),
    )
    algorithm = outer_algorithm or issuer.key.algorithm
    return sequence(tbs, algorithm, signature_bits(issuer.key.sign(tbs)))
