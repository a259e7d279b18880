//! What one SignerInfo proves about a content: RFC 5652 5.4 to 5.6 with the attributes of section
//! 11, of RFC 8551 2.5, RFC 5035 (which certificate) and RFC 6211 (which algorithms).
//!
//! [`VerifiedSignature`] says that the owner of a certificate's key has signed this content. Who
//! that is, and whether to believe the certificate, is for the path and the address to tell.
//!
//! # Not supported
//!
//! Countersignatures (RFC 5652 11.4) and timestamps (RFC 3161), which stand in unsigned attributes;
//! `contentHints` and the other attributes of RFC 2634 are signed and not looked at.

mod content;
mod error;
#[cfg(test)]
mod tests;

use der::Decode;
use der::asn1::ObjectIdentifier;
use jiff::Timestamp;
use spki::AlgorithmIdentifierRef;

use super::attribute_set::AttributeSet;
use super::signed_object::SignedObject;
use super::signer_info::SignerInfo;
use super::signing_certificate;
use crate::asn1::reader::Reader;
use crate::asn1::{oid, tag};
use crate::crypto::{DigestAlgorithm, PublicKey, SignatureAlgorithm};
use crate::x509::{self, Certificate};

pub use content::{DigestedContent, LineEnds};
pub use error::Error;

/// The signed attributes of CMS that are proved or understood here.
const COUNTERSIGNATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.6");

/// Something about a signature that does not make it invalid and that a reader should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Note {
    /// RFC 5652 11.4.
    #[error("a countersignature is there, which was not looked at")]
    Countersigned,
    /// RFC 5652 5.3: nothing of it is used.
    #[error("unsigned attributes are there, which anyone can have added")]
    UnsignedAttributes,
    /// RFC 8419 3.1 wants SHA-512 beside Ed25519.
    #[error("Ed25519 was used with another digest than SHA-512")]
    Ed25519Digest,
    /// The signature is over the attributes in the order they came in, which is not that of DER
    /// (RFC 5652 5.4).
    #[error("the signed attributes are not in DER, and were signed so")]
    AttributesUnsorted,
    /// SHA-1, RSA of less than 2048 bits, DSA; taken because the caller allows it.
    #[error("the signature uses an algorithm that is no longer safe")]
    Legacy,
}

/// Where the certificates of a verification come from.
#[derive(Debug, Clone, Copy)]
pub struct Certificates<'a> {
    /// Any that a signer may mean, the message's own among them.
    pub signers: &'a [Certificate],
    /// Those that the caller has, and not the message, of possible issuers.
    pub issuers: &'a [&'a Certificate],
}

/// The proof that the key of this certificate has signed the content.
///
/// Only [`VerifiedSignature::verify`] makes one.
///
/// ```compile_fail,E0451
/// use mailseal::cms::verification::VerifiedSignature;
/// let forged = VerifiedSignature { certificate: todo!(), ..todo!() };
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedSignature {
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    digest: DigestAlgorithm,
    signing_time: Option<Timestamp>,
    capabilities: Option<Vec<u8>>,
    encryption_key_preference: Option<Vec<u8>>,
    notes: Vec<Note>,
}

impl VerifiedSignature {
    /// Verifies the signature of one signer over a content, with each of the certificates that the
    /// signer can mean: a renewed certificate and its forerunner have one key and may have one key
    /// identifier. At least one holds; which to believe is for others to judge.
    ///
    /// # Errors
    ///
    /// The reason why nothing is proved; of several certificates, what the first had against it.
    pub fn verify(
        object: &SignedObject,
        signer_info: &SignerInfo,
        content: &DigestedContent<'_>,
        certificates: Certificates<'_>,
        allow_legacy: bool,
    ) -> Result<Vec<VerifiedSignature>, Error> {
        let signed = Signed::read(object, signer_info, content)?;
        let identified = certificates
            .signers
            .iter()
            .filter(|certificate| signer_info.signer_identifier.identifies(certificate));
        let mut verified = Vec::new();
        let mut first_error = None;
        for certificate in identified {
            match signed.by(certificate, certificates.issuers, allow_legacy) {
                Ok(signature) => verified.push(signature),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        if !verified.is_empty() {
            return Ok(verified);
        }
        Err(first_error.unwrap_or_else(|| Error::CertificateMissing {
            signer: signer_info.signer_identifier.to_string(),
        }))
    }

    /// The certificate whose key has signed. It has not been validated.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The signature algorithm.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The digest of the content.
    pub fn digest(&self) -> DigestAlgorithm {
        self.digest
    }

    /// When the signer says to have signed. Nobody else vouches for it.
    pub fn signing_time(&self) -> Option<Timestamp> {
        self.signing_time
    }

    /// The SMIMECapabilities (RFC 8551 2.5.2), a whole DER element.
    pub fn capabilities(&self) -> Option<&[u8]> {
        self.capabilities.as_deref()
    }

    /// The SMIMEEncryptionKeyPreference (RFC 8551 2.5.3), a whole DER element.
    pub fn encryption_key_preference(&self) -> Option<&[u8]> {
        self.encryption_key_preference.as_deref()
    }

    /// What a reader should know beside.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

/// What is signed, once its own parts have been found to agree.
struct Signed<'a> {
    info: &'a SignerInfo,
    digest: DigestAlgorithm,
    algorithm: SignatureAlgorithm,
    attributes: Option<AttributeSet>,
    content: &'a DigestedContent<'a>,
    signing_time: Option<Timestamp>,
    notes: Vec<Note>,
}

impl<'a> Signed<'a> {
    fn read(
        object: &SignedObject,
        info: &'a SignerInfo,
        content: &'a DigestedContent<'a>,
    ) -> Result<Signed<'a>, Error> {
        let digest = digest_algorithm(&info.digest_algorithm)?;
        // RFC 5652 5.1: a signature whose digest is not announced MAY be refused, and openssl does.
        let announced = &mut object.digest_algorithms.iter();
        if !announced.any(|der| digest_algorithm(der).is_ok_and(|it| it == digest)) {
            return Err(Error::AlgorithmMismatch {
                detail: "the signer's digest is not among the message's digestAlgorithms",
            });
        }
        let algorithm = SignatureAlgorithm::from_algorithm_identifier(
            identifier(&info.signature_algorithm)?,
            Some(digest),
        )?;
        let mut notes = unsigned_notes(info);
        if !agree(algorithm, digest) {
            if algorithm != SignatureAlgorithm::Ed25519 {
                return Err(Error::AlgorithmMismatch {
                    detail: "digestAlgorithm is not the digest of signatureAlgorithm",
                });
            }
            notes.push(Note::Ed25519Digest);
        }
        let mut signed = Signed {
            info,
            digest,
            algorithm,
            attributes: None,
            content,
            signing_time: None,
            notes,
        };
        match &info.signed_attributes {
            Some(attributes) => signed.attributes(object, AttributeSet::from_der(attributes)?)?,
            None => signed.no_attributes(object)?,
        }
        Ok(signed)
    }

    /// The rules about each attribute, and the digest of the content among them.
    fn attributes(&mut self, object: &SignedObject, set: AttributeSet) -> Result<(), Error> {
        // RFC 5652 11.1
        let signed_type = required(&set, oid::ID_CONTENT_TYPE, "contentType")?;
        let signed_type =
            ObjectIdentifier::from_der(signed_type).map_err(|_| malformed("contentType"))?;
        let found = object.encapsulated.content_type;
        if signed_type != found {
            return Err(Error::ContentTypeMismatch {
                signed: oid::name(&signed_type),
                found: oid::name(&found),
            });
        }
        // RFC 5652 11.2
        let message_digest = required(&set, oid::ID_MESSAGE_DIGEST, "messageDigest")?;
        let message_digest =
            octet_string(message_digest).ok_or_else(|| malformed("messageDigest"))?;
        // RFC 5652 11.3
        if let Some(time) = set.single(oid::ID_SIGNING_TIME)? {
            self.signing_time = Some(time_of(time).ok_or_else(|| malformed("signingTime"))?);
        }
        // RFC 8551 2.5.2 and 2.5.3: once, with one value. Their contents are for others to read.
        set.single(oid::SMIME_CAPABILITIES)?;
        set.single(oid::ID_AA_ENCRYP_KEY_PREF)?;
        // RFC 5035 3
        set.single(oid::ID_AA_SIGNING_CERTIFICATE)?;
        set.single(oid::ID_AA_SIGNING_CERTIFICATE_V_2)?;
        // RFC 6211 2
        if let Some(protection) = set.single(oid::ID_AA_CMS_ALGORITHM_PROTECT)? {
            self.protected_algorithms(protection)?;
        }
        if message_digest != self.content.digest(self.digest)? {
            return Err(Error::DigestMismatch {
                digest: self.digest.name(),
            });
        }
        self.attributes = Some(set);
        Ok(())
    }

    /// RFC 6211 3: both algorithms equal those outside.
    fn protected_algorithms(&self, protection: &[u8]) -> Result<(), Error> {
        let malformed = |_| malformed("CMSAlgorithmProtection");
        let mut reader = Reader::new(protection);
        let sequence = reader.expect(tag::SEQUENCE).map_err(malformed)?;
        let mut inside = reader.inside(&sequence);
        let digest = inside.expect(tag::SEQUENCE).map_err(malformed)?;
        let signature = inside
            .expect(tag::context_constructed(1))
            .map_err(malformed)?;
        inside.finish().map_err(malformed)?;
        let digest = digest_algorithm(&protection[digest.whole()]);
        let outside = Reader::new(&self.info.signature_algorithm).read();
        let outside = outside.map_err(malformed)?;
        let same = digest.is_ok_and(|digest| digest == self.digest)
            && protection[signature.value()] == self.info.signature_algorithm[outside.value()];
        match same {
            true => Ok(()),
            false => Err(Error::AlgorithmMismatch {
                detail: "CMSAlgorithmProtection names others",
            }),
        }
    }

    /// RFC 5652 5.3: signed attributes MUST be there unless the content is id-data.
    fn no_attributes(&self, object: &SignedObject) -> Result<(), Error> {
        if object.encapsulated.content_type != oid::ID_DATA {
            return Err(Error::AttributeMissing {
                attribute: "contentType",
            });
        }
        if begins_like_attributes(&self.content.start()?) {
            return Err(Error::AttributesAsContent);
        }
        Ok(())
    }

    fn by(
        &self,
        certificate: &Certificate,
        issuers: &[&Certificate],
        allow_legacy: bool,
    ) -> Result<VerifiedSignature, Error> {
        let mut notes = self.notes.clone();
        let key = public_key(certificate, issuers)?;
        match &self.attributes {
            Some(set) => {
                let sorted = key.verify(self.algorithm, set.to_der(), &self.info.signature);
                if let Err(error) = sorted {
                    self.as_they_came(&key).map_err(|_| error)?;
                    notes.push(Note::AttributesUnsorted);
                }
                signing_certificate::check(set, certificate)?;
            }
            None if self.algorithm.is_over_digest() => {
                let digest = self.content.digest(self.digest)?;
                key.verify_digest(self.algorithm, digest, &self.info.signature)?;
            }
            None => {
                let content = self.content.to_vec()?;
                key.verify(self.algorithm, &content, &self.info.signature)?;
            }
        }
        if !certificate.may_sign() {
            return Err(Error::KeyUsage);
        }
        // Last, so that this error says that nothing else is wrong.
        if let Some(algorithm) = legacy(self.digest, self.algorithm, &key) {
            if !allow_legacy {
                return Err(Error::Legacy { algorithm });
            }
            notes.push(Note::Legacy);
        }
        let attribute = |attribute| {
            let set = self.attributes.as_ref()?;
            set.single(attribute).ok().flatten().map(<[u8]>::to_vec)
        };
        Ok(VerifiedSignature {
            certificate: certificate.clone(),
            algorithm: self.algorithm,
            digest: self.digest,
            signing_time: self.signing_time,
            capabilities: attribute(oid::SMIME_CAPABILITIES),
            encryption_key_preference: attribute(oid::ID_AA_ENCRYP_KEY_PREF),
            notes,
        })
    }

    /// Some signers do not sort what they sign. It is the same set, so nothing is lost by taking it.
    fn as_they_came(&self, key: &PublicKey) -> Result<(), Error> {
        let unsorted = self
            .attributes
            .as_ref()
            .is_some_and(|set| !set.was_sorted());
        match &self.info.signed_attributes {
            Some(came) if unsorted => {
                let mut came = came.clone();
                came[0] = tag::SET;
                Ok(key.verify(self.algorithm, &came, &self.info.signature)?)
            }
            _ => Err(Error::SignatureInvalid),
        }
    }
}

/// Whether octets begin a SET of SEQUENCEs that begin with an OBJECT IDENTIFIER, in DER, as all
/// signed attributes do and no text does.
fn begins_like_attributes(octets: &[u8]) -> bool {
    let inside = |octets: &[u8], tag| -> Option<Vec<u8>> {
        let (header, rest) = octets.split_first_chunk::<2>()?;
        let longer = match header[1] {
            0..0x80 => 0,
            long => usize::from(long & 0x7f),
        };
        (header[0] == tag).then(|| rest.get(longer..).unwrap_or_default().to_vec())
    };
    inside(octets, tag::SET)
        .and_then(|set| inside(&set, tag::SEQUENCE))
        .is_some_and(|attribute| attribute.first() == Some(&tag::OBJECT_IDENTIFIER))
}

/// A DSA key may leave its parameters to the issuer's (RFC 3279 2.3.2). They come from certificates
/// that the caller has: a sender could choose parameters by which anybody signs.
fn public_key(certificate: &Certificate, issuers: &[&Certificate]) -> Result<PublicKey, Error> {
    let key = certificate.public_key()?;
    let issuers = issuers
        .iter()
        .filter(|issuer| issuer.subject_der() == certificate.issuer_der());
    Ok(key.with_inherited_parameters(issuers.filter_map(|issuer| issuer.public_key().ok())))
}

/// What is no longer safe about a signature, by name.
fn legacy(
    digest: DigestAlgorithm,
    algorithm: SignatureAlgorithm,
    key: &PublicKey,
) -> Option<String> {
    if digest.is_legacy() || algorithm.is_legacy() {
        let name = if digest.is_legacy() {
            digest.name()
        } else {
            algorithm.name()
        };
        return Some(name.to_owned());
    }
    key.is_legacy()
        .then(|| format!("a {} key of {} bits", key.kind(), key.bits()))
}

/// RFC 5652 5.4: one digest serves content and attributes. RFC 9882 4 leaves ML-DSA a choice.
fn agree(algorithm: SignatureAlgorithm, digest: DigestAlgorithm) -> bool {
    algorithm.digest() == digest || matches!(algorithm, SignatureAlgorithm::MlDsa(_))
}

fn unsigned_notes(info: &SignerInfo) -> Vec<Note> {
    let Some(unsigned) = &info.unsigned_attributes else {
        return Vec::new();
    };
    match AttributeSet::from_der(unsigned) {
        Ok(set) if set.has(COUNTERSIGNATURE) => vec![Note::Countersigned],
        _ => vec![Note::UnsignedAttributes],
    }
}

fn identifier(der: &[u8]) -> Result<AlgorithmIdentifierRef<'_>, Error> {
    AlgorithmIdentifierRef::from_der(der).map_err(|_| Error::AttributeMalformed {
        attribute: "AlgorithmIdentifier",
    })
}

fn digest_algorithm(der: &[u8]) -> Result<DigestAlgorithm, Error> {
    Ok(DigestAlgorithm::from_algorithm_identifier(identifier(
        der,
    )?)?)
}

fn required<'a>(
    set: &'a AttributeSet,
    attribute: ObjectIdentifier,
    name: &'static str,
) -> Result<&'a [u8], Error> {
    set.single(attribute)?
        .ok_or(Error::AttributeMissing { attribute: name })
}

fn malformed(attribute: &'static str) -> Error {
    Error::AttributeMalformed { attribute }
}

fn octet_string(element: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(element);
    let string = reader.expect(tag::OCTET_STRING).ok()?;
    Some(reader.value(&string))
}

fn time_of(element: &[u8]) -> Option<Timestamp> {
    let mut reader = Reader::new(element);
    let time = reader.read().ok()?;
    x509::timestamp(time.tag(), reader.value(&time))
}
