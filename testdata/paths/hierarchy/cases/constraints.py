"""Whom name constraints bind, and what they look like (RFC 5280 4.2.1.10, 6.1.3 (b), 6.1.4 (g))."""

from maker import oids
from maker.der import sequence, tlv

from ..certificates import CA, SUB_CA, Authority, ca, leaf, path, root
from ..extensions import (
    extension,
    name_constraints,
    subject_alternative_name,
    subject_key_identifier,
    subtree,
)
from ..keys import p256
from ..names import attribute, common_name, directory, email, rdn
from .constrained import chain, permitted

NO_SUBTREE = {
    "openssl": "accept",
    "because": "OpenSSL takes constraints without a subtree for none",
}


def add(corpus):
    whom_they_bind(corpus)
    malformed(corpus)


def whom_they_bind(corpus):
    """6.1.3 (b): self-issued certificates only when they are last; 6.1.4 (g): by all together"""
    host, mail = permitted(email("example.com")), email("bob@example.com")
    there = rdn(attribute(oids.ORGANIZATION, "elsewhere"))
    bob, all_there = sequence(there, common_name("Bob")), permitted(directory(sequence(there)))
    corpus.accept(
        "constraints-not-critical",
        "4.2.1.10",
        "the constraints are not critical, and the name is permitted",
        **chain(name_constraints([email("example.com")], critical=False), mail),
    )
    corpus.reject(
        "constraints-not-critical-and-broken",
        "name-constraints",
        "constraints-not-critical",
        "it is not",
        target=chain(None, email("bob@example.org"))["target"],
    )
    sub = Authority(sequence(there, common_name("Sub CA")), p256("Sub CA"))
    corpus.accept(
        "ca-within-constraints",
        "6.1.3 (b)",
        "the CA constrains directory names, and Sub CA's is permitted as is Bob's",
        target=leaf(sub, subject_name=bob),
        intermediates=[ca(sub, CA), ca(name_constraints=all_there)],
        trust=[root()],
    )
    corpus.reject(
        "ca-outside-constraints",
        "name-constraints",
        "ca-within-constraints",
        "only Bob's is",
        intermediates=[ca(sub, CA), ca(name_constraints=permitted(directory(bob)))],
    )
    corpus.accept(
        "self-issued-outside-constraints",
        "6.1.3 (b)",
        "the CA permits names that its own is not among, and has a certificate for a new key",
        target=leaf(
            CA.with_key(p256("CA, new key")), subject_name=sequence(there, common_name("Bob"))
        ),
        intermediates=[ca(CA.with_key(p256("CA, new key")), CA), ca(name_constraints=all_there)],
        trust=[root()],
    )
    new_key = CA.with_key(p256("mail of the CA"))
    own = {"subject_alternative_name": subject_alternative_name(mail)}
    own["subject_key_identifier"] = subject_key_identifier(new_key.key.identifier)
    corpus.accept(
        "self-issued-last-within-constraints",
        "6.1.3 (b)",
        "the leaf is self-issued, and its address permitted",
        target=leaf(CA, new_key, **own),
        intermediates=[ca(name_constraints=host)],
        trust=[root()],
    )
    own["subject_alternative_name"] = subject_alternative_name(email("bob@example.org"))
    corpus.reject(
        "self-issued-last-outside-constraints",
        "name-constraints",
        "self-issued-last-within-constraints",
        "it is not: the last certificate is bound whoever issued it",
        target=leaf(CA, new_key, **own),
    )
    sub_ca = ca(SUB_CA, CA, name_constraints=permitted(email("example.com"), email("example.org")))
    corpus.accept(
        "constraints-of-two-cas",
        "6.1.4 (g)",
        "the CA permits two hosts, Sub CA two, of which one is in both",
        target=leaf(SUB_CA),
        intermediates=[
            sub_ca,
            ca(name_constraints=permitted(email("example.com"), email("example.net"))),
        ],
        trust=[root()],
    )
    corpus.reject(
        "constraints-of-two-cas-broken",
        "name-constraints",
        "constraints-of-two-cas",
        "the address is at one that only Sub CA permits",
        target=leaf(
            SUB_CA, subject_alternative_name=subject_alternative_name(email("bob@example.org"))
        ),
    )
    corpus.accept(
        "root-constraints-kept",
        "RFC 5937 3.1",
        "the root constrains mailboxes, and the address is permitted",
        like="plain",
        trust=[root(name_constraints=host)],
    )
    corpus.reject(
        "root-constraints-broken",
        "name-constraints",
        "root-constraints-kept",
        "it is not",
        trust=[root(name_constraints=permitted(email("example.org")))],
    )
    corpus.accept(
        "bare-root-constraints-broken",
        "6.1.1 (d)",
        "the root's limits have been taken off",
        like="root-constraints-broken",
        flags=["no-anchor-constraints"],
        openssl="reject",
        because="openssl verify has no flag that takes an anchor's limits off",
    )
    corpus.accept(
        "constraints-of-the-leaf",
        "4.2.1.10",
        "the leaf has constraints that it does not keep itself: they bind those below it",
        **path({"name_constraints": permitted(email("example.org"))}),
    )


def malformed(corpus):
    """4.2.1.10: minimum is 0 and maximum absent, and there is at least one subtree"""
    host = email("example.com")
    corpus.accept(
        "constraints-minimum-0",
        "4.2.1.10",
        "a minimum of 0 written out, which DER forbids and CAs do",
        **chain(permitted(subtree(host, tlv(0x80, b"\x00"))), email("bob@example.com")),
    )
    for word, about, constraints in [
        ("minimum-1", "a minimum of 1", permitted(subtree(host, tlv(0x80, b"\x01")))),
        ("maximum", "a maximum", permitted(subtree(host, tlv(0x81, b"\x05")))),
        ("of-nothing", "no subtree at all", name_constraints()),
        (
            "empty-list",
            "an empty list of permitted subtrees",
            extension(oids.NAME_CONSTRAINTS, sequence(tlv(0xA0)), True),
        ),
        (
            "cut",
            "an end within a name",
            extension(oids.NAME_CONSTRAINTS, sequence(tlv(0xA0, b"\x30\x05")), True),
        ),
    ]:
        corpus.reject(
            f"constraints-{word}",
            "malformed-extension",
            "constraints-minimum-0",
            f"the CA's constraints have {about}",
            intermediates=[ca(name_constraints=constraints)],
            **(NO_SUBTREE if word in ("of-nothing", "empty-list") else {}),
        )
