"""Mail around the CMS objects. Lines end in CRLF, for these are the octets on the wire."""

import base64

ENTITY = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nPlease pay 100 to Bob.\r\n"
UNSIGNED = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nPlease pay 9000 to Mallory.\r\n"
BOUNDARY = "=_the-boundary"

FROM = "From: Alice <alice@example.com>"
HEADER = [
    FROM,
    "To: Bob <bob@example.com>",
    "Subject: Payment",
    "Date: Sat, 21 Nov 2026 12:00:00 +0000",
    "Message-ID: <payment@example.com>",
    "MIME-Version: 1.0",
]


def lines(fields):
    return "".join(f"{field}\r\n" for field in fields).encode()


def mail(entity, header=None, replaced=()):
    """The outer header, with fields replaced by name, before an entity of its own header and body.

    A field replaced by a list of fields appears as often.
    """
    fields = []
    replaced = dict(replaced)
    for field in header or HEADER:
        name = field.split(":")[0]
        fields.extend(replaced.get(name, [field]))
    return lines(fields) + entity


def body(der):
    return base64.encodebytes(der).replace(b"\n", b"\r\n")


def opaque(der, smime_type="signed-data", media_type="application/pkcs7-mime", name="smime.p7m"):
    parameter = f"; smime-type={smime_type}" if smime_type else ""
    return lines(
        [
            f'Content-Type: {media_type}{parameter}; name="{name}"',
            "Content-Transfer-Encoding: base64",
            f'Content-Disposition: attachment; filename="{name}"',
            "",
        ]
    ) + body(der)


def enveloped(der):
    return opaque(der, "enveloped-data")


def auth_enveloped(der):
    return opaque(der, "authEnveloped-data")


def signature_part(der):
    return lines(
        [
            'Content-Type: application/pkcs7-signature; name="smime.p7s"',
            "Content-Transfer-Encoding: base64",
            'Content-Disposition: attachment; filename="smime.p7s"',
            "",
        ]
    ) + body(der)


def multipart(
    parts, content_type="multipart/mixed", boundary=BOUNDARY, preamble=b"", epilogue=b"", field=None
):
    """RFC 2046 5.1; `field` is the whole Content-Type field where it is not to be a plain one."""
    field = field or f'Content-Type: {content_type}; boundary="{boundary}"'
    delimiter = f"--{boundary}".encode()
    text = lines([field, ""]) + preamble
    for part in parts:
        text += delimiter + b"\r\n" + part + b"\r\n"
    return text + delimiter + b"--\r\n" + epilogue


SIGNED = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256'


def multipart_signed(content, der, boundary=BOUNDARY, **changes):
    return multipart([content, signature_part(der)], SIGNED, boundary, **changes)
