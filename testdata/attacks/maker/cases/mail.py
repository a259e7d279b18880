"""What stands around the signature: other parts, two readings of one message (13, 15)."""

from .. import cms
from ..keys import identity
from ..mime import (
    BOUNDARY,
    ENTITY,
    SIGNED,
    UNSIGNED,
    mail,
    multipart,
    multipart_signed,
    opaque,
    signature_part,
)

HTML = b"Content-Type: text/html; charset=us-ascii\r\n\r\n<p>Please pay 9000 to Mallory.</p>\r\n"
ATTACHMENT = (
    b'Content-Type: application/octet-stream; name="invoice.pdf"\r\n'
    b'Content-Disposition: attachment; filename="invoice.pdf"\r\n\r\nnot signed\r\n'
)


def add(corpus):
    alice = identity("alice")
    signature = cms.signed_by(alice, ENTITY, detached=True)
    wrapping(corpus, alice, signature)
    parameters(corpus, signature)
    octets(corpus, alice, signature)
    parts(corpus, signature)
    nested(corpus, alice)


def wrapping(corpus, alice, signature):
    signed = multipart_signed(ENTITY, signature, boundary="=_inner")
    whole = opaque(cms.signed_by(alice, ENTITY))
    cid = b'Content-Type: text/html\r\n\r\n<img src="cid:payment"><style>.signed{display:none}</style>\r\n'
    for word, message, about in [
        ("text-before", multipart([UNSIGNED, signed]), "unsigned text before the signed part"),
        (
            "text-after",
            multipart([signed, UNSIGNED]),
            "a footer after the signed part, as lists add it",
        ),
        ("attachment", multipart([signed, ATTACHMENT]), "an unsigned attachment"),
        (
            "alternative",
            multipart([signed, HTML], "multipart/alternative"),
            "unsigned HTML that clients prefer",
        ),
        (
            "related",
            multipart([cid, b"Content-ID: <payment>\r\n" + signed], "multipart/related"),
            "unsigned HTML that shows the signed part by its cid",
        ),
        ("opaque", multipart([UNSIGNED, whole]), "unsigned text before a pkcs7-mime part"),
        (
            "deep",
            multipart([multipart([multipart([signed], boundary="=_c")], boundary="=_b"), UNSIGNED]),
            "the signed part three levels down, unsigned text beside",
        ),
        ("twice", multipart([signed, signed]), "the signed part twice over"),
        (
            "forwarded",
            multipart([UNSIGNED, b"Content-Type: message/rfc822\r\n\r\n" + mail(signed)]),
            "a signed mail as attachment",
        ),
    ]:
        corpus.invalid(
            f"13-{word}.eml",
            13,
            about,
            mail(message),
            verdict=None,
            coverage="partial",
            signature=["valid"] * (2 if word == "twice" else 1) if word != "forwarded" else None,
        )
    corpus.invalid(
        "13-forwarded-alone.eml",
        13,
        "Alice's mail inside one of Mallory's that holds nothing else",
        mail(
            b"Content-Type: message/rfc822\r\n\r\n" + mail(signed),
            replaced={"From": ["From: mallory@evil.example"]},
        ),
        verdict=None,
    )
    two = [signed, multipart_signed(ENTITY, signature, boundary="=_other")]
    corpus.invalid(
        "13-two-signed.eml",
        13,
        "two signed parts, and nothing signs that they belong together",
        mail(multipart(two)),
        verdict=None,
        coverage="partial",
    )
    corpus.invalid(
        "13-alone-in-mixed.eml",
        13,
        "the signed part is the only one of a multipart/mixed",
        mail(multipart([signed])),
        exit=[0, 1],
        verdict=None,
    )
    corpus.valid(
        "13-preamble-epilogue.eml",
        13,
        "preamble and epilogue: clients show neither",
        mail(
            multipart_signed(
                ENTITY,
                signature,
                preamble=b"Please pay 9000.\r\n",
                epilogue=b"Please pay 9000.\r\n",
            )
        ),
        coverage="whole",
    )
    inner = multipart([ENTITY, ATTACHMENT], boundary="=_inside")
    corpus.valid(
        "13-mixed-inside.eml",
        13,
        "text and attachment, signed together",
        mail(multipart_signed(inner, cms.signed_by(alice, inner, detached=True))),
        coverage="whole",
    )
    # The content that is signed holds what looks like another mail's signature.
    corpus.valid(
        "13-signed-in-signed.eml",
        13,
        "a signed mail, signed again",
        mail(multipart_signed(signed, cms.signed_by(alice, signed, detached=True))),
        coverage="whole",
    )
    bent = signed.replace(b"100 to Bob", b"900 to Bob")
    corpus.invalid(
        "13-signed-in-signed-bent.eml",
        13,
        "a signed mail, changed and then signed again",
        mail(multipart_signed(bent, cms.signed_by(alice, bent, detached=True))),
    )


def parameters(corpus, signature):
    """Two readers find two bodies."""

    def signed(field, **changes):
        return mail(multipart([ENTITY, signature_part(signature)], field=field, **changes))

    plain = f'Content-Type: {SIGNED}; boundary="{BOUNDARY}"'
    other = 'Content-Type: multipart/mixed; boundary="=_other"'
    for word, message, about in [
        (
            "two-types",
            signed(f"{plain}\r\n{other}"),
            "two Content-Type fields, the right one first",
        ),
        (
            "two-types-second",
            signed(f"{other}\r\n{plain}"),
            "two Content-Type fields, the right one second",
        ),
        (
            "two-types-text",
            signed(f"Content-Type: text/plain\r\n{plain}"),
            "text/plain, then multipart/signed",
        ),
        ("two-types-equal", signed(f"{plain}\r\n{plain}"), "the same Content-Type field twice"),
        ("two-boundaries", signed(f'{plain}; boundary="=_other"'), "two boundary parameters"),
        (
            "two-boundaries-second",
            signed(f'Content-Type: {SIGNED}; boundary="=_other"; boundary="{BOUNDARY}"'),
            "the right one second",
        ),
        ("two-boundaries-case", signed(f'{plain}; BOUNDARY="=_other"'), "the second in capitals"),
        (
            "boundary-twin",
            signed(f"{plain}; boundary*=us-ascii''%3D_other"),
            "boundary and boundary* (RFC 2231)",
        ),
        (
            "boundary-twin-first",
            signed(
                f"Content-Type: {SIGNED}; boundary*=us-ascii''%3D_other; boundary=\"{BOUNDARY}\""
            ),
            "boundary* and boundary",
        ),
        (
            "boundary-pieces",
            signed(f'{plain}; boundary*0="=_"; boundary*1="other"'),
            "boundary and its pieces (RFC 2231 3)",
        ),
        ("boundary-absent", signed(f"Content-Type: {SIGNED}"), "no boundary"),
        ("boundary-empty", signed(f'Content-Type: {SIGNED}; boundary=""'), "an empty boundary"),
        (
            "boundary-nul",
            signed(f'Content-Type: {SIGNED}; boundary="{BOUNDARY}\x00"'),
            "a NUL in the boundary",
        ),
        (
            "two-encodings",
            signed(
                f"{plain}\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64"
            ),
            "two Content-Transfer-Encoding fields",
        ),
        (
            "encoded-multipart",
            signed(f"{plain}\r\nContent-Transfer-Encoding: base64"),
            "a multipart in base64 (RFC 2045 6.4)",
        ),
    ]:
        corpus.invalid(
            f"15-{word}.eml",
            15,
            about,
            message,
            exit=[65] if "two-types" in word or "two-b" in word or "twin" in word else [1, 65],
            verdict=None,
        )
    # RFC 2231 4 allows it, and few readers know: to refuse is safe.
    field = f"Content-Type: {SIGNED}; boundary*=us-ascii''%3D_the-boundary"
    corpus.invalid(
        "15-extended.eml", 15, "boundary* alone", signed(field), exit=[0, 65], verdict=None
    )
    for word, field, about in [
        (
            "folded",
            plain.replace("; boundary", ";\r\n\tboundary"),
            "the parameter on a line of its own",
        ),
        (
            "comment",
            f'Content-Type: multipart/signed (by Alice); boundary="{BOUNDARY}"; protocol="application/pkcs7-signature"',
            "a comment",
        ),
        (
            "capitals",
            f'CONTENT-TYPE: MULTIPART/SIGNED; PROTOCOL="APPLICATION/PKCS7-SIGNATURE"; BOUNDARY="{BOUNDARY}"',
            "all in capitals",
        ),
        (
            "no-protocol",
            f'Content-Type: multipart/signed; boundary="{BOUNDARY}"',
            "no protocol, no micalg",
        ),
        (
            "odd-micalg",
            f'Content-Type: multipart/signed; protocol="application/x-pkcs7-signature"; micalg=md5; boundary="{BOUNDARY}"',
            "a wrong micalg",
        ),
    ]:
        corpus.valid(f"15-{word}.eml", 15, f"Content-Type: {about}", signed(field))


def octets(corpus, alice, signature):
    signed = mail(multipart_signed(ENTITY, signature))

    def over(content):
        return mail(multipart_signed(content, cms.signed_by(alice, content, detached=True)))

    nul = ENTITY.replace(b"100", b"1\x0000")
    for word, message, about in [
        ("nul-body", over(nul), "a NUL in the signed text"),
        (
            "nul-header",
            signed.replace(b"Subject: Payment", b"Subject: Pay\x00ment"),
            "a NUL in the header",
        ),
        ("bare-cr-body", over(ENTITY.replace(b" 100", b"\r100")), "a bare CR in the signed text"),
        (
            "bare-cr-header",
            signed.replace(b"Subject: Payment", b"Subject: Payment\rFrom: mallory@evil.example"),
            "a bare CR in the header, and a From after it",
        ),
        (
            "bare-lf-header",
            signed.replace(b"Subject: Payment", b"Subject: Payment\nX-Other: x"),
            "a bare LF in the header, CRLF elsewhere",
        ),
        (
            "bare-cr-delimiter",
            signed.replace(b"Bob.\r\n", b"Bob.\r--=_the-boundary\r", 1),
            "a delimiter after a bare CR",
        ),
    ]:
        corpus.invalid(
            f"15-{word}.eml",
            15,
            about,
            message,
            exit=[0, 1, 65] if word in ("bare-lf-header", "nul-body", "bare-cr-body") else [1, 65],
            verdict=None,
        )
    bare = ENTITY.replace(b"100 to", b"100\nto")
    corpus.invalid(
        "15-bare-lf-body.eml",
        15,
        "a bare LF in text signed with it, CRLF elsewhere",
        over(bare),
        exit=[0, 1, 65],
        verdict=None,
    )
    corpus.valid(
        "15-lf.eml",
        15,
        "the whole mail in LF: what is signed had CRLF",
        signed.replace(b"\r\n", b"\n"),
    )
    corpus.valid(
        "15-blank-body-lines.eml",
        15,
        "empty lines at the end of the signed text belong to it",
        over(ENTITY + b"\r\n\r\n"),
    )
    corpus.invalid(
        "15-blank-line-added.eml",
        15,
        "an empty line more than was signed",
        mail(multipart_signed(ENTITY + b"\r\n", signature)),
        signature=["invalid"],
    )
    corpus.invalid(
        "15-blank-line-gone.eml",
        15,
        "the last line end is gone",
        mail(multipart_signed(ENTITY[:-2], signature)),
        signature=["invalid"],
    )
    corpus.invalid(
        "15-trailing-space.eml",
        15,
        "a space at the end of a line",
        mail(multipart_signed(ENTITY.replace(b".\r\n", b". \r\n"), signature)),
        signature=["invalid"],
    )


def parts(corpus, signature):
    delimiter = f"--{BOUNDARY}".encode()
    signed = mail(multipart_signed(ENTITY, signature))
    for word, message, about in [
        (
            "three-parts",
            mail(multipart([ENTITY, signature_part(signature), UNSIGNED], SIGNED)),
            "a third part",
        ),
        (
            "three-parts-first",
            mail(multipart([UNSIGNED, ENTITY, signature_part(signature)], SIGNED)),
            "a part before the two",
        ),
        ("one-part", mail(multipart([ENTITY], SIGNED)), "no signature part"),
        (
            "one-part-signature",
            mail(multipart([signature_part(signature)], SIGNED)),
            "only a signature part",
        ),
        ("no-parts", mail(multipart([], SIGNED)), "no part"),
        (
            "swapped",
            mail(multipart([signature_part(signature), ENTITY], SIGNED)),
            "the signature comes first",
        ),
        ("not-closed", signed[: signed.rindex(delimiter)], "the last delimiter is not there"),
        (
            "closed-early",
            mail(
                multipart(
                    [ENTITY + b"\r\n" + delimiter + b"--\r\n", signature_part(signature)], SIGNED
                )
            ),
            "a closing delimiter in the middle",
        ),
        (
            "signature-empty",
            mail(multipart([ENTITY, signature_part(b"")], SIGNED)),
            "the signature part is empty",
        ),
        ("signature-text", mail(multipart([ENTITY, UNSIGNED], SIGNED)), "the second part is text"),
        (
            "signature-garbage",
            mail(multipart([ENTITY, signature_part(b"not CMS")], SIGNED)),
            "the signature is no CMS object",
        ),
    ]:
        # A message cut short after its signature has all that is needed.
        exits = [0, 1, 65] if word == "not-closed" else [1, 65]
        corpus.invalid(
            f"15-{word}.eml", 15, f"multipart/signed: {about}", message, exit=exits, verdict=None
        )
    # RFC 2046 5.1.1: a delimiter may have spaces after it, and be the beginning of a line of text.
    padding = signed.replace(delimiter + b"\r\n", delimiter + b" \t\r\n")
    corpus.valid("15-delimiter-padding.eml", 15, "spaces after the delimiters", padding)
    longer = ENTITY + delimiter + b"x\r\n"
    corpus.invalid(
        "15-delimiter-prefix.eml",
        15,
        "a line of text that begins with the delimiter and goes on",
        mail(multipart_signed(longer, cms.signed_by(identity("alice"), longer, detached=True))),
        exit=[0, 1, 65],
        verdict=None,
    )


def nested(corpus, alice):
    entity, layers = ENTITY, {}
    for depth in range(1, 10):
        entity = multipart_signed(
            entity, cms.signed_by(alice, entity, detached=True), boundary=f"=_{depth}"
        )
        layers[depth] = entity
    corpus.valid(
        "30-layers-8.eml",
        30,
        "eight layers of signatures",
        mail(layers[8]),
        signature=["valid"] * 8,
    )
    corpus.invalid(
        "30-layers-9.eml",
        30,
        "nine: one past the cap",
        mail(layers[9]),
        exit=[1, 65],
        verdict=None,
        says=["8"],
    )
