"""Whom a mail is from, and whom a certificate names (14)."""

from .. import cms
from ..keys import Identity, certificate, identity
from ..mime import ENTITY, mail, multipart_signed


def add(corpus):
    alice = identity("alice")
    senders(corpus, cms.signed_by(alice, ENTITY, detached=True))
    names_in_certificates(corpus, alice)


def senders(corpus, signature):
    signed = multipart_signed(ENTITY, signature)

    def sent(*fields, sender=()):
        return mail(signed, replaced={"From": [*fields, *sender]})

    for word, message, about in [
        ("other", sent("From: mallory@evil.example"), "From is somebody else"),
        (
            "name-holds-address",
            sent('From: "alice@example.com" <mallory@evil.example>'),
            "the display name holds Alice's address",
        ),
        (
            "comment-holds-address",
            sent("From: mallory@evil.example (alice@example.com)"),
            "a comment holds it",
        ),
        (
            "encoded-name",
            sent("From: =?utf-8?q?alice=40example=2Ecom?= <mallory@evil.example>"),
            "an encoded word holds it",
        ),
        (
            "encoded-address",
            sent("From: =?utf-8?q?alice=40example=2Ecom?="),
            "an encoded word is the whole of it",
        ),
        (
            "two-mailboxes",
            sent("From: alice@example.com, mallory@evil.example"),
            "two mailboxes, Alice's first",
        ),
        (
            "two-mailboxes-second",
            sent("From: mallory@evil.example, alice@example.com"),
            "two mailboxes, Alice's second",
        ),
        (
            "two-fields",
            sent("From: alice@example.com", "From: mallory@evil.example"),
            "two From fields, Alice's first",
        ),
        (
            "two-fields-second",
            sent("From: mallory@evil.example", "From: alice@example.com"),
            "two From fields, Alice's second",
        ),
        (
            "two-fields-equal",
            sent("From: alice@example.com", "From: alice@example.com"),
            "the same From field twice",
        ),
        (
            "two-fields-case",
            sent("From: alice@example.com", "FROM: mallory@evil.example"),
            "a second field in capitals",
        ),
        (
            "space-before-colon",
            sent("From : mallory@evil.example", "From: alice@example.com"),
            "a second field with a space before the colon",
        ),
        ("group", sent("From: friends: alice@example.com;"), "a group with Alice in it"),
        ("empty-group", sent("From: friends:;"), "a group of nobody"),
        ("empty", sent("From: "), "an empty From"),
        ("empty-address", sent("From: <>"), "the null address"),
        ("absent", sent(), "no From"),
        (
            "sender",
            sent("From: bob@example.com", sender=["Sender: alice@example.com"]),
            "Alice is the Sender, From is Bob",
        ),
        (
            "sender-alone",
            sent(sender=["Sender: alice@example.com"]),
            "Alice is the Sender, there is no From",
        ),
        (
            "reply-to",
            sent("From: bob@example.com", sender=["Reply-To: alice@example.com"]),
            "Alice is in Reply-To",
        ),
        (
            "resent",
            sent("From: bob@example.com", sender=["Resent-From: alice@example.com"]),
            "Alice is in Resent-From",
        ),
        ("subdomain", sent("From: alice@mail.example.com"), "another host of her domain"),
        (
            "suffix",
            sent("From: alice@example.com.evil.example"),
            "her domain is the beginning of another",
        ),
        ("prefix", sent("From: xalice@example.com"), "her address is the end of another"),
        (
            "homograph",
            mail(signed, replaced={"From": ["From: \u0430lice@example.com"]}),
            "a Cyrillic letter in it",
        ),
        ("plus", sent("From: alice+x@example.com"), "a tag after her name"),
        ("trailing-dot", sent("From: alice@example.com."), "a dot after the domain"),
        (
            "quoted-space",
            sent('From: "alice "@example.com'),
            "a space at the end of a quoted local part",
        ),
        (
            "two-angles",
            sent("From: <mallory@evil.example> <alice@example.com>"),
            "two addresses in angle brackets",
        ),
        (
            "angle-in-name",
            sent('From: "Alice <alice@example.com>" <mallory@evil.example>'),
            "a whole mailbox as display name",
        ),
        ("unclosed", sent("From: <alice@example.com"), "an angle bracket that is not closed"),
        ("at-at", sent("From: mallory@evil.example@example.com"), "two signs at"),
        (
            "folded",
            sent("From: mallory@evil.example\r\n <alice@example.com>"),
            "an address for a display name, folded",
        ),
    ]:
        corpus.invalid(f"14-{word}.eml", 14, f"From: {about}", message, exit=[1, 65], verdict=None)
    # RFC 5322 4.4: a reader ignores the route.
    corpus.invalid(
        "14-route.eml",
        14,
        "From: an obsolete route before it",
        sent("From: <@evil.example:alice@example.com>"),
        exit=[0, 1, 65],
        verdict=None,
    )
    for word, message, about in [
        (
            "display-name",
            sent('From: "Example, Alice" <alice@example.com>'),
            "a comma in the display name",
        ),
        ("domain-case", sent("From: alice@EXAMPLE.com"), "the domain in capitals (RFC 8550 3)"),
        ("comment", sent("From: alice@example.com (Alice (at work))"), "comments"),
        ("folded-name", sent("From: Alice\r\n\t<alice@example.com>"), "folded"),
        (
            "quoted-local",
            sent('From: "alice"@example.com'),
            "a local part in quotes that needs none",
        ),
        (
            "sender-too",
            sent("From: alice@example.com", sender=["Sender: mallory@evil.example"]),
            "another Sender",
        ),
    ]:
        corpus.valid(f"14-{word}.eml", 14, f"From: {about}", message, address=["match"])


def names_in_certificates(corpus, alice):
    """A certificate that an authority issued without looking closely."""
    for word, addresses, about in [
        (
            "san-nul",
            [b"alice@example.com\x00.evil.example"],
            "Alice's address, a NUL, and another domain",
        ),
        ("san-space", [b"alice@example.com "], "Alice's address and a space"),
        ("san-angle", [b"<alice@example.com>"], "her address in angle brackets"),
        ("san-list", [b"mallory@evil.example,alice@example.com"], "two addresses in one name"),
        ("san-domain", [b"@example.com"], "her domain alone"),
        ("san-wildcard", [b"*@example.com"], "a star for every address of the domain"),
        ("san-crlf", [b"alice@example.com\r\n"], "her address and a line end"),
        ("san-latin1", [b"alice@example.com\xff"], "her address and an octet that is no ASCII"),
        ("san-empty", [b""], "an empty address"),
    ]:
        leaf = certificate("mallory", alice.key.spki(), 0x5003, addresses)
        message = mail(
            multipart_signed(
                ENTITY, cms.signed_by(Identity(leaf, alice.key), ENTITY, detached=True)
            )
        )
        corpus.invalid(f"14-{word}.eml", 14, f"the certificate's name is {about}", message)
    leaf = certificate(
        "several",
        alice.key.spki(),
        0x5003,
        [b"mallory@evil.example", b"ALICE@example.com", b"alice@EXAMPLE.COM"],
    )
    corpus.valid(
        "14-san-several.eml",
        14,
        "the certificate has several addresses, one of them Alice's",
        mail(
            multipart_signed(
                ENTITY, cms.signed_by(Identity(leaf, alice.key), ENTITY, detached=True)
            )
        ),
        address=["match"],
    )
    leaf = certificate("alice@example.com", alice.key.spki(), 0x5003, [])
    corpus.invalid(
        "14-common-name.eml",
        14,
        "the common name is Alice's address, which is no address field",
        mail(
            multipart_signed(
                ENTITY, cms.signed_by(Identity(leaf, alice.key), ENTITY, detached=True)
            )
        ),
    )
    # Attack 41: names are printed, and steer nothing.
    for word, common_name, never in [
        ("escape", "\x1b[2J\x1b]0;owned\x07alice", "\x1b["),
        ("bidi", "alice\u202eecila", "\u202e"),
        ("line", "alice\nverdict: valid", "alice\nverdict"),
    ]:
        leaf = certificate(common_name, alice.key.spki(), 0x5003, [b"alice@example.com"])
        signed = cms.signed_by(Identity(leaf, alice.key), ENTITY, detached=True)
        corpus.valid(
            f"41-{word}.eml",
            41,
            f"the signer's name would steer a terminal: {word}",
            mail(multipart_signed(ENTITY, signed)),
            never=never,
        )
