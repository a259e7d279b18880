//! One RecipientInfo for a recipient's certificate, for a password, or for a key that both sides
//! have.
//!
//! Recipients are named by issuer and serial number, which every client understands.

use der::Encode;
use spki::AlgorithmIdentifierOwned;

use crate::asn1::{oid, tag, tlv};
use crate::cms::Error;
use crate::crypto::{
    ContentCipher, ContentEncryptionKey, EncapsulatedKey, KeyAgreement, KeyDerivation,
    KeyEncryptionKey, KeyTransport, KeyWrap, PasswordKeyEncryption, PublicKey,
};
use crate::keys::RecipientCertificate;
use crate::secret::Secret;
use crate::x509::Certificate;

/// One encoded RecipientInfo, with what the structure around it must know.
#[derive(Clone, Debug)]
pub struct RecipientInfo {
    der: Vec<u8>,
    enveloped_data_version: u8,
}

/// The tags of the alternatives, IMPLICIT over SEQUENCEs (RFC 5652 6.2).
const KARI: u8 = tag::context_constructed(1);
const KEKRI: u8 = tag::context_constructed(2);
const PWRI: u8 = tag::context_constructed(3);
const ORI: u8 = tag::context_constructed(4);

impl RecipientInfo {
    /// Encrypts the content-encryption key to the recipient's public key: by key transport if it
    /// is an RSA key, by key agreement if it is an elliptic-curve or X25519 one, by key
    /// encapsulation if it is an ML-KEM one.
    pub fn new(
        recipient: &RecipientCertificate,
        content_key: &ContentEncryptionKey,
        cipher: ContentCipher,
        key_transport: KeyTransport,
    ) -> Result<RecipientInfo, Error> {
        let (certificate, key) = (recipient.certificate(), recipient.public_key());
        RecipientInfo::for_certificate(certificate, key, content_key, cipher, key_transport)
    }

    /// The same for any certificate and its key. That a message may be encrypted to it, a
    /// [`RecipientCertificate`] says.
    pub(super) fn for_certificate(
        certificate: &Certificate,
        key: &PublicKey,
        content_key: &ContentEncryptionKey,
        cipher: ContentCipher,
        key_transport: KeyTransport,
    ) -> Result<RecipientInfo, Error> {
        // IssuerAndSerialNumber, both as the certificate has them.
        let rid = tlv::sequence(&[certificate.issuer_der(), certificate.serial_der()]);
        match key {
            PublicKey::Rsa(_) => key_trans(&rid, key, content_key, key_transport),
            PublicKey::MlKem(_) => key_encapsulation(&rid, key, content_key, cipher),
            // For a kind of key that agrees on nothing, key agreement says so.
            _ => key_agree(&rid, key, content_key, cipher),
        }
    }

    /// Encrypts the content-encryption key with a key that is made of the password: PBKDF2 with
    /// 210,000 iterations of HMAC-SHA-512. Whoever gets the message can try passwords on it.
    pub fn for_password(
        password: &Secret,
        content_key: &ContentEncryptionKey,
    ) -> Result<RecipientInfo, Error> {
        let derivation = KeyDerivation::generate()?;
        let encryption = PasswordKeyEncryption::generate(content_key.cipher())?;
        let encrypted_key = encryption.encrypt(&derivation, password, content_key)?;
        // [0] IMPLICIT KeyDerivationAlgorithmIdentifier
        let derivation = derivation.algorithm_identifier().to_der()?;
        let derivation = crate::cms::retag(tag::context_constructed(0), &derivation)?;
        Ok(RecipientInfo {
            der: implicit(
                PWRI,
                &[
                    // RFC 5652 6.2.4: always version 0.
                    &0_u8.to_der()?,
                    &derivation,
                    &encryption.algorithm_identifier().to_der()?,
                    &octets(&encrypted_key),
                ],
            ),
            enveloped_data_version: 3,
        })
    }

    /// Wraps the content-encryption key with a key of this name, which sender and recipients
    /// share: 16, 24 or 32 octets, as many at least as the content-encryption key has.
    pub fn for_shared_key(
        id: &[u8],
        key: &Secret,
        content_key: &ContentEncryptionKey,
    ) -> Result<RecipientInfo, Error> {
        let wrap = KeyWrap::for_key_length(key.expose().len())?;
        let encrypted_key = KeyEncryptionKey::shared(wrap, key)?.wrap(content_key)?;
        Ok(RecipientInfo {
            der: implicit(
                KEKRI,
                &[
                    // RFC 5652 6.2.3: always version 4.
                    &4_u8.to_der()?,
                    &tlv::sequence(&[&octets(id)]),
                    &wrap.algorithm_identifier().to_der()?,
                    &octets(&encrypted_key),
                ],
            ),
            enveloped_data_version: 2,
        })
    }

    /// The DER, as it stands in RecipientInfos.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The least version of an EnvelopedData that it is in (RFC 5652 6.1): 3 for passwords and
    /// OtherRecipientInfos, 0 for a KeyTransRecipientInfo of version 0, else 2.
    pub fn enveloped_data_version(&self) -> u8 {
        self.enveloped_data_version
    }
}

/// KeyTransRecipientInfo (RFC 5652 6.2.1).
fn key_trans(
    rid: &[u8],
    key: &PublicKey,
    content_key: &ContentEncryptionKey,
    key_transport: KeyTransport,
) -> Result<RecipientInfo, Error> {
    let encrypted_key = key_transport.encrypt(key, content_key)?;
    Ok(RecipientInfo {
        der: tlv::sequence(&[
            // Version 0 goes with issuerAndSerialNumber.
            &0_u8.to_der()?,
            rid,
            &key_transport.algorithm_identifier().to_der()?,
            &octets(&encrypted_key),
        ]),
        enveloped_data_version: 0,
    })
}

/// KeyAgreeRecipientInfo (RFC 5652 6.2.2), as RFC 5753 3.1.1 profiles it for ephemeral-static ECDH:
/// the originator's key inline, no user keying material, because each ephemeral key serves one
/// recipient once.
fn key_agree(
    rid: &[u8],
    key: &PublicKey,
    content_key: &ContentEncryptionKey,
    cipher: ContentCipher,
) -> Result<RecipientInfo, Error> {
    let scheme = KeyAgreement::for_key(key)?;
    let agreed = scheme.agree(key, cipher.key_wrap())?;
    let encrypted_key = agreed.key_encryption_key.wrap(content_key)?;
    // OriginatorIdentifierOrKey's third choice, [1] IMPLICIT OriginatorPublicKey.
    let bits = [&[0], agreed.originator_public_key.as_slice()].concat();
    let originator = implicit(
        tag::context_constructed(1),
        &[
            &agreed.originator_algorithm.to_der()?,
            &tlv::element(tag::BIT_STRING, &bits),
        ],
    );
    let algorithm: AlgorithmIdentifierOwned = scheme.algorithm_identifier(cipher.key_wrap());
    let recipient_encrypted_key = tlv::sequence(&[rid, &octets(&encrypted_key)]);
    Ok(RecipientInfo {
        der: implicit(
            KARI,
            &[
                // Always version 3.
                &3_u8.to_der()?,
                &tlv::element(tag::context_constructed(0), &originator),
                &algorithm.to_der()?,
                &tlv::sequence(&[&recipient_encrypted_key]),
            ],
        ),
        enveloped_data_version: 2,
    })
}

/// OtherRecipientInfo with KEMRecipientInfo (RFC 9629 3), as RFC 9936 2.2 profiles it for ML-KEM.
fn key_encapsulation(
    rid: &[u8],
    key: &PublicKey,
    content_key: &ContentEncryptionKey,
    cipher: ContentCipher,
) -> Result<RecipientInfo, Error> {
    let encapsulated = EncapsulatedKey::generate(key, cipher)?;
    let wrap = encapsulated.key_encryption_key.algorithm();
    let encrypted_key = encapsulated.key_encryption_key.wrap(content_key)?;
    let kek_length = u8::try_from(wrap.key_length()).map_err(|_| Error::TooLong)?;
    let kem_recipient_info = tlv::sequence(&[
        // Always version 0.
        &0_u8.to_der()?,
        rid,
        &encapsulated.mechanism.to_der()?,
        &octets(&encapsulated.ciphertext),
        &encapsulated.key_derivation.to_der()?,
        &kek_length.to_der()?,
        &wrap.algorithm_identifier().to_der()?,
        &octets(&encrypted_key),
    ]);
    Ok(RecipientInfo {
        der: implicit(ORI, &[&oid::ID_ORI_KEM.to_der()?, &kem_recipient_info]),
        enveloped_data_version: 3,
    })
}

/// A SEQUENCE under another tag.
fn implicit(tag: u8, fields: &[&[u8]]) -> Vec<u8> {
    tlv::element(tag, &fields.concat())
}

fn octets(octets: &[u8]) -> Vec<u8> {
    tlv::element(tag::OCTET_STRING, octets)
}
