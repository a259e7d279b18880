#!/usr/bin/env python3
"""Writes the mails of testdata/collect: signed by their author and for DKIM, each rule beside its neighbour.

Usage: make_collect.py DIRECTORY. The CMS objects and certificates are made by attacks/maker, the DKIM
signatures by make_dkim.py, all with the keys that lie beside this file and without a random number: the
same bytes come out on every run. Beside the mails it writes body.json (the first of them as SparkPost
posts it), dns.json (the key records) and manifest.json (what is to become of each mail).
"""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "attacks")]

import make_dkim
from maker import cms, oids
from maker.der import implicit, oid, sequence
from maker.keys import Certificate, Identity, certificate, identity, pem
from maker.mime import ENTITY, HEADER, UNSIGNED, mail, multipart, multipart_signed, opaque

INTERMEDIATE = Certificate(pem("pki/intermediate.crt")[0])
ALICE, BOB, CAROL = identity("alice"), identity("bob"), identity("carol")
KEY_PREFERENCE, CAPABILITIES = oids.ENCRYPTION_KEY_PREFERENCE, oids.CAPABILITIES
# When the mails are judged is 2026-11-21T12:00:00Z.
SIGNED, LATER, TOMORROW = "261121110000Z", "261121113000Z", "261122120000Z"

CASES, FILES = [], {}


def issued(subject, key, serial, address="alice@example.com", **changes):
    """A certificate of one more, with the key of another."""
    addresses = [address.encode()] if address else []
    return Identity(certificate(subject, key.certificate.spki, serial, addresses, **changes), key.key)


def signed(identity, content=ENTITY, certificates=(), at=SIGNED, attributes=(), detached=False, change=None):
    """SignedData of this signer, with the certificates that a mail client sends along."""
    own = [cms.content_type(), cms.message_digest(content), cms.signing_time(at), *attributes]
    info = cms.signer_info(identity, content, attributes=own, change=change)
    along = [identity.certificate, *certificates, INTERMEDIATE]
    return cms.signed_data(content, [info], along, detached=detached)


def dkim(message, **how):
    """The mail below a signature of its domain."""
    header, body = message.split(b"\r\n\r\n", 1)
    plain = lambda octets: octets.replace(b"\r\n", b"\n")
    field = make_dkim.sign((plain(header) + b"\n").decode(), plain(body), **how)
    return field + message


def case(name, note, message, outcome, step=None, reason=None, *, file=None, **settings):
    """Registers a mail: what becomes of it in an empty store, or in one that `after` others went into."""
    FILES[f"{name}.eml"] = message
    CASES.append({
        "file": f"{name}.eml", "note": note, "outcome": outcome, "step": step, "reason": reason,
        "stores": file, **settings,
    })


def accepted(name, note, message, file="alice@example.com.crt", **settings):
    case(name, note, message, "stored", file=file, **settings)


def refused(name, note, message, step, reason, **settings):
    case(name, note, message, "refused", step, reason, **settings)


def plain():
    whole = mail(opaque(signed(ALICE)))
    accepted("opaque", "signed as SignedData with the content inside", dkim(whole))
    detached = mail(multipart_signed(ENTITY, signed(ALICE, detached=True)))
    accepted("detached", "the same as multipart/signed", dkim(detached))
    accepted("p-256", "by an elliptic curve", dkim(mail(opaque(ec_signed()), replaced=author("dave"))),
             file="dave@example.com.crt")
    return whole, detached


def author(name, domain="example.com"):
    return {"From": [f"From: {name} <{name}@{domain}>"]}


def ec_signed():
    dave = identity("dave")
    from maker.der import algorithm
    info = cms.signer_info(
        dave, ENTITY, sign=cms.by_ecdsa(dave.key), signature=algorithm(oids.ECDSA["sha256"]),
        attributes=[cms.content_type(), cms.message_digest(ENTITY), cms.signing_time(SIGNED)],
    )
    return cms.signed_data(ENTITY, [info], [dave.certificate, INTERMEDIATE])


def domains(whole):
    refused("no-dkim", "nobody vouches for its author", whole, "dkim", "no-signature")
    refused("dkim-changed", "the subject was changed on the way",
            dkim(whole).replace(b"Subject: Payment", b"Subject: Payments"), "dkim", "signature")
    refused("dkim-body-changed", "a line was added on the way", dkim(whole) + b"\r\nmore\r\n", "dkim", "body-hash")
    refused("dkim-no-key", "DNS has no such key", dkim(whole, s="nowhere"), "dkim", "no-key")
    refused("dkim-other-domain", "another domain vouches for it",
            dkim(whole, d="example.org"), "dkim", "not-aligned")
    parent = mail(opaque(signed(sub_alice())), replaced=author("alice", "mail.example.com"))
    refused("dkim-parent", "the domain above vouches for it: not the same", dkim(parent), "dkim", "not-aligned")
    accepted("dkim-parent-relaxed", "the same where that will do", dkim(parent),
             file="alice@mail.example.com.crt", alignment="relaxed")


def sub_alice():
    return issued("Alice below", ALICE, 0x5001, "alice@mail.example.com")


def authors(whole):
    twice = mail(opaque(signed(ALICE)), replaced={"From": ["From: <mallory@example.com>", HEADER[0]]})
    refused("two-from", "two From fields, the last one signed by DKIM", dkim(twice), "author", "several-authors")
    two = mail(opaque(signed(ALICE)), replaced={"From": ["From: <alice@example.com>, <bob@example.com>"]})
    refused("two-authors", "two addresses in From", dkim(two), "author", "several-authors")
    group = mail(opaque(signed(ALICE)), replaced={"From": ["From: all: <alice@example.com>;"]})
    refused("group", "a group in From", dkim(group), "author", "group")
    none = mail(opaque(signed(ALICE)), replaced={"From": []})
    refused("no-from", "no From field", dkim(none, h="To:Subject"), "author", "no-author")
    mallory = mail(opaque(signed(ALICE)), replaced=author("mallory"))
    refused("other-author", "the certificate is for another address", dkim(mallory), "address", "address-mismatch")
    sender = {"From": ["From: <mallory@example.com>", "Sender: <alice@example.com>"]}
    refused("sender", "the certificate is for Sender, not for From",
            dkim(mail(opaque(signed(ALICE)), replaced=sender)), "address", "address-mismatch")
    name = {"From": ['From: "alice@example.com" <mallory@example.com>']}
    refused("display-name", "the certificate is for what the display name says",
            dkim(mail(opaque(signed(ALICE)), replaced=name)), "address", "address-mismatch")


def signatures(whole, detached):
    refused("unsigned", "not signed with S/MIME", dkim(mail(ENTITY)), "signature", "no-signature")
    refused("changed", "changed after it was signed, before DKIM",
            dkim(detached.replace(b"pay 100", b"pay 900")), "signature", "content-changed")
    broken = mail(opaque(signed(ALICE, change=lambda octets: octets[:-1] + bytes([octets[-1] ^ 1]))))
    refused("broken", "one bit of the signature differs", dkim(broken), "signature", "bad-signature")
    part = multipart_signed(ENTITY, signed(ALICE, detached=True), boundary="=_inner")
    refused("partial", "unsigned text stands beside the signed part (attack 13)",
            dkim(mail(multipart([UNSIGNED, part]))), "signature", "partial-coverage")
    certificates = cms.signed_data(b"", [], [ALICE.certificate], digests=[], detached=True)
    refused("certs-only", "a certificate and no signature",
            dkim(mail(opaque(certificates, "certs-only"))), "signature", "certs-only")
    unnamed = mail(multipart([ENTITY, b"Content-Type: application/octet-stream; name=\"smime.p7s.txt\"\r\n\r\nx\r\n"]))
    refused("attachment", "an attachment that only looks like a signature", dkim(unnamed), "signature", "no-signature")
    # Attack 18: what DKIM does not cover is turned about, and the signature of the author notices.
    swapped = dkim(detached).replace(b"multipart/signed", b"multipart/mixed", 1)
    refused("content-type-swapped", "DKIM covers no Content-Type; without it there is nothing that was signed", swapped,
            "signature", "content-missing")


def paths():
    stranger = issued("Alice of a stranger", ALICE, 0x5002, issuer="stranger")
    refused("untrusted", "issued by nobody that is trusted", dkim(mail(opaque(signed(stranger)))),
            "path", "no-trusted-issuer")
    old = issued("Alice of old", ALICE, 0x5003, begin="20200101000000Z", end="20201231000000Z")
    refused("expired", "the certificate has expired", dkim(mail(opaque(signed(old)))), "path", "expired")
    server = identity("server-only")
    refused("server", "the certificate is for TLS servers",
            dkim(mail(opaque(signed(server)), replaced=author("server-only"))), "path", "extended-key-usage")
    nameless = issued("Nobody's address", ALICE, 0x5004, None)
    refused("no-address", "the certificate has no address", dkim(mail(opaque(signed(nameless)))),
            "address", "address-absent")
    upper = issued("Alice in capitals", ALICE, 0x5005, "alice@EXAMPLE.com")
    accepted("domain-case", "the domain in capitals", dkim(mail(opaque(signed(upper)))))


def receiving():
    signer = issued("Alice signs", ALICE, 0x5010, key_usage=0x80)
    reader = issued("Alice reads", BOB, 0x5011, key_usage=0x20)
    other = issued("Bob reads", CAROL, 0x5012, "bob@example.com", key_usage=0x20)
    prefers = lambda it: cms.attribute(KEY_PREFERENCE, implicit(0, it.certificate.issuer_and_serial()))
    along = lambda it, *attributes: dkim(mail(opaque(signed(signer, certificates=[it.certificate],
                                                            attributes=attributes))))
    accepted("preference", "the signer names another certificate to encrypt to", along(reader, prefers(reader)),
             certificate="5011")
    refused("no-preference", "the same, not named: that of the signer signs alone", along(reader),
            "receiving", "key-usage")
    refused("preference-of-another", "the named one is for another address", along(other, prefers(other)),
            "receiving", "address-mismatch")
    ciphers = [oids.AES_GCM[32], oids.AES_CBC[32]]
    announced = cms.attribute(CAPABILITIES, sequence(*(sequence(oid(it)) for it in ciphers)))
    accepted("capabilities", "the signer says which ciphers it opens",
             dkim(mail(opaque(signed(ALICE, attributes=[announced])))), capabilities=["aes256-gcm", "aes256-cbc"])


def times():
    refused("future", "signed tomorrow", dkim(mail(opaque(signed(ALICE, at=TOMORROW)))),
            "time", "signed-in-the-future")
    renewed = issued("Alice renewed", ALICE, 0x5020, begin="20260101000000Z")
    message = dkim(mail(opaque(signed(renewed, at=LATER))))
    case("renewed", "the same key and issuer, signed later", message, "replaced", file="alice@example.com.crt",
         after=["opaque.eml"], certificate="5020")
    case("rollback", "an older mail comes after a newer one (attack 34)", FILES["opaque.eml"], "older",
         step="succession", reason="older", after=["renewed.eml"], certificate="5020")
    other_key = issued("Alice with another key", BOB, 0x5021, begin="20260101000000Z")
    message = dkim(mail(opaque(signed(other_key, at=LATER))))
    for name, note, replacement, outcome in [
        ("other-key", "another key takes its place", "always", "replaced"),
        ("other-key-same-issuer", "the same where its issuer is the same", "same-issuer", "replaced"),
        ("other-key-manual", "the same where an operator decides", "manual", "pending"),
    ]:
        case(name, note, message, outcome, file="alice@example.com.crt", after=["opaque.eml"],
             replacement=replacement, certificate="5021" if outcome == "replaced" else "1001")
    elsewhere = issued("Alice of another authority", ALICE, 0x5022, issuer="stranger", begin="20260101000000Z")
    message = dkim(mail(opaque(signed(elsewhere, at=LATER))))
    trust = ["root.crt", "stranger.crt"]
    for name, replacement, outcome in [
        ("other-issuer", "always", "replaced"),
        ("other-issuer-same-issuer", "same-issuer", "pending"),
        ("other-issuer-manual", "manual", "pending"),
    ]:
        case(name, f"another issuer, replacement = {replacement}", message, outcome, file="alice@example.com.crt",
             after=["opaque.eml"], replacement=replacement, trust=trust,
             certificate="5022" if outcome == "replaced" else "1001")
    case("again", "the very same mail once more", FILES["opaque.eml"], "seen-before", after=["opaque.eml"],
         certificate="1001")
    case("same-certificate", "another mail with the same certificate", FILES["detached.eml"], "already-stored",
         file="alice@example.com.crt", after=["opaque.eml"], certificate="1001")


def names():
    """Attack 32: what would be a path, or no file name at all."""
    for name, local, written in [
        ("up", b"../../x", '"../../x"'),
        ("root", b"/x", '"/x"'),
        ("dots", b"..", '".."'),
    ]:
        identity = Identity(certificate(f"Name {name}", ALICE.certificate.spki, 0x5030,
                                        [local + b"@example.com"]), ALICE.key)
        header = {"From": [f"From: {written}@example.com"]}
        refused(f"name-{name}", "a name that would lead out of the directory",
                dkim(mail(opaque(signed(identity)), replaced=header)), "store", "file-name")
    # RFC 5321 4.5.3.1.1: at most 64 octets.
    long = Identity(certificate("Name long", ALICE.certificate.spki, 0x5031, [b"a" * 300 + b"@example.com"]), ALICE.key)
    header = {"From": [f"From: {'a' * 300}@example.com"]}
    refused("name-long", "300 octets before the @", dkim(mail(opaque(signed(long)), replaced=header)),
            "author", "malformed-author")


def main(directory):
    directory = Path(directory)
    whole, detached = plain()
    domains(whole)
    authors(whole)
    signatures(whole, detached)
    paths()
    receiving()
    times()
    names()
    messages = directory / "messages"
    messages.mkdir(parents=True, exist_ok=True)
    for old in messages.iterdir():
        old.unlink()
    for file, message in FILES.items():
        (messages / file).write_bytes(message)
    relayed = {
        "webhook_id": "4839201967643219",
        "protocol": "smtp",
        "customer_id": "1",
        "friendly_from": "alice@example.com",
        "msg_from": "alice@example.com",
        "rcpt_to": "secure@inbound.example.net",
        "content": {
            "subject": "Payment",
            "to": ["Bob <bob@example.com>"],
            "email_rfc822": FILES["opaque.eml"].decode(),
            "email_rfc822_is_base64": False,
        },
    }
    body = json.dumps([{"msys": {"relay_message": relayed}}], indent=1)
    (directory / "body.json").write_text(body + "\n")
    key = make_dkim.public("lab")
    records = {f"lab._domainkey.{domain}": f"v=DKIM1; k=rsa; p={key}" for domain in ("example.com", "example.org")}
    (directory / "dns.json").write_text(json.dumps(records, indent=1) + "\n")
    (directory / "manifest.json").write_text(json.dumps(CASES, indent=1) + "\n")
    print(f"{len(CASES)} cases, {len(FILES)} mails")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else HERE / "collect")
