"""What a certificate is for: extKeyUsage at every level, keyUsage by purpose. Attack 27."""

from maker import oids
from maker.der import sequence

from .. import keys
from ..certificates import ca, leaf, path, root
from ..extensions import extended_key_usage, extension, key_usage

LEVELS = {
    "leaf": lambda **changes: {"target": leaf(**changes)},
    "ca": lambda **changes: {"intermediates": [ca(**changes)]},
    "root": lambda **changes: {"trust": [root(**changes)]},
}
NO_ANY = {
    "openssl": "reject",
    "because": "OpenSSL does not take anyExtendedKeyUsage for mail",
}


NO_IDENTIFIER = {
    "openssl": "accept",
    "because": "openssl verify knows purposes by its own words alone; it was asked for any",
}
NO_AGREEMENT = "OpenSSL's smimeencrypt wants keyEncipherment, whatever the key"


def add(corpus):
    nested(corpus)
    purposes(corpus)
    usages(corpus)
    malformed(corpus)


def nested(corpus):
    for level, changed in LEVELS.items():

        def limited(*purposes, changed=changed, **form):
            return changed(extended_key_usage=extended_key_usage(*purposes, **form))

        for word, about, inputs in [
            ("none", "has no extKeyUsage", changed(extended_key_usage=None)),
            ("mail", "is for mail", limited(oids.EMAIL_PROTECTION)),
            ("any", "is for anyExtendedKeyUsage", limited(oids.ANY_EXTENDED_KEY_USAGE)),
            (
                "several",
                "is for servers and mail",
                limited(oids.SERVER_AUTH, oids.EMAIL_PROTECTION),
            ),
            (
                "critical",
                "is for mail, and that is critical",
                limited(oids.EMAIL_PROTECTION, critical=True),
            ),
        ]:
            corpus.accept(
                f"{level}-purpose-{word}",
                "4.2.1.12",
                f"the {level} {about}",
                like="plain",
                **inputs,
                **(NO_ANY if word == "any" else {}),
            )
        for word, about, inputs in [
            ("server", "is for servers alone", limited(oids.SERVER_AUTH)),
            ("unknown", "is for what nobody knows", limited("1.3.6.1.4.1.55555.2")),
        ]:
            corpus.reject(
                f"{level}-purpose-{word}",
                "extended-key-usage",
                f"{level}-purpose-mail",
                f"the {level} {about}",
                **inputs,
            )
    corpus.accept(
        "bare-root-purpose-server",
        "6.1.1 (d)",
        "the root is for servers alone, and its limits have been taken off",
        like="root-purpose-server",
        flags=["no-anchor-constraints"],
        openssl="reject",
        because="openssl verify has no flag that takes an anchor's limits off",
    )


def purposes(corpus):
    """The same certificate for another purpose."""
    of_servers = path(
        {"extended_key_usage": extended_key_usage(oids.SERVER_AUTH), "key_usage": None}
    )
    for word, purpose in [
        ("server", "server"),
        ("any", "any"),
        ("oid", oids.SERVER_AUTH),
    ]:
        corpus.accept(
            f"server-for-{word}",
            "4.2.1.12",
            f"a certificate for servers, where the purpose is {word}",
            **of_servers,
            purpose=purpose,
        )
    for word, purpose, difference in [
        ("mail", "email", {}),
        ("client", "client", {}),
        ("other-oid", "1.3.6.1.5.5.7.3.3", NO_IDENTIFIER),
    ]:
        corpus.reject(
            f"server-for-{word}",
            "extended-key-usage",
            "server-for-server",
            f"a certificate for servers, where the purpose is {purpose}",
            purpose=purpose,
            **difference,
        )
    corpus.accept(
        "client-for-client",
        "4.2.1.12",
        "a certificate for clients, where the purpose is client",
        **path({"extended_key_usage": extended_key_usage(oids.CLIENT_AUTH)}),
        purpose="client",
    )
    corpus.reject(
        "client-for-server",
        "extended-key-usage",
        "client-for-client",
        "a certificate for clients, where the purpose is server",
        purpose="server",
    )


def usages(corpus):
    """RFC 8550 4.4.2: signing and receiving mail."""

    def chain(*usages, key=None):
        return path({"key_usage": key_usage(*usages) if usages else None, "key": key})

    rsa = keys.public("rsa2048")
    for word, usages, key, purpose in [
        ("signing-digital-signature", ["digitalSignature"], None, "email-signing"),
        ("signing-non-repudiation", ["nonRepudiation"], None, "email-signing"),
        ("signing-without-key-usage", [], None, "email-signing"),
        ("receiving-rsa", ["keyEncipherment"], rsa, "email-receiving"),
        ("receiving-ec", ["keyAgreement"], None, "email-receiving"),
        ("receiving-without-key-usage", [], None, "email-receiving"),
    ]:
        about = " and ".join(usages) or "no keyUsage"
        corpus.accept(
            f"usage-{word}",
            "RFC 8550 4.4.2",
            f"{about}, for {purpose} with {'RSA' if key else 'P-256'}",
            **chain(*usages, key=key),
            purpose=purpose,
            **({"openssl": "reject", "because": NO_AGREEMENT} if word == "receiving-ec" else {}),
        )
    for word, neighbour, about, inputs in [
        (
            "signing-key-agreement",
            "signing-digital-signature",
            "keyAgreement alone, for signing",
            chain("keyAgreement"),
        ),
        (
            "receiving-rsa-signature",
            "receiving-rsa",
            "digitalSignature alone, for receiving",
            chain("digitalSignature", key=rsa),
        ),
        (
            "receiving-rsa-agreement",
            "receiving-rsa",
            "keyAgreement alone, for receiving with RSA",
            chain("keyAgreement", key=rsa),
        ),
        (
            "receiving-ec-encipherment",
            "receiving-ec",
            "keyEncipherment alone, for receiving with P-256",
            chain("keyEncipherment"),
        ),
        (
            "signing-nothing",
            "signing-digital-signature",
            "a keyUsage of nothing",
            path({"key_usage": key_usage()}),
        ),
    ]:
        is_taken = word == "receiving-ec-encipherment"
        corpus.reject(
            f"usage-{word}",
            "key-usage",
            f"usage-{neighbour}",
            about,
            **inputs,
            **({"openssl": "accept", "because": NO_AGREEMENT} if is_taken else {}),
        )


def malformed(corpus):
    for word, kind, value, about in [
        ("key-usage-malformed", oids.KEY_USAGE, b"\x03\x02\x08\x80", "keyUsage with 8 unused bits"),
        ("key-usage-cut", oids.KEY_USAGE, b"\x03\x02", "keyUsage, cut off"),
        ("purpose-malformed", oids.EXTENDED_KEY_USAGE, sequence(b"\x06"), "extKeyUsage, cut off"),
    ]:
        field = "key_usage" if kind == oids.KEY_USAGE else "extended_key_usage"
        corpus.reject(
            f"leaf-{word}",
            "malformed",
            "plain",
            f"the leaf has a {about}",
            clause="4.2.1",
            target=leaf(**{field: extension(kind, value, True)}),
        )
