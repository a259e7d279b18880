"""CMS (RFC 5652) with every field open to change: what a correct writer never writes."""

from . import algorithms, oids
from .curves import P256
from .der import (
    algorithm,
    elements,
    explicit,
    implicit,
    integer,
    null,
    octets,
    oid,
    read,
    sequence,
    set_of,
    tlv,
    utc_time,
)

SIGNED_AT = "261121120000Z"


def content_info(kind, content):
    return sequence(oid(kind), explicit(0, content))


# ---- signed attributes


def attribute(kind, *values):
    return sequence(oid(kind), set_of(*values))


def content_type(kind=oids.DATA):
    return attribute(oids.CONTENT_TYPE, oid(kind))


def message_digest(content, name="sha256"):
    return attribute(oids.MESSAGE_DIGEST, octets(algorithms.digest(name, content)))


def signing_time(value=SIGNED_AT):
    return attribute(oids.SIGNING_TIME, utc_time(value))


def signing_certificate(certificate):
    """ESSCertIDv2 with SHA-256, its default (RFC 5035 4)."""
    identifier = sequence(octets(algorithms.digest("sha256", certificate.der)))
    return attribute(oids.SIGNING_CERTIFICATE_V2, sequence(sequence(identifier)))


def algorithm_protection(digest_algorithm, signature_algorithm, number=1):
    value = sequence(digest_algorithm, implicit(number, signature_algorithm))
    return attribute(oids.ALGORITHM_PROTECTION, value)


def standard_attributes(content, name="sha256", kind=oids.DATA):
    return [content_type(kind), message_digest(content, name), signing_time()]


# ---- SignerInfo


def digest_algorithm(name, parameters=b""):
    return algorithm(oids.DIGEST[name], parameters)


def rsa_signature_algorithm(name, parameters=null()):
    return algorithm(oids.SIGNATURE[name], parameters)


def by_rsa(identity, name="sha256"):
    """A signature function: PKCS #1 v1.5."""

    def sign(data):
        key = identity.key
        return key.apply_private(algorithms.pkcs1_encoded(name, data, key.size))

    return sign


def by_ecdsa(secret, name="sha256"):
    def sign(data):
        return sequence(*(integer(value) for value in P256.ecdsa(secret, name, data)))

    return sign


def pss_parameters(name, salt_length, mask_name=None):
    return sequence(
        explicit(0, digest_algorithm(name)),
        explicit(1, algorithm(oids.MGF1, digest_algorithm(mask_name or name))),
        explicit(2, integer(salt_length)),
    )


def by_pss(identity, name, salt_length):
    def sign(data):
        key, salt = identity.key, algorithms.stream("salt", salt_length)
        encoded = algorithms.pss_encoded(name, data, key.modulus.bit_length(), salt)
        return key.apply_private(encoded)

    return sign


def signer_info(
    identity,
    content,
    *,
    name="sha256",
    attributes=None,
    stripped=False,
    in_der_order=True,
    signed_in_der_order=True,
    sign=None,
    digest=None,
    signature=None,
    by_key_identifier=False,
    version=None,
    unsigned=(),
    kind=oids.DATA,
    sid=None,
    wire_attributes=None,
    change=None,
):
    """One SignerInfo; what is not said is as it should be.

    `attributes` are encoded, in the order of the wire if not `in_der_order`; `stripped` signs the
    content itself. `wire_attributes` go onto the wire while `attributes` are signed. `change` is
    applied to the signature.
    """
    certificate = identity.certificate
    if attributes is None:
        attributes = standard_attributes(content, name, kind)
    if stripped:
        signed, field = content, b""
    else:
        signed = tlv(0x31, *(sorted(attributes) if signed_in_der_order else attributes))
        wire = attributes if wire_attributes is None else wire_attributes
        field = tlv(0xA0, *(sorted(wire) if in_der_order else wire))
    value = (sign or by_rsa(identity, name))(signed)
    if sid is None:
        sid = certificate.issuer_and_serial()
        if by_key_identifier:
            sid = tlv(0x80, certificate.key_identifier)
    version = version if version is not None else 3 if by_key_identifier else 1
    return sequence(
        integer(version),
        sid,
        digest or digest_algorithm(name),
        field,
        signature or rsa_signature_algorithm(name),
        octets(change(value) if change else value),
        tlv(0xA1, *unsigned) if unsigned else b"",
    )


def signed_data(
    content,
    signers,
    certificates,
    *,
    detached=False,
    kind=oids.DATA,
    digests=None,
    version=1,
    certificate_elements=None,
    crls=b"",
):
    """SignedData in its ContentInfo; `signers` and `digests` are encoded."""
    if digests is None:
        digests = [digest_algorithm("sha256")]
    inside = b"" if detached else explicit(0, octets(content))
    if certificate_elements is None:
        certificate_elements = [certificate.der for certificate in certificates]
    return content_info(
        oids.SIGNED_DATA,
        sequence(
            integer(version),
            set_of(*digests),
            sequence(oid(kind), inside),
            tlv(0xA0, *certificate_elements) if certificate_elements else b"",
            crls,
            tlv(0x31, *signers),
        ),
    )


def signed_by(identity, content, detached=False, **changes):
    """The plainest signed message, but for the changes of its SignerInfo."""
    info = signer_info(identity, content, **changes)
    return signed_data(content, [info], [identity.certificate], detached=detached)


# ---- recipients


def key_transport(identity, key, encoded=None, encryption=None, encrypted=None, sid=None):
    """KeyTransRecipientInfo; `encoded` is the block that RSA encrypts, `encrypted` what it gives."""
    rsa = identity.key
    if encoded is None:
        encoded = algorithms.pkcs1_padded(key, rsa.size, f"pad {key.hex()}")
    if encrypted is None:
        encrypted = rsa.apply_public(encoded)
    return sequence(
        integer(0),
        sid or identity.certificate.issuer_and_serial(),
        encryption or algorithm(oids.RSA_ENCRYPTION, null()),
        octets(encrypted),
    )


def shared_info(wrap_algorithm, count, ukm=None):
    """ECC-CMS-SharedInfo of RFC 5753 7.2."""
    entity = explicit(0, octets(ukm)) if ukm is not None else b""
    return sequence(wrap_algorithm, entity, explicit(2, octets((8 * count).to_bytes(4, "big"))))


def key_agreement(sid, originator, secret, key, scheme=oids.DH_SHA256_KDF, parameters=None):
    """KeyAgreeRecipientInfo for one recipient, from the shared secret; the KEK is as long as the key."""
    wrapping = algorithm(oids.AES_WRAP[len(key)])
    info = shared_info(wrapping, len(key))
    if scheme == oids.DH_HKDF_SHA256:
        key_encryption_key = algorithms.hkdf("sha256", secret, info, len(key))
    else:
        key_encryption_key = algorithms.x963_kdf("sha256", secret, info, len(key))
    wrapped = algorithms.wrap(key_encryption_key, key)
    parameters = wrapping if parameters is None else parameters
    return implicit(
        1,
        sequence(
            integer(3),
            explicit(0, implicit(1, originator)),
            algorithm(scheme, parameters),
            sequence(sequence(sid, octets(wrapped))),
        ),
    )


# ---- content


def encrypted_content(kind_of_cipher, parameters, content):
    return sequence(
        oid(oids.DATA),
        algorithm(kind_of_cipher, parameters),
        implicit(0, octets(content)) if content is not None else b"",
    )


def enveloped_data(recipients, content, version=0):
    """`content` is an EncryptedContentInfo."""
    return content_info(
        oids.ENVELOPED_DATA,
        sequence(
            integer(version),
            tlv(0x31, *recipients),
            content,
        ),
    )


def enveloped_cbc(recipients, key, content, iv=None, pad=algorithms.padded, version=0):
    iv = iv or algorithms.stream(f"iv {key.hex()}", 16)
    encrypted = algorithms.cbc_encrypt(key, iv, content, pad)
    return enveloped_data(
        recipients, encrypted_content(oids.AES_CBC[len(key)], octets(iv), encrypted), version
    )


def gcm_parameters(nonce, tag_length):
    """ICVlen is DEFAULT 12 (RFC 5084 3.2); None leaves it out."""
    return sequence(octets(nonce), integer(tag_length) if tag_length is not None else b"")


def auth_enveloped_data(recipients, content, tag, attributes=b""):
    return content_info(
        oids.AUTH_ENVELOPED_DATA,
        sequence(
            integer(0),
            tlv(0x31, *recipients),
            content,
            attributes,
            octets(tag),
        ),
    )


def enveloped_gcm(recipients, key, content, nonce=None, tag_length=16, parameters=None, tag=None):
    """`tag` makes the tag that is sent from the whole one."""
    nonce = algorithms.stream(f"nonce {key.hex()}", 12) if nonce is None else nonce
    encrypted, whole = algorithms.gcm_encrypt(key, nonce, content)
    if parameters is None:
        parameters = gcm_parameters(nonce, tag_length)
    sent = tag(whole) if tag else whole[: tag_length or 12]
    return auth_enveloped_data(
        recipients, encrypted_content(oids.AES_GCM[len(key)], parameters, encrypted), sent
    )


def compressed_data(compressed, kind=oids.DATA):
    """RFC 3274, around what zlib made."""
    return content_info(
        oids.COMPRESSED_DATA,
        sequence(
            integer(0),
            algorithm(oids.ZLIB),
            sequence(oid(kind), explicit(0, octets(compressed))),
        ),
    )


def content_key(message):
    """A content key of 16 octets, named after the message it is for."""
    return algorithms.digest("sha256", message.encode())[:16]


def inside(element):
    return elements(read(element)[1])
