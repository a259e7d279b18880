"""Who may issue: basicConstraints, path length, keyUsage (RFC 5280 6.1.4 (k) to (n))."""

from maker import oids
from maker.der import boolean, integer, sequence

from ..certificates import CA, SUB_CA, VERSION_1, Authority, ca, leaf, path, root
from ..extensions import basic_constraints, extension, key_usage, subject_key_identifier
from ..keys import p256


def add(corpus):
    constraints(corpus)
    versions(corpus)
    path_length(corpus)
    self_issued(corpus)
    usage(corpus)


# The two levels that issue: the input of a case, and the certificate with these changes.
LEVELS = {
    "ca": lambda **changes: {"intermediates": [ca(**changes)]},
    "root": lambda **changes: {"trust": [root(**changes)]},
}


NO_CONSTRAINTS = {
    "openssl": "accept",
    "because": "of a root, OpenSSL takes a keyUsage with keyCertSign for cA",
}
NO_VERSION = {
    "openssl": "accept",
    "because": "OpenSSL does not look at the version of what has extensions",
}


def below_sub_ca(**inputs):
    """Bob by Sub CA by CA by Root."""
    usual = {"target": leaf(SUB_CA), "intermediates": [ca(SUB_CA, CA), ca()], "trust": [root()]}
    return {**usual, **inputs}


def constraints(corpus):
    """4.2.1.9"""

    def malformed(*value):
        return extension(oids.BASIC_CONSTRAINTS, sequence(boolean(True), *value), True)

    for level, changed in LEVELS.items():
        corpus.accept(
            f"{level}-constraints-not-critical",
            "4.2.1.9",
            f"the {level}'s basicConstraints are not critical",
            like="plain",
            **changed(basic_constraints=basic_constraints(critical=False)),
        )
        for word, reason, value, about in [
            ("constraints-missing", "not-a-ca", None, "are not there"),
            ("constraints-false", "not-a-ca", basic_constraints(ca=False), "say that it is no CA"),
            ("constraints-negative", "malformed-extension", malformed(integer(-1)), "allow -1 CAs"),
            ("constraints-cut", "malformed-extension", malformed(b"\x02"), "are cut off"),
        ]:
            is_tolerated = (level, word) == ("root", "constraints-missing")
            corpus.reject(
                f"{level}-{word}",
                reason,
                "plain",
                f"the {level}'s basicConstraints {about}",
                clause="6.1.4 (k)",
                **changed(basic_constraints=value),
                **(NO_CONSTRAINTS if is_tolerated else {}),
            )
    corpus.accept("below-sub-ca", "6.1", "Bob by Sub CA by CA by Root", **below_sub_ca())
    corpus.reject(
        "leaf-as-ca",
        "not-a-ca",
        "below-sub-ca",
        "Sub CA has an end entity's certificate (attack 26)",
        clause="6.1.4 (k)",
        intermediates=[leaf(CA, SUB_CA), ca()],
    )
    corpus.accept(
        "leaf-is-a-ca",
        "6.1.5",
        "the certificate that is judged is itself a CA's",
        **path({"basic_constraints": basic_constraints(0)}),
    )
    corpus.accept(
        "bare-root-constraints-missing",
        "6.1.1 (d)",
        "the root has no basicConstraints, and its limits have been taken off",
        like="plain",
        trust=[root(basic_constraints=None)],
        flags=["no-anchor-constraints"],
    )


def versions(corpus):
    """4.1.2.1; a CA of an old version would have to be known by other means (6.1.4 (k))."""
    corpus.accept(
        "leaf-version-1",
        "4.1.2.1",
        "the leaf is of version 1",
        **path(VERSION_1),
    )
    corpus.accept(
        "leaf-version-2",
        "4.1.2.1",
        "the leaf is of version 2",
        **path({**VERSION_1, "version": 1}),
    )
    corpus.accept(
        "leaf-version-1-with-extensions",
        "4.1.2.1",
        "the leaf has extensions, and is of version 1 by its own word",
        **path({"version": None}),
    )
    corpus.reject(
        "leaf-version-4",
        "malformed",
        "plain",
        "the leaf is of version 4",
        clause="4.1.2.1",
        target=leaf(version=3),
        **NO_VERSION,
    )
    corpus.accept(
        "root-version-1",
        "6.1.1 (d)",
        "the root is of version 1",
        like="plain",
        trust=[root(**VERSION_1)],
    )
    corpus.reject(
        "ca-version-1",
        "not-a-ca",
        "plain",
        "the CA is of version 1",
        clause="6.1.4 (k)",
        intermediates=[ca(**VERSION_1)],
    )
    corpus.reject(
        "ca-version-2-with-extensions",
        "not-a-ca",
        "plain",
        "the CA has basicConstraints, and is of version 2 by its own word",
        clause="6.1.4 (k)",
        intermediates=[ca(version=1)],
        **NO_VERSION,
    )


def path_length(corpus):
    """6.1.4 (l) and (m)"""

    def limited(limit, make=ca, *who):
        return make(*who, basic_constraints=basic_constraints(limit))

    corpus.accept(
        "path-length-0",
        "6.1.4 (l)",
        "the CA allows no CA below it, and there is none",
        like="plain",
        intermediates=[limited(0)],
    )
    corpus.accept(
        "path-length-1",
        "6.1.4 (l)",
        "the CA allows one CA below it, and there is one",
        **below_sub_ca(intermediates=[ca(SUB_CA, CA), limited(1)]),
    )
    corpus.reject(
        "path-length-0-exceeded",
        "path-length",
        "path-length-1",
        "it allows none",
        intermediates=[ca(SUB_CA, CA), limited(0)],
    )
    corpus.accept(
        "path-length-for-a-ca-as-leaf",
        "6.1.4 (l)",
        "the CA allows none below it, and the last certificate, which does not count, is one",
        like="plain",
        target=ca(SUB_CA, CA),
        intermediates=[limited(0)],
        purpose="any",
    )
    corpus.accept(
        "path-length-of-the-root",
        "RFC 5937 3.1",
        "the root allows two CAs below it, and there are two",
        **below_sub_ca(trust=[limited(2, root)]),
    )
    corpus.reject(
        "path-length-of-the-root-exceeded",
        "path-length",
        "path-length-of-the-root",
        "the root allows one",
        trust=[limited(1, root)],
    )
    corpus.accept(
        "path-length-of-the-bare-root",
        "6.1.1 (d)",
        "the root allows one, and its limits have been taken off",
        like="path-length-of-the-root-exceeded",
        flags=["no-anchor-constraints"],
        openssl="reject",
        because="openssl verify has no flag that takes an anchor's limits off",
    )
    corpus.accept(
        "path-length-not-raised",
        "6.1.4 (m)",
        "the root allows two CAs below it, the first of which says 5",
        **below_sub_ca(intermediates=[ca(SUB_CA, CA), limited(5)], trust=[limited(2, root)]),
    )
    corpus.reject(
        "path-length-raised",
        "path-length",
        "path-length-not-raised",
        "the root allows one: what the CA says does not make it more",
        trust=[limited(1, root)],
    )
    corpus.accept(
        "path-length-huge",
        "4.2.1.9",
        "a path length of 2^64",
        like="plain",
        intermediates=[limited(2**64)],
    )


def self_issued(corpus):
    """6.1.4 (l): a certificate of the same name in subject and issuer does not count."""
    new_key = CA.with_key(p256("CA, new key"))
    limit = {"basic_constraints": basic_constraints(0)}
    corpus.accept(
        "self-issued-below-path-length-0",
        "6.1.4 (l)",
        "the CA allows none below it, and has a certificate of its own for a new key",
        target=leaf(new_key),
        intermediates=[ca(new_key, CA), ca(**limit)],
        trust=[root()],
    )
    corpus.accept(
        "self-issued-below-root-path-length-1",
        "6.1.4 (l)",
        "the root allows one below it, the CA, whose certificate for its new key does not count",
        target=leaf(new_key),
        intermediates=[ca(new_key, CA), ca()],
        trust=[root(basic_constraints=basic_constraints(1))],
    )
    corpus.reject(
        "self-issued-below-root-path-length-0",
        "path-length",
        "self-issued-below-root-path-length-1",
        "the root allows none",
        trust=[root(**limit)],
    )
    two = Authority("CA", p256("CA, newest key"))
    corpus.accept(
        "self-issued-twice",
        "6.1.4 (l)",
        "two such certificates, one below the other",
        target=leaf(two),
        intermediates=[ca(two, new_key), ca(new_key, CA), ca(**limit)],
        trust=[root()],
    )
    mail = CA.with_key(p256("mail of the CA"))
    corpus.accept(
        "self-issued-last",
        "6.1",
        "the leaf is self-issued: the CA's own certificate for mail",
        target=leaf(CA, mail, subject_key_identifier=subject_key_identifier(mail.key.identifier)),
        intermediates=[ca(**limit)],
        trust=[root()],
    )


def usage(corpus):
    """4.2.1.3, 6.1.4 (n)"""
    for level, changed in LEVELS.items():
        corpus.accept(
            f"{level}-without-key-usage",
            "6.1.4 (n)",
            f"the {level} has no keyUsage",
            like="plain",
            **changed(key_usage=None),
        )
        corpus.accept(
            f"{level}-key-usage-not-critical",
            "4.2.1.3",
            f"the {level}'s keyUsage is not critical",
            like="plain",
            **changed(key_usage=key_usage("keyCertSign", critical=False)),
        )
        corpus.reject(
            f"{level}-key-usage-not-critical-and-not-for-certificates",
            "key-usage",
            f"{level}-key-usage-not-critical",
            f"the {level}'s keyUsage is not critical, and lacks keyCertSign",
            **changed(key_usage=key_usage("cRLSign", critical=False)),
        )
        corpus.reject(
            f"{level}-key-usage-not-for-certificates",
            "key-usage",
            "plain",
            f"the {level}'s keyUsage has everything but keyCertSign",
            clause="6.1.4 (n)",
            **changed(
                key_usage=key_usage(
                    "digitalSignature",
                    "nonRepudiation",
                    "keyEncipherment",
                    "dataEncipherment",
                    "keyAgreement",
                    "cRLSign",
                )
            ),
        )
        corpus.reject(
            f"{level}-key-usage-of-nothing",
            "key-usage",
            "plain",
            f"the {level}'s keyUsage has no bit set",
            clause="4.2.1.3",
            **changed(key_usage=key_usage()),
        )
