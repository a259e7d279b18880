//! Reading: one ContentInfo (RFC 5652 3) as it comes, BER or DER, from whatever client made it.
//!
//! The structure is read in one pass over a spool. What stands beside the content is held in
//! memory, as DER, up to [`MAX_STRUCTURE`]; the content stays in the spool that it came in, or in
//! one of its own when it came in chunks.
//!
//! ```
//! use mailseal::cms::object::Object;
//! use mailseal::spool::Spool;
//!
//! // id-data around an OCTET STRING
//! let der = b"\x30\x13\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x06\x04\x04seal";
//! let Object::Data(content) = Object::read(&Spool::from_bytes(der.to_vec()))? else { panic!() };
//! assert_eq!(content.len(), 4);
//! # Ok::<(), mailseal::cms::Error>(())
//! ```
//!
//! # Not supported
//!
//! Content that is not an OCTET STRING (PKCS #7 before CMS allowed any type); a SignedData or
//! EnvelopedData without the ContentInfo around it.

use std::io::Read;

use der::Decode;
use der::asn1::ObjectIdentifier;

use super::Error;
use super::attribute_set::AttributeSet;
use super::signed_object::SignedObject;
use crate::asn1::ber::stream::{self, Stream};
use crate::asn1::{ber, oid, tag};
use crate::spool::Spool;

/// Everything beside the content may have this many octets: 1,000 recipients, 64 certificates and
/// some revocation lists are a fourth of it.
pub const MAX_STRUCTURE: usize = 8 << 20;

/// RFC 3274 1.1.
pub const ID_CT_COMPRESSED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.9");
/// RFC 5652 7.
pub const ID_DIGESTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.5");
/// RFC 5652 8.
pub const ID_ENCRYPTED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");

const CONTEXT_0: u8 = tag::context_constructed(0);
const CONTEXT_1: u8 = tag::context_constructed(1);
const CONTEXT_2: u8 = tag::context_constructed(2);

/// A ContentInfo, by its content type.
#[derive(Debug)]
pub enum Object {
    /// Data (RFC 5652 4): octets and nothing else.
    Data(Spool),
    /// SignedData (RFC 5652 5).
    Signed(SignedObject),
    /// EnvelopedData (RFC 5652 6) or AuthEnvelopedData (RFC 5083).
    Enveloped(EncryptedObject),
    /// CompressedData (RFC 3274).
    Compressed(CompressedObject),
    /// DigestedData (RFC 5652 7).
    Digested(DigestedObject),
    /// EncryptedData (RFC 5652 8): its key is agreed on elsewhere.
    Encrypted(EncryptedContent),
    /// Another content type, which is named and not looked into.
    Other(ObjectIdentifier),
}

/// EncapsulatedContentInfo (RFC 5652 5.2).
#[derive(Debug)]
pub struct EncapsulatedContent {
    /// What the content is.
    pub content_type: ObjectIdentifier,
    /// The octets of the OCTET STRING; none when the content travels beside the structure.
    pub content: Option<Spool>,
}

/// EncryptedContentInfo (RFC 5652 6.1).
#[derive(Debug)]
pub struct EncryptedContent {
    /// What the content will be.
    pub content_type: ObjectIdentifier,
    /// The content-encryption AlgorithmIdentifier, DER.
    pub algorithm: Vec<u8>,
    /// What is to be decrypted; none when it travels beside the structure.
    pub content: Option<Spool>,
}

/// EnvelopedData or AuthEnvelopedData.
#[derive(Debug)]
pub struct EncryptedObject {
    /// The RecipientInfos, DER of the SET OF.
    pub recipient_infos: Vec<u8>,
    /// The encrypted content.
    pub encrypted: EncryptedContent,
    /// What AuthEnvelopedData has beside it.
    pub authentication: Option<Authentication>,
}

/// What protects the content of AuthEnvelopedData.
#[derive(Debug)]
pub struct Authentication {
    /// The authentication tag, which RFC 5083 calls mac.
    pub mac: Vec<u8>,
    /// The authenticated attributes as they are authenticated (RFC 5083 2.2): the DER of a SET
    /// OF; empty when there are none.
    pub attributes: Vec<u8>,
}

/// CompressedData (RFC 3274 1.1).
#[derive(Debug)]
pub struct CompressedObject {
    /// The compression AlgorithmIdentifier, DER.
    pub algorithm: Vec<u8>,
    /// What is compressed.
    pub encapsulated: EncapsulatedContent,
}

/// DigestedData (RFC 5652 7).
#[derive(Debug)]
pub struct DigestedObject {
    /// The digest AlgorithmIdentifier, DER.
    pub algorithm: Vec<u8>,
    /// What was digested.
    pub encapsulated: EncapsulatedContent,
    /// The digest that the sender computed.
    pub digest: Vec<u8>,
}

impl Object {
    /// Reads a ContentInfo.
    ///
    /// # Errors
    ///
    /// What is none, and what goes past [`MAX_STRUCTURE`] or one of the caps of the structure.
    pub fn read(spool: &Spool) -> Result<Object, Error> {
        let mut stream = Stream::new(spool, MAX_STRUCTURE);
        stream.enter(tag::SEQUENCE)?;
        let content_type = object_identifier(&mut stream)?;
        stream.enter(CONTEXT_0)?;
        let object = match content_type {
            oid::ID_DATA => Object::Data(stream.octets(tag::OCTET_STRING)?),
            oid::ID_SIGNED_DATA => Object::Signed(SignedObject::read(&mut stream)?),
            oid::ID_ENVELOPED_DATA => Object::Enveloped(enveloped_data(&mut stream)?),
            oid::ID_CT_AUTH_ENVELOPED_DATA => Object::Enveloped(auth_enveloped_data(&mut stream)?),
            ID_CT_COMPRESSED_DATA => Object::Compressed(compressed_data(&mut stream)?),
            ID_DIGESTED_DATA => Object::Digested(digested_data(&mut stream)?),
            ID_ENCRYPTED_DATA => Object::Encrypted(encrypted_data(&mut stream)?),
            other => return Ok(Object::Other(other)),
        };
        stream.leave()?;
        stream.leave()?;
        stream.finish()?;
        Ok(object)
    }
}

impl Object {
    /// What it is, in the words of RFC 5652.
    pub fn name(&self) -> String {
        match self {
            Object::Data(_) => "Data".to_owned(),
            Object::Signed(_) => "SignedData".to_owned(),
            Object::Enveloped(object) => match object.authentication {
                Some(_) => "AuthEnvelopedData".to_owned(),
                None => "EnvelopedData".to_owned(),
            },
            Object::Compressed(_) => "CompressedData".to_owned(),
            Object::Digested(_) => "DigestedData".to_owned(),
            Object::Encrypted(_) => "EncryptedData".to_owned(),
            Object::Other(content_type) => oid::name(content_type),
        }
    }
}

/// The name of the algorithm that an AlgorithmIdentifier, DER, is for.
pub fn algorithm_name(identifier: &[u8]) -> String {
    let identifier = spki::AlgorithmIdentifierRef::from_der(identifier);
    identifier.map_or("an unreadable algorithm".to_owned(), |it| {
        oid::name(&it.oid)
    })
}

/// The next element, DER.
pub(super) fn der(stream: &mut Stream<'_>, tag: u8) -> Result<Vec<u8>, Error> {
    Ok(ber::to_der(&stream.element(tag)?)?.into_owned())
}

/// The next element, DER, if it has this tag.
pub(super) fn optional_der(stream: &mut Stream<'_>, tag: u8) -> Result<Option<Vec<u8>>, Error> {
    match stream.optional(tag)? {
        Some(element) => Ok(Some(ber::to_der(&element)?.into_owned())),
        None => Ok(None),
    }
}

fn object_identifier(stream: &mut Stream<'_>) -> Result<ObjectIdentifier, Error> {
    let element = der(stream, tag::OBJECT_IDENTIFIER)?;
    Ok(ObjectIdentifier::from_der(&element)?)
}

pub(super) fn encapsulated_content(stream: &mut Stream<'_>) -> Result<EncapsulatedContent, Error> {
    stream.enter(tag::SEQUENCE)?;
    let content_type = object_identifier(stream)?;
    let content = match stream.enter_optional(CONTEXT_0)? {
        true => {
            let content = stream.octets(tag::OCTET_STRING)?;
            stream.leave()?;
            Some(content)
        }
        false => None,
    };
    stream.leave()?;
    Ok(EncapsulatedContent {
        content_type,
        content,
    })
}

fn encrypted_content(stream: &mut Stream<'_>) -> Result<EncryptedContent, Error> {
    stream.enter(tag::SEQUENCE)?;
    let content_type = object_identifier(stream)?;
    let algorithm = der(stream, tag::SEQUENCE)?;
    let content = match stream.peek()? {
        Some(_) => Some(stream.octets(tag::context_primitive(0))?),
        None => None,
    };
    stream.leave()?;
    Ok(EncryptedContent {
        content_type,
        algorithm,
        content,
    })
}

fn enveloped_data(stream: &mut Stream<'_>) -> Result<EncryptedObject, Error> {
    stream.enter(tag::SEQUENCE)?;
    // RFC 5652 6.1 derives the version from the rest; it tells a reader nothing.
    stream.element(tag::INTEGER)?;
    stream.optional(CONTEXT_0)?;
    let recipient_infos = der(stream, tag::SET)?;
    let encrypted = encrypted_content(stream)?;
    // unprotectedAttrs: nobody vouches for them.
    stream.optional(CONTEXT_1)?;
    stream.leave()?;
    Ok(EncryptedObject {
        recipient_infos,
        encrypted,
        authentication: None,
    })
}

fn auth_enveloped_data(stream: &mut Stream<'_>) -> Result<EncryptedObject, Error> {
    stream.enter(tag::SEQUENCE)?;
    stream.element(tag::INTEGER)?;
    stream.optional(CONTEXT_0)?;
    let recipient_infos = der(stream, tag::SET)?;
    let encrypted = encrypted_content(stream)?;
    let attributes = match optional_der(stream, CONTEXT_1)? {
        Some(attributes) => AttributeSet::from_der(&attributes)?.to_der().to_vec(),
        None => Vec::new(),
    };
    let mac = octet_string(stream)?;
    stream.optional(CONTEXT_2)?;
    stream.leave()?;
    Ok(EncryptedObject {
        recipient_infos,
        encrypted,
        authentication: Some(Authentication { mac, attributes }),
    })
}

fn compressed_data(stream: &mut Stream<'_>) -> Result<CompressedObject, Error> {
    stream.enter(tag::SEQUENCE)?;
    stream.element(tag::INTEGER)?;
    let algorithm = der(stream, tag::SEQUENCE)?;
    let encapsulated = encapsulated_content(stream)?;
    stream.leave()?;
    Ok(CompressedObject {
        algorithm,
        encapsulated,
    })
}

fn digested_data(stream: &mut Stream<'_>) -> Result<DigestedObject, Error> {
    stream.enter(tag::SEQUENCE)?;
    stream.element(tag::INTEGER)?;
    let algorithm = der(stream, tag::SEQUENCE)?;
    let encapsulated = encapsulated_content(stream)?;
    let digest = octet_string(stream)?;
    stream.leave()?;
    Ok(DigestedObject {
        algorithm,
        encapsulated,
        digest,
    })
}

fn encrypted_data(stream: &mut Stream<'_>) -> Result<EncryptedContent, Error> {
    stream.enter(tag::SEQUENCE)?;
    stream.element(tag::INTEGER)?;
    let encrypted = encrypted_content(stream)?;
    stream.optional(CONTEXT_1)?;
    stream.leave()?;
    Ok(encrypted)
}

/// A short OCTET STRING, whose octets are wanted in memory.
fn octet_string(stream: &mut Stream<'_>) -> Result<Vec<u8>, Error> {
    /// No tag and no digest is longer than 64 octets.
    const LIMIT: u64 = 1 << 10;
    let octets = stream.octets(tag::OCTET_STRING)?;
    if octets.len() > LIMIT {
        return Err(Error::TooLong);
    }
    let mut bytes = Vec::new();
    octets
        .reader()
        .read_to_end(&mut bytes)
        .map_err(stream::Error::Io)?;
    Ok(bytes)
}
