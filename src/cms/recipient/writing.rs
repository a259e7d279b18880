//! One RecipientInfo for a recipient's certificate.

use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::{Encode, Sequence};
use spki::AlgorithmIdentifierOwned;

use crate::asn1::tag;
use crate::cms::{Error, IssuerAndSerialNumber, retag};
use crate::crypto::{ContentCipher, ContentEncryptionKey, KeyAgreement, KeyTransport, PublicKey};
use crate::keys::RecipientCertificate;

/// `[1] IMPLICIT` over a SEQUENCE: kari in RecipientInfo, originatorKey in
/// OriginatorIdentifierOrKey.
const CONTEXT_1: u8 = tag::context_constructed(1);

/// One encoded RecipientInfo, with what the structure around it must know.
#[derive(Clone, Debug)]
pub struct RecipientInfo {
    der: Vec<u8>,
    is_key_transport: bool,
}

impl RecipientInfo {
    /// Encrypts the content-encryption key to the recipient's public key: by key transport if it
    /// is an RSA key, by key agreement if it is an elliptic-curve one.
    pub fn new(
        recipient: &RecipientCertificate,
        content_key: &ContentEncryptionKey,
        cipher: ContentCipher,
        key_transport: KeyTransport,
    ) -> Result<RecipientInfo, Error> {
        let rid = IssuerAndSerialNumber::of(recipient.certificate())?;
        let key = recipient.public_key();
        match key {
            PublicKey::Rsa(_) => Ok(RecipientInfo {
                der: key_trans(rid, key, content_key, key_transport)?,
                is_key_transport: true,
            }),
            // For a kind of key that agrees on nothing, key agreement says so.
            _ => Ok(RecipientInfo {
                der: key_agree(rid, key, content_key, cipher)?,
                is_key_transport: false,
            }),
        }
    }

    /// The DER, as it stands in RecipientInfos.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it is a KeyTransRecipientInfo of version 0, on which the version of the
    /// EnvelopedData depends (RFC 5652 6.1).
    pub fn is_key_transport(&self) -> bool {
        self.is_key_transport
    }
}

/// RFC 5652 6.2.1.
#[derive(Sequence)]
struct KeyTransRecipientInfo<'a> {
    version: u8,
    rid: IssuerAndSerialNumber<'a>,
    key_encryption_algorithm: AlgorithmIdentifierOwned,
    encrypted_key: &'a OctetStringRef,
}

fn key_trans(
    rid: IssuerAndSerialNumber<'_>,
    key: &PublicKey,
    content_key: &ContentEncryptionKey,
    key_transport: KeyTransport,
) -> Result<Vec<u8>, Error> {
    let encrypted_key = key_transport.encrypt(key, content_key)?;
    let info = KeyTransRecipientInfo {
        // RFC 5652 6.2.1: version 0 goes with issuerAndSerialNumber.
        version: 0,
        rid,
        key_encryption_algorithm: key_transport.algorithm_identifier(),
        encrypted_key: OctetStringRef::new(&encrypted_key)?,
    };
    Ok(info.to_der()?)
}

/// RFC 5652 6.2.2, as RFC 5753 3.1.1 profiles it for ephemeral-static ECDH: the originator's key
/// inline, no user keying material, because each ephemeral key serves one recipient once.
#[derive(Sequence)]
struct KeyAgreeRecipientInfo<'a> {
    version: u8,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    originator: AnyRef<'a>,
    key_encryption_algorithm: AlgorithmIdentifierOwned,
    recipient_encrypted_keys: Vec<RecipientEncryptedKey<'a>>,
}

/// RFC 5652 6.2.2: the originator's key, in OriginatorIdentifierOrKey's third choice,
/// `[1] IMPLICIT`.
#[derive(Sequence)]
struct OriginatorPublicKey<'a> {
    algorithm: AlgorithmIdentifierOwned,
    public_key: BitStringRef<'a>,
}

#[derive(Sequence)]
struct RecipientEncryptedKey<'a> {
    rid: IssuerAndSerialNumber<'a>,
    encrypted_key: &'a OctetStringRef,
}

fn key_agree(
    rid: IssuerAndSerialNumber<'_>,
    key: &PublicKey,
    content_key: &ContentEncryptionKey,
    cipher: ContentCipher,
) -> Result<Vec<u8>, Error> {
    let scheme = KeyAgreement::for_key(key)?;
    let agreed = scheme.agree(key, cipher.key_wrap())?;
    let encrypted_key = agreed.key_encryption_key.wrap(content_key)?;
    let originator = OriginatorPublicKey {
        algorithm: agreed.originator_algorithm,
        public_key: BitStringRef::from_bytes(&agreed.originator_public_key)?,
    };
    let originator = retag(CONTEXT_1, &originator.to_der()?)?;
    let info = KeyAgreeRecipientInfo {
        version: 3,
        originator: AnyRef::try_from(&originator[..])?,
        key_encryption_algorithm: scheme.algorithm_identifier(cipher.key_wrap()),
        recipient_encrypted_keys: vec![RecipientEncryptedKey {
            rid,
            encrypted_key: OctetStringRef::new(&encrypted_key)?,
        }],
    };
    retag(CONTEXT_1, &info.to_der()?)
}
