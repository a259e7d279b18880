"""Revocation by CRLs (RFC 5280 5, 6.3): who is given some has to find every certificate in them."""

from maker.der import bits, integer, tlv

from ..certificates import CA, ROOT, STRANGER, Authority, ca, flipped, leaf, root
from ..crls import crl, entry
from ..extensions import (
    delta_crl_indicator,
    distribution_point,
    freshest_crl,
    full_name,
    key_usage,
    unknown,
)
from ..keys import p256
from ..names import uri

HERE = full_name(uri("http://crl.example/1"))


def add(corpus):
    plain(corpus)
    entries(corpus)
    time(corpus)
    signers(corpus)
    extensions(corpus)
    deltas(corpus)
    softly(corpus)


def chain(*lists, target=None, issuer=None):
    """Bob by CA by Root, with the root's CRL and these."""
    return {
        "target": target or leaf(),
        "intermediates": [issuer or ca()],
        "trust": [root()],
        "crls": [crl(ROOT), *lists],
    }


def plain(corpus):
    other = leaf(subject=Authority("Alice"))
    corpus.accept(
        "crl-plain",
        "6.3.3",
        "CRLs of CA and root, with another's certificate",
        **chain(crl(CA, entry(other))),
    )
    corpus.accept("crl-empty", "5.1.2.6", "both are empty", **chain(crl(CA)))
    corpus.reject(
        "crl-with-leaf",
        "revoked",
        "crl-plain",
        "the leaf is on the CA's",
        crls=[crl(ROOT), crl(CA, entry(leaf()))],
    )
    corpus.reject(
        "crl-with-ca",
        "revoked",
        "crl-plain",
        "the CA is on the root's",
        crls=[crl(ROOT, entry(ca())), crl(CA, entry(other))],
    )
    corpus.accept(
        "crl-with-root",
        "6.3",
        "the root is on its own: whom one trusts is for others to say",
        **{**chain(), "crls": [crl(ROOT, entry(root())), crl(CA)]},
        openssl="reject",
        because="OpenSSL looks a root up in its own CRL too",
    )
    for word, lists in [("of-root", [crl(CA)]), ("of-ca", [crl(ROOT)])]:
        corpus.reject(
            f"crl-{word}-missing",
            "revocation-unknown",
            "crl-empty",
            f"there is no CRL {word.replace('-', ' the ')}",
            crls=lists,
        )
    corpus.accept(
        "crl-not-asked-for",
        "6.3",
        "no CRLs are given: the caller does not ask",
        like="plain",
    )
    corpus.reject(
        "crl-of-a-stranger",
        "revocation-unknown",
        "crl-empty",
        "in the place of the CA's CRL there is one of somebody else",
        crls=[crl(ROOT), crl(STRANGER)],
    )


def entries(corpus):
    for reason in ("keyCompromise", "superseded", "certificateHold"):
        corpus.reject(
            f"crl-with-leaf-{reason}",
            "revoked",
            "crl-empty",
            f"the leaf is on the CA's, by the reason {reason}",
            crls=[crl(ROOT), crl(CA, entry(leaf(), reason))],
        )
    negative = leaf(serial=tlv(0x02, b"\xff"))
    corpus.accept(
        "crl-serial-255",
        "5.1.2.6",
        "the leaf has the serial number -1, and 255 is on the CRL",
        **chain(crl(CA, entry(integer(255))), target=negative),
    )
    corpus.reject(
        "crl-serial-negative",
        "revoked",
        "crl-serial-255",
        "-1 is",
        crls=[crl(ROOT), crl(CA, entry(tlv(0x02, b"\xff")))],
    )
    corpus.accept(
        "crl-serial-of-another-issuer",
        "5.1.2.6",
        "the leaf's serial number is on the root's CRL",
        **{**chain(), "crls": [crl(ROOT, entry(leaf())), crl(CA)]},
    )


def time(corpus):
    """5.1.2.4, 5.1.2.5"""
    at = "20260701120000Z"
    equal = {
        "openssl": "reject",
        "because": "X509_cmp_time calls two equal times earlier: OpenSSL ends a second before",
    }
    for word, about, change, differs in [
        ("this-update", "the CA's was issued this second", {"this_update": at}, {}),
        ("next-update", "the next one of the CA is due this second", {"next_update": at}, equal),
        ("no-next-update", "the CA's does not say when the next is due", {"next_update": None}, {}),
    ]:
        corpus.accept(f"crl-{word}", "5.1.2", about, **chain(crl(CA, **change)), **differs)
    corpus.reject(
        "crl-of-the-future",
        "revocation-unknown",
        "crl-this-update",
        "the CA's is issued in a second",
        crls=[crl(ROOT), crl(CA, this_update="20260701120001Z")],
    )
    corpus.reject(
        "crl-stale",
        "revocation-unknown",
        "crl-next-update",
        "the next one was due a second ago",
        crls=[crl(ROOT), crl(CA, next_update="20260701115959Z")],
    )
    corpus.accept(
        "crl-stale-beside-current",
        "6.3.3",
        "a stale one of the CA beside a current one",
        **chain(crl(CA, next_update="20260701115959Z", number=1), crl(CA, number=2)),
    )


def signers(corpus):
    """6.3.3 (f) and (g)"""
    corpus.reject(
        "crl-signature-changed",
        "revocation-unknown",
        "crl-empty",
        "one bit of the signature on the CA's is another",
        crls=[crl(ROOT), crl(CA, signature_bits=lambda value: flipped(bits(value)))],
    )
    corpus.reject(
        "crl-algorithms-differ",
        "revocation-unknown",
        "crl-empty",
        "the CA's says SHA-512 outside and SHA-256 inside",
        crls=[crl(ROOT), crl(CA, outer_algorithm=p256("x", "sha512").algorithm)],
    )
    other_key = CA.with_key(p256("CA, key for CRLs"))
    corpus.reject(
        "crl-by-a-stranger",
        "revocation-unknown",
        "crl-empty",
        "another key has signed in the name of the CA",
        crls=[crl(ROOT), crl(other_key)],
    )
    corpus.accept(
        "crl-by-another-key",
        "6.3.3 (f)",
        "another key of the CA has signed, for which the root has issued a certificate too",
        **{
            **chain(crl(other_key)),
            "intermediates": [ca(other_key, key_usage=key_usage("cRLSign")), ca()],
        },
    )
    corpus.reject(
        "crl-by-another-key-not-for-crls",
        "revocation-unknown",
        "crl-by-another-key",
        "its keyUsage lacks cRLSign",
        intermediates=[ca(other_key, key_usage=key_usage("keyCertSign")), ca()],
    )
    corpus.reject(
        "crl-by-another-key-of-nobody",
        "revocation-unknown",
        "crl-by-another-key",
        "its certificate is by a stranger",
        intermediates=[ca(other_key, STRANGER, key_usage=key_usage("cRLSign")), ca()],
    )
    corpus.accept(
        "crl-without-key-usage",
        "6.3.3 (f)",
        "the CA has no keyUsage: its key is for everything",
        **chain(crl(CA), issuer=ca(key_usage=None)),
    )
    corpus.reject(
        "crl-by-a-key-not-for-crls",
        "revocation-unknown",
        "crl-without-key-usage",
        "its keyUsage lacks cRLSign",
        intermediates=[ca(key_usage=key_usage("keyCertSign"))],
    )


def extensions(corpus):
    """5.2, 5.3: a CRL with a critical extension that nobody knows tells nothing"""
    corpus.accept(
        "crl-unknown-extension",
        "5.2",
        "the CA's has an extension that nobody knows",
        **chain(crl(CA, more=[unknown(critical=False)])),
    )
    corpus.reject(
        "crl-unknown-critical-extension",
        "revocation-unknown",
        "crl-unknown-extension",
        "it is critical",
        crls=[crl(ROOT), crl(CA, more=[unknown(critical=True)])],
    )
    other = integer(1)
    corpus.accept(
        "crl-entry-unknown-extension",
        "5.3",
        "an entry for another's certificate has an extension that nobody knows",
        **chain(crl(CA, entry(other, more=[unknown(critical=False)]))),
    )
    corpus.reject(
        "crl-entry-unknown-critical-extension",
        "revocation-unknown",
        "crl-entry-unknown-extension",
        "it is critical",
        crls=[crl(ROOT), crl(CA, entry(other, more=[unknown(critical=True)]))],
    )


def deltas(corpus):
    """5.2.4, 6.3.3 (c), (i) to (k); with freshestCRL, without which OpenSSL looks for none."""
    fresh = [freshest_crl(distribution_point(HERE))]
    empty, held = crl(CA, more=fresh), crl(CA, entry(leaf(), "certificateHold"), more=fresh)

    def delta(*revoked, base=1, number=2, **more):
        return crl(CA, *revoked, number=number, more=[delta_crl_indicator(base)], **more)

    corpus.accept(
        "delta-empty", "5.2.4", "an empty delta CRL beside a complete one", **chain(empty, delta())
    )
    corpus.reject(
        "delta-with-leaf",
        "revoked",
        "delta-empty",
        "the leaf is on the delta",
        crls=[crl(ROOT), empty, delta(entry(leaf()))],
    )
    corpus.accept(
        "delta-removes",
        "6.3.3 (j)",
        "the leaf is on hold by the complete one, and removed from it by the delta",
        **chain(held, delta(entry(leaf(), "removeFromCRL"))),
    )
    corpus.reject(
        "delta-removes-nothing",
        "revoked",
        "delta-removes",
        "the delta is empty",
        crls=[crl(ROOT), held, delta()],
    )
    corpus.reject(
        "delta-alone",
        "revocation-unknown",
        "delta-empty",
        "there is no complete one",
        crls=[crl(ROOT), delta()],
    )
    corpus.reject(
        "delta-removes-for-a-later-base",
        "revoked",
        "delta-removes",
        "the delta is for a complete one with a higher number",
        crls=[crl(ROOT), held, delta(entry(leaf(), "removeFromCRL"), base=2, number=3)],
    )
    corpus.reject(
        "delta-removes-and-is-stale",
        "revoked",
        "delta-removes",
        "the delta is stale",
        crls=[
            crl(ROOT),
            held,
            delta(entry(leaf(), "removeFromCRL"), next_update="20260701115959Z"),
        ],
        openssl="accept",
        because="OpenSSL takes a delta CRL whatever its nextUpdate",
    )
    corpus.reject(
        "delta-removes-without-number",
        "revoked",
        "delta-removes",
        "the delta has no number (attack 36)",
        crls=[crl(ROOT), held, delta(entry(leaf(), "removeFromCRL"), number=None)],
    )


def softly(corpus):
    """--revocation: how much has to be known"""
    corpus.accept(
        "soft-without-crl-of-ca",
        "6.3",
        "there is no CRL of the CA, and what is not known is no obstacle",
        like="crl-empty",
        crls=[crl(ROOT)],
        flags=["revocation=soft"],
        openssl="reject",
        because="openssl verify has no flag for that",
    )
    corpus.reject(
        "soft-with-leaf",
        "revoked",
        "soft-without-crl-of-ca",
        "there is one, and the leaf is on it",
        crls=[crl(ROOT), crl(CA, entry(leaf()))],
    )
    corpus.reject(
        "hard-without-crl-of-ca",
        "revocation-unknown",
        "soft-without-crl-of-ca",
        "it is one",
        flags=["revocation=hard"],
    )
    corpus.accept(
        "off-with-leaf",
        "6.3",
        "the leaf is on the CA's CRL, and nobody wants to know",
        like="soft-with-leaf",
        flags=["revocation=off"],
    )
    corpus.reject(
        "hard-with-leaf",
        "revoked",
        "off-with-leaf",
        "somebody does",
        flags=["revocation=hard"],
    )
