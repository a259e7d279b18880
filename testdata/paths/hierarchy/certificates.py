"""Certificates, each part of which can be another: what is not said is as RFC 5280 wants it."""

from maker import algorithms, oids
from maker.der import (
    bits,
    children,
    explicit,
    generalized_time,
    integer,
    sequence,
    utc_time,
)

from . import names
from .extensions import (
    authority_key_identifier,
    basic_constraints,
    extended_key_usage,
    key_usage,
    subject_alternative_name,
    subject_key_identifier,
)
from .keys import p256

BEGIN, END = "20250101000000Z", "20341231235959Z"


class Authority:
    """Who issues: a name and a key."""

    def __init__(self, name, key=None):
        self.name = names.name(name) if isinstance(name, str) else name
        self.key = key or p256(str(name))

    def with_key(self, key):
        """The same name with another key."""
        return Authority(self.name, key)


ROOT, CA, SUB_CA = Authority("Root"), Authority("CA"), Authority("Sub CA")
STRANGER = Authority("Stranger")
BOB = Authority("Bob")


def time(value):
    """RFC 5280 4.1.2.5; or an element, if it is to be another."""
    if isinstance(value, bytes):
        return value
    return generalized_time(value) if value >= "2050" else utc_time(value[2:])


# The extensions of a certificate, in this order.
EXTENSIONS = (
    "basic_constraints",
    "key_usage",
    "extended_key_usage",
    "subject_alternative_name",
    "name_constraints",
    "certificate_policies",
    "policy_mappings",
    "policy_constraints",
    "inhibit_any_policy",
    "crl_distribution_points",
    "subject_key_identifier",
    "authority_key_identifier",
)


def certificate(
    subject,
    issuer,
    *,
    version=2,
    serial=None,
    begin=BEGIN,
    end=END,
    key=None,
    subject_name=None,
    issuer_name=None,
    algorithm=None,
    outer_algorithm=None,
    more=(),
    signature_bits=bits,
    tbs_change=None,
    **extensions,
):
    """A certificate for one authority by another, in DER.

    A part that is None is the usual one, an extension that is None is not there. `more` are further
    extensions. `tbs_change` is applied to the TBSCertificate after it has been signed.
    """
    unknown = set(extensions) - set(EXTENSIONS)
    assert not unknown, f"no extension is {unknown}"
    encoded = [extensions[name] for name in EXTENSIONS if extensions.get(name)] + list(more)
    key = key or subject.key
    fields = [
        issuer_name or issuer.name,
        sequence(time(begin), time(end)),
        subject.name if subject_name is None else subject_name,
        key.spki,
        explicit(3, sequence(*encoded)) if encoded else b"",
    ]
    if serial is None:
        # Unique for an issuer, and the same in every run.
        serial = integer(int.from_bytes(algorithms.digest("sha256", b"".join(fields))[:7], "big"))
    inner = algorithm or issuer.key.algorithm
    tbs = sequence(
        b"" if version is None else explicit(0, integer(version)), serial, inner, *fields
    )
    signature = issuer.key.sign(tbs)
    tbs = tbs_change(tbs) if tbs_change else tbs
    return sequence(tbs, outer_algorithm or inner, signature_bits(signature))


def leaf(issuer=CA, subject=BOB, **changes):
    """For mail, of bob@example.com."""
    usual = {
        "key_usage": key_usage("digitalSignature", "keyAgreement"),
        "extended_key_usage": extended_key_usage(oids.EMAIL_PROTECTION),
        "subject_alternative_name": subject_alternative_name(names.email("bob@example.com")),
        "authority_key_identifier": authority_key_identifier(issuer.key.identifier),
    }
    return certificate(subject, issuer, **{**usual, **changes})


def ca(subject=CA, issuer=ROOT, **changes):
    """Of an authority, by the one above it; by itself it is a root."""
    usual = {
        "basic_constraints": basic_constraints(),
        "key_usage": key_usage("keyCertSign", "cRLSign"),
        "subject_key_identifier": subject_key_identifier(subject.key.identifier),
        "authority_key_identifier": authority_key_identifier(issuer.key.identifier),
    }
    return certificate(subject, issuer, **{**usual, **changes})


def root(subject=ROOT, **changes):
    return ca(subject, subject, **changes)


# Nothing of RFC 5280's extensions: as certificates were before version 3.
BARE = dict.fromkeys(EXTENSIONS)
VERSION_1 = {**BARE, "version": None}


def path(leaf_changes=None, ca_changes=None, root_changes=None):
    """The inputs of a case: Bob's certificate by CA by Root, with these changes."""
    return {
        "target": leaf(**(leaf_changes or {})),
        "intermediates": [ca(**(ca_changes or {}))],
        "trust": [root(**(root_changes or {}))],
    }


def serial_number(certificate_der):
    """Its INTEGER."""
    fields = children(children(certificate_der)[0])
    return fields[1] if fields[0][0] == 0xA0 else fields[0]


def flipped(element_der):
    """A BIT STRING with one bit at its end changed."""
    return element_der[:-1] + bytes([element_der[-1] ^ 1])
