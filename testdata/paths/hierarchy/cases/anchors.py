"""Whom one trusts, and how a path to them is found (RFC 5280 6.1.1 (d), RFC 4158)."""

from maker.der import integer

from ..certificates import BOB, CA, ROOT, STRANGER, SUB_CA, Authority, ca, leaf, path, root
from ..extensions import authority_key_identifier
from ..keys import p256

NO_WAY_BACK = {
    "openssl": "reject",
    "because": "OpenSSL stays with the first issuer that it has found in the pool",
}
NO_OTHER_KEY = {
    "openssl": "reject",
    "because": "OpenSSL does not take one for an issuer whose key identifier is another",
}


def add(corpus):
    trusted(corpus)
    partial(corpus)
    identifiers(corpus)
    ways(corpus)
    lengths(corpus)


def trusted(corpus):
    corpus.reject(
        "trusted-stranger",
        "no-trusted-issuer",
        "plain",
        "somebody else is trusted",
        clause="6.1.1 (d)",
        trust=[root(STRANGER)],
    )
    corpus.reject(
        "trusted-namesake",
        "bad-signature",
        "plain",
        "somebody of the same name is trusted",
        clause="6.1.1 (d)",
        trust=[root(ROOT.with_key(p256("namesake")))],
    )
    corpus.accept(
        "trusted-both",
        "6.1.1 (d)",
        "the root and somebody of the same name are trusted",
        like="plain",
        trust=[root(ROOT.with_key(p256("namesake"))), root()],
    )
    corpus.accept(
        "root-trusted-and-in-the-pool",
        "6.1",
        "the root is trusted, and is among the intermediates too",
        target=leaf(),
        intermediates=[ca(), root()],
        trust=[root()],
    )
    corpus.reject(
        "root-in-the-pool",
        "no-trusted-issuer",
        "root-trusted-and-in-the-pool",
        "somebody else is trusted",
        trust=[root(STRANGER)],
    )
    corpus.accept(
        "leaf-by-root",
        "6.1",
        "the root has issued the leaf itself",
        target=leaf(ROOT),
        trust=[root()],
    )
    own = leaf(BOB)
    corpus.accept(
        "self-signed-leaf",
        "6.1",
        "a self-signed certificate that is itself trusted",
        target=own,
        trust=[own],
    )
    corpus.reject(
        "self-signed-leaf-of-another-number",
        "no-trusted-issuer",
        "self-signed-leaf",
        "another of the same name and key is trusted",
        target=leaf(BOB, serial=integer(7)),
    )


def partial(corpus):
    """--partial-chain: an anchor need not be self-signed"""
    flags = {"flags": ["partial-chain"]}
    corpus.accept(
        "trusted-ca",
        "6.1.1 (d)",
        "the CA is trusted, and may be without the root",
        target=leaf(),
        trust=[ca()],
        **flags,
    )
    corpus.reject("trusted-ca-only", "no-trusted-issuer", "trusted-ca", "it may not be", flags=[])
    corpus.accept(
        "trusted-leaf",
        "6.1.1 (d)",
        "the leaf is trusted, and may be without its issuers",
        target=leaf(),
        trust=[leaf()],
        **flags,
    )
    corpus.reject(
        "trusted-leaf-only", "no-trusted-issuer", "trusted-leaf", "it may not be", flags=[]
    )
    corpus.accept(
        "trusted-ca-and-root",
        "6.1.1 (d)",
        "CA and root are trusted: what is trusted helps on the way",
        target=leaf(),
        trust=[ca(), root()],
    )


def identifiers(corpus):
    """4.2.1.1: key identifiers are a hint, and where they differ somebody may still have signed"""
    other = authority_key_identifier(b"another key identifier")
    corpus.accept(
        "identifiers-missing",
        "4.2.1.1",
        "neither the leaf nor the CA has key identifiers",
        **path(
            {"authority_key_identifier": None},
            {"authority_key_identifier": None, "subject_key_identifier": None},
        ),
    )
    corpus.accept(
        "identifiers-of-leaf-and-ca-differ",
        "4.2.1.1",
        "the leaf's authorityKeyIdentifier is not the CA's subjectKeyIdentifier",
        **path({"authority_key_identifier": other}),
        **NO_OTHER_KEY,
    )
    corpus.reject(
        "identifiers-of-root-differ",
        "no-trusted-issuer",
        "plain",
        "the root names another key of the same name as its issuer's: it is not self-signed",
        clause="4.2.1.1",
        trust=[root(authority_key_identifier=other)],
    )


def ways(corpus):
    """RFC 4158: the search goes back and takes another way"""
    twin = CA.with_key(p256("twin"))
    past = {"begin": "20250101000000Z", "end": "20251231235959Z"}
    corpus.accept(
        "expired-twin",
        "RFC 4158 2.4",
        "the CA's certificate beside one for the same key that has expired",
        target=leaf(),
        intermediates=[ca(**past), ca()],
        trust=[root()],
    )
    corpus.reject(
        "expired-twin-only",
        "expired",
        "expired-twin",
        "the good one is missing",
        intermediates=[ca(**past)],
    )
    corpus.accept(
        "several-keys",
        "RFC 4158 2.4",
        "the CA has two keys, each with a certificate",
        target=leaf(),
        intermediates=[ca(twin), ca()],
        trust=[root()],
    )
    corpus.reject(
        "several-keys-wrong",
        "bad-signature",
        "several-keys",
        "that of the right key is missing",
        intermediates=[ca(twin)],
    )
    corpus.accept(
        "cross-certificate",
        "RFC 4158 2.4",
        "the CA has certificates by the root and by a stranger who is not trusted",
        target=leaf(),
        intermediates=[ca(CA, STRANGER), ca()],
        trust=[root()],
        **NO_WAY_BACK,
    )
    corpus.reject(
        "cross-certificate-only",
        "no-trusted-issuer",
        "cross-certificate",
        "the root's is missing",
        intermediates=[ca(CA, STRANGER)],
    )
    corpus.accept(
        "cross-certificates-in-a-ring",
        "RFC 4158 5.2",
        "CA and Sub CA have issued certificates to each other, and the root one to Sub CA",
        target=leaf(),
        intermediates=[ca(CA, SUB_CA), ca(SUB_CA, CA), ca(SUB_CA, ROOT)],
        trust=[root()],
        **NO_WAY_BACK,
    )
    corpus.reject(
        "cross-certificates-in-a-ring-only",
        "no-trusted-issuer",
        "cross-certificates-in-a-ring",
        "the root's is missing",
        intermediates=[ca(CA, SUB_CA), ca(SUB_CA, CA)],
    )
    corpus.reject(
        "issuer-missing",
        "no-trusted-issuer",
        "plain",
        "the CA's certificate is missing",
        clause="6.1.3 (a)(4)",
        intermediates=[],
    )
    corpus.accept(
        "pool-of-strangers",
        "RFC 4158 2.4",
        "certificates that have nothing to do with it are in the pool",
        target=leaf(),
        intermediates=[ca(SUB_CA, STRANGER), ca(), root(STRANGER), leaf(STRANGER)],
        trust=[root()],
    )


def lengths(corpus):
    """Six intermediate certificates are followed, rustls-webpki's limit"""
    authorities = [ROOT, *(Authority(f"CA {number}") for number in range(1, 8))]
    chain = [ca(below, above) for above, below in zip(authorities, authorities[1:])]
    corpus.accept(
        "six-intermediates",
        "RFC 4158 5.1",
        "a path with six intermediate certificates",
        target=leaf(authorities[6]),
        intermediates=list(reversed(chain)),
        trust=[root()],
    )
    corpus.reject(
        "seven-intermediates",
        "path-length",
        "six-intermediates",
        "with seven",
        target=leaf(authorities[7]),
        openssl="accept",
        because="OpenSSL follows a hundred",
    )
