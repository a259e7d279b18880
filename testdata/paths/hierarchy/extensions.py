"""Extensions of certificates and CRLs, each encoded whole: right ones, unless asked for others."""

from maker import oids
from maker.der import boolean, explicit, implicit, integer, octets, oid, sequence, tlv


def extension(kind, value, critical=False):
    return sequence(oid(kind), boolean(True) if critical else b"", octets(value))


def unknown(critical):
    """One that nobody knows."""
    return extension("1.3.6.1.4.1.55555.1", octets(b"?"), critical)


# ---- what a key is for (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12)


def basic_constraints(path_length=None, ca=True, critical=True):
    limit = b"" if path_length is None else integer(path_length)
    value = sequence(boolean(True) if ca else b"", limit)
    return extension(oids.BASIC_CONSTRAINTS, value, critical)


USAGES = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
]


def named_bits(numbers):
    """A BIT STRING of named bits, as DER has it: no zeros at the end."""
    if not numbers:
        return tlv(0x03, b"\x00")
    size = max(numbers) // 8 + 1
    value = sum(1 << (8 * size - 1 - number) for number in numbers)
    return tlv(0x03, bytes([7 - max(numbers) % 8]), value.to_bytes(size, "big"))


def key_usage(*usages, critical=True):
    value = named_bits([USAGES.index(usage) for usage in usages])
    return extension(oids.KEY_USAGE, value, critical)


def extended_key_usage(*purposes, critical=False):
    value = sequence(*(oid(purpose) for purpose in purposes))
    return extension(oids.EXTENDED_KEY_USAGE, value, critical)


# ---- names (4.2.1.6, 4.2.1.10)


def subject_alternative_name(*names, critical=False):
    return extension(oids.SUBJECT_ALTERNATIVE_NAME, sequence(*names), critical)


def subtree(base, *distances):
    return sequence(base, *distances)


def name_constraints(permitted=(), excluded=(), critical=True):
    """Of bases, or of whole subtrees where they are given as such."""

    def list_of(number, bases):
        subtrees = (base if base[0] == 0x30 else subtree(base) for base in bases)
        return explicit(number, *subtrees) if bases else b""

    value = sequence(list_of(0, permitted), list_of(1, excluded))
    return extension(oids.NAME_CONSTRAINTS, value, critical)


# ---- policies (4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14)


def certificate_policies(*policies, critical=False):
    """Identifiers, or PolicyInformations where they are given encoded."""
    information = (it if isinstance(it, bytes) else sequence(oid(it)) for it in policies)
    return extension(oids.CERTIFICATE_POLICIES, sequence(*information), critical)


def policy_mappings(*pairs, critical=True):
    value = sequence(*(sequence(oid(issuer), oid(subject)) for issuer, subject in pairs))
    return extension(oids.POLICY_MAPPINGS, value, critical)


def policy_constraints(require_explicit=None, inhibit_mapping=None, critical=True):
    numbers = enumerate((require_explicit, inhibit_mapping))
    parts = (implicit(tag, integer(it)) for tag, it in numbers if it is not None)
    return extension(oids.POLICY_CONSTRAINTS, sequence(*parts), critical)


def inhibit_any_policy(skip, critical=True):
    return extension(oids.INHIBIT_ANY_POLICY, integer(skip), critical)


# ---- keys by name (4.2.1.1, 4.2.1.2)


def subject_key_identifier(identifier):
    return extension(oids.SUBJECT_KEY_IDENTIFIER, octets(identifier))


def authority_key_identifier(identifier):
    return extension(oids.AUTHORITY_KEY_IDENTIFIER, sequence(tlv(0x80, identifier)))


# ---- revocation (4.2.1.13, 5.2, 5.3)

REASONS = [
    "unused",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
]


def full_name(*names):
    return explicit(0, explicit(0, *names))


def relative_name(*attributes):
    """nameRelativeToCRLIssuer: the inside of one RDN."""
    return explicit(0, explicit(1, *attributes))


def reason_flags(number, reasons):
    return implicit(number, named_bits([REASONS.index(reason) for reason in reasons]))


def distribution_point(name=b"", reasons=(), crl_issuer=()):
    """The names of crl_issuer are general ones."""
    return sequence(
        name,
        reason_flags(1, reasons) if reasons else b"",
        explicit(2, *crl_issuer) if crl_issuer else b"",
    )


def crl_distribution_points(*points, critical=False):
    return extension(oids.CRL_DISTRIBUTION_POINTS, sequence(*points), critical)


def freshest_crl(*points):
    return extension(oids.FRESHEST_CRL, sequence(*points))


def issuing_distribution_point(
    name=b"", users=False, cas=False, reasons=(), indirect=False, attributes=False
):
    def flag(number, is_set):
        return implicit(number, boolean(True)) if is_set else b""

    value = sequence(
        name,
        flag(1, users),
        flag(2, cas),
        reason_flags(3, reasons) if reasons else b"",
        flag(4, indirect),
        flag(5, attributes),
    )
    return extension(oids.ISSUING_DISTRIBUTION_POINT, value, critical=True)


def crl_number(number):
    return extension(oids.CRL_NUMBER, integer(number))


def delta_crl_indicator(base):
    return extension(oids.DELTA_CRL_INDICATOR, integer(base), critical=True)


def crl_reason(reason):
    number = {"removeFromCRL": 8, "privilegeWithdrawn": 9}.get(reason) or REASONS.index(reason)
    return extension(oids.CRL_REASON, tlv(0x0A, bytes([number])))


def certificate_issuer(of):
    value = sequence(tlv(0xA4, of))
    return extension(oids.CERTIFICATE_ISSUER, value, critical=True)
