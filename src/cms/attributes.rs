//! The signed attributes of RFC 5652 11 and RFC 8551 2.5: what is signed beside the content.
//!
//! # Not supported
//!
//! Content types other than id-data; attributes of the caller's own; signed receipts (RFC 2634).

use cms::signed_data::SignedAttributes;
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, SetOfVec};
use der::{Any, Decode, Encode, Sequence};
use jiff::{Timestamp, tz::TimeZone};
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;

use super::{Error, IssuerAndSerialNumber, retag};
use crate::asn1::{oid, tag, tlv};
use crate::crypto::{ContentCipher, DigestAlgorithm};
use crate::x509::Certificate;

/// What the attributes of one signature say.
#[derive(Debug)]
pub struct Attested<'a> {
    /// The digest of the content, and so its algorithm.
    pub content_digest: &'a [u8],
    /// The algorithm of `content_digest` and of the signature's own digest (RFC 5652 5.4).
    pub digest_algorithm: DigestAlgorithm,
    /// The algorithm of the signature, repeated inside it.
    pub signature_algorithm: &'a AlgorithmIdentifierOwned,
    /// The certificate of the signer.
    pub certificate: &'a Certificate,
    /// When the signature was made, if that is to be told.
    pub signing_time: Option<Timestamp>,
}

/// The set of signed attributes, sorted as DER has it.
pub fn signed_attributes(attested: &Attested<'_>) -> Result<SignedAttributes, Error> {
    let mut attributes = vec![
        // RFC 5652 11.1 and 11.2: the two that are mandatory.
        attribute(oid::ID_CONTENT_TYPE, &oid::ID_DATA)?,
        attribute(
            oid::ID_MESSAGE_DIGEST,
            &OctetStringRef::new(attested.content_digest)?,
        )?,
        capabilities()?,
        signing_certificate_v2(attested.certificate)?,
        algorithm_protection(attested.digest_algorithm, attested.signature_algorithm)?,
    ];
    if let Some(time) = attested.signing_time {
        attributes.push(signing_time(time)?);
    }
    if attested.certificate.may_receive() {
        attributes.push(encryption_key_preference(attested.certificate)?);
    }
    Ok(SetOfVec::try_from(attributes)?)
}

fn attribute(oid: ObjectIdentifier, value: &impl Encode) -> Result<Attribute, Error> {
    let value = Any::from_der(&value.to_der()?)?;
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value])?,
    })
}

/// RFC 5652 11.3: UTCTime for the years 1950 to 2049, GeneralizedTime for the others.
fn signing_time(time: Timestamp) -> Result<Attribute, Error> {
    let time = time.to_zoned(TimeZone::UTC);
    let (tag, text) = if (1950..=2049).contains(&time.year()) {
        (
            der::Tag::UtcTime,
            time.strftime("%y%m%d%H%M%SZ").to_string(),
        )
    } else {
        (
            der::Tag::GeneralizedTime,
            time.strftime("%Y%m%d%H%M%SZ").to_string(),
        )
    };
    attribute(oid::ID_SIGNING_TIME, &AnyRef::new(tag, text.as_bytes())?)
}

/// RFC 8551 2.5.2: what replies to this signer may be encrypted with, best first.
///
/// CBC stands before GCM although RFC 8551 ranks them the other way, because the owner of the key
/// may read mail with Thunderbird or gpgsm, which cannot open AuthEnvelopedData.
const CAPABILITIES: [ContentCipher; 4] = [
    ContentCipher::Aes256Cbc,
    ContentCipher::Aes256Gcm,
    ContentCipher::Aes128Cbc,
    ContentCipher::Aes128Gcm,
];

fn capabilities() -> Result<Attribute, Error> {
    let capabilities = CAPABILITIES
        .iter()
        .map(|cipher| Ok(tlv::sequence(&[&cipher.oid().to_der()?])))
        .collect::<Result<Vec<_>, der::Error>>()?
        .concat();
    attribute(
        oid::SMIME_CAPABILITIES,
        &AnyRef::new(der::Tag::Sequence, &capabilities)?,
    )
}

/// RFC 8551 2.5.3: `[0] IMPLICIT IssuerAndSerialNumber`, the certificate to encrypt replies to.
fn encryption_key_preference(certificate: &Certificate) -> Result<Attribute, Error> {
    let identifier = IssuerAndSerialNumber::of(certificate)?.to_der()?;
    let preference = retag(tag::context_constructed(0), &identifier)?;
    attribute(oid::ID_AA_ENCRYP_KEY_PREF, &AnyRef::from_der(&preference)?)
}

/// RFC 5035 4: ESSCertIDv2 with the default hash, SHA-256, whose identifier DER leaves out.
#[derive(Sequence)]
struct EssCertIdV2<'a> {
    cert_hash: &'a OctetStringRef,
    issuer_serial: IssuerSerial<'a>,
}

/// RFC 5035 4: the issuer as GeneralNames, a SEQUENCE of one directoryName.
#[derive(Sequence)]
struct IssuerSerial<'a> {
    issuer: AnyRef<'a>,
    serial_number: AnyRef<'a>,
}

/// RFC 5035 3: binds the signature to this very certificate, so that another one for the same key
/// cannot be put in its place.
fn signing_certificate_v2(certificate: &Certificate) -> Result<Attribute, Error> {
    let hash = DigestAlgorithm::Sha256.digest(certificate.der());
    // GeneralName: [4] is EXPLICIT, because Name is a CHOICE (X.680 31.2.7).
    let directory_name = tlv::element(tag::context_constructed(4), certificate.issuer_der());
    let general_names = tlv::sequence(&[&directory_name]);
    let identifier = EssCertIdV2 {
        cert_hash: OctetStringRef::new(&hash)?,
        issuer_serial: IssuerSerial {
            issuer: AnyRef::from_der(&general_names)?,
            serial_number: AnyRef::from_der(certificate.serial_der())?,
        },
    };
    let identifiers = tlv::sequence(&[&identifier.to_der()?]);
    attribute(
        oid::ID_AA_SIGNING_CERTIFICATE_V_2,
        &AnyRef::new(der::Tag::Sequence, &identifiers)?,
    )
}

/// RFC 6211 2: repeats both algorithms under the signature, so that neither can be exchanged.
#[derive(Sequence)]
struct CmsAlgorithmProtection {
    digest_algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT")]
    signature_algorithm: AlgorithmIdentifierOwned,
}

/// RFC 8933 4 says that a signer SHOULD include it.
fn algorithm_protection(
    digest: DigestAlgorithm,
    signature: &AlgorithmIdentifierOwned,
) -> Result<Attribute, Error> {
    let protection = CmsAlgorithmProtection {
        digest_algorithm: digest.algorithm_identifier(),
        signature_algorithm: signature.clone(),
    };
    attribute(oid::ID_AA_CMS_ALGORITHM_PROTECT, &protection)
}
