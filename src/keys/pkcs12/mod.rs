//! PKCS#12 (RFC 7292): private keys and certificates in one file under a password, as browsers,
//! mail clients and certification authorities hand them out (`.p12`, `.pfx`).
//!
//! | part | read |
//! |---|---|
//! | encoding | BER and DER |
//! | integrity | HMAC with SHA-1, -224, -256, -384, -512 (RFC 7292 B.4); PBMAC1 with any of them (RFC 9879); none |
//! | encryption | PBES2, as in [`pkcs8`](crate::keys::pkcs8); behind a flag triple DES with two and three keys, RC2 with 40 and 128 bits |
//! | bags | private keys, plain and shrouded; certificates; bags of bags |
//!
//! ```
//! use mailseal::keys::pkcs12::{self, Error};
//! use mailseal::secret::Secret;
//!
//! let file = std::fs::read("testdata/p12/alice.p12")?;
//! let password = Secret::from_string("correct horse battery staple".to_owned());
//! let opened = pkcs12::read(&file, &password, false)?;
//! assert_eq!(opened.keys.len(), 1);
//! assert_eq!(opened.certificates[0].emails()[0].to_string(), "alice@example.com");
//!
//! let guess = Secret::from_string("guess".to_owned());
//! assert_eq!(pkcs12::read(&file, &guess, false).unwrap_err(), Error::WrongPassword);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Writing; public-key integrity and privacy (RFC 7292 3.1); another password for a key than for
//! the file; RC4 and the PBES1 of PKCS#5. CRLs, secrets and the attributes of bags (names, links from key to
//! certificate) are passed over: a key finds its certificate by the public key.

mod encryption;
mod error;
mod identifiers;
mod key_derivation;
mod mac;
mod password;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use zeroize::Zeroizing;

use self::encryption::{Budget, Encrypted};
pub use self::error::{Error, Unusable};
use self::mac::Mac;
use self::password::Password;
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{Reader, dotted};
use crate::asn1::{ber, tag};
use crate::crypto::PrivateKey;
use crate::secret::Secret;
use crate::x509::Certificate;

/// The most bags in one file, at any depth.
pub const MAX_BAGS: usize = 1000;

/// How deep bags may lie in bags. No program known writes any in others.
pub const MAX_NESTING: usize = 4;

/// What a PKCS#12 file holds, each in the order of the file.
#[derive(Debug, Default)]
pub struct Pkcs12 {
    /// The private keys.
    pub keys: Vec<PrivateKey>,
    /// The PrivateKeyInfo (RFC 5958 2) of each of them, in the clear.
    pub private_key_infos: Vec<Secret>,
    /// The certificates.
    pub certificates: Vec<Certificate>,
    /// What else is in it, and why it is of no use.
    pub unusable: Vec<Unusable>,
}

/// Whether a file looks like PKCS#12 in BER: a SEQUENCE with version 3 and a SEQUENCE in it.
pub fn is_pkcs12(bytes: &[u8]) -> bool {
    let [tag::SEQUENCE, length, rest @ ..] = bytes else {
        return false;
    };
    let length_octets = match length {
        0x81..=0x8f => usize::from(length & 0x0f),
        _ => 0,
    };
    let inside = rest.get(length_octets..).unwrap_or_default();
    inside.starts_with(&[tag::INTEGER, 1, 3, tag::SEQUENCE])
}

/// Opens a PKCS#12 file. The MAC, if there is one, is checked before anything is decrypted.
///
/// The password is text in UTF-8; octets that are not are taken for ISO 8859-1. An empty one
/// stands for both, the empty password and none.
///
/// # Errors
///
/// [`Error::WrongPassword`]; [`Error::Legacy`] for encryption that only `allow_legacy` opens; and
/// a file that is malformed, protected in another way, or asks for too much work. A key or
/// certificate that cannot be used does not hide the others.
pub fn read(bytes: &[u8], password: &Secret, allow_legacy: bool) -> Result<Pkcs12, Error> {
    let pfx = normalised(bytes)?;
    let mut outer = Reader::new(&pfx);
    let sequence = outer.expect(tag::SEQUENCE)?;
    let mut inside = outer.inside(&sequence);
    let version = inside.expect(tag::INTEGER)?;
    if inside.value(&version) != [3] {
        return Err(Error::Version);
    }
    let authenticated_safe = ContentInfo::read(&mut inside)?;
    let mac = match inside.optional(tag::SEQUENCE)? {
        Some(mac_data) => Some(Mac::read(inside.inside(&mac_data))?),
        None => None,
    };
    inside.finish()?;
    let content = authenticated_safe.data("public-key integrity")?;
    let mut shelves = Shelves {
        allow_legacy,
        bags: 0,
    };
    // Before the password is tried: what is refused whatever it is needs none.
    let safes = shelves.safes(content)?;

    let mut budget = Budget::new();
    let mut passwords = Password::encodings(password);
    if let Some(mac) = &mac {
        passwords = mac.verified_by(content, passwords, &mut budget)?;
    }
    let mut opened = Pkcs12::default();
    for safe in safes {
        let bags = match safe {
            Safe::Plain(bags) => bags,
            Safe::Encrypted(encrypted) => {
                let contents = encrypted.decrypt(&passwords, &mut budget)?;
                shelves.bags(contents.expose(), 0)?
            }
        };
        for bag in bags {
            match opened.take(bag, &passwords, &mut budget) {
                // The MAC says that it is the password of the file: this bag has another.
                Err(Error::WrongPassword) if mac.is_some() => {
                    opened.unusable.push(Unusable::Locked);
                }
                taken => taken?,
            }
        }
    }
    Ok(opened)
}

impl Pkcs12 {
    fn take(&mut self, bag: Bag, passwords: &[Password], budget: &mut Budget) -> Result<(), Error> {
        match bag {
            Bag::Key(key) => self.take_key(key),
            Bag::ShroudedKey(encrypted) => self.take_key(encrypted.decrypt(passwords, budget)?),
            Bag::Certificate(der) => match Certificate::from_der(&der) {
                Ok(certificate) => self.certificates.push(certificate),
                Err(error) => self.unusable.push(Unusable::Certificate(error)),
            },
            Bag::Other(what) => self.unusable.push(Unusable::Other { what }),
        }
        Ok(())
    }

    fn take_key(&mut self, private_key_info: Secret) {
        match PrivateKey::from_pkcs8_der(&private_key_info) {
            Ok(key) => {
                self.keys.push(key);
                self.private_key_infos.push(private_key_info);
            }
            Err(error) => self.unusable.push(Unusable::Key(Arc::new(error))),
        }
    }
}

/// `ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY OPTIONAL }`
struct ContentInfo<'a> {
    content_type: Option<ObjectIdentifier>,
    content: Reader<'a>,
}

impl<'a> ContentInfo<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<ContentInfo<'a>, Error> {
        let sequence = reader.expect(tag::SEQUENCE)?;
        let mut inside = reader.inside(&sequence);
        let content_type = inside.expect(tag::OBJECT_IDENTIFIER)?;
        let content = inside
            .optional(tag::context_constructed(0))?
            .ok_or(Error::Empty)?;
        inside.finish()?;
        Ok(ContentInfo {
            content_type: ObjectIdentifier::from_bytes(inside.value(&content_type)).ok(),
            content: inside.inside(&content),
        })
    }

    /// The octets of id-data; any other type is the mark of `otherwise`.
    fn data(mut self, otherwise: &str) -> Result<&'a [u8], Error> {
        if self.content_type != Some(identifiers::ID_DATA) {
            return Err(Error::Unsupported {
                algorithm: otherwise.to_owned(),
            });
        }
        let octets = self.content.expect(tag::OCTET_STRING)?;
        self.content.finish()?;
        match self.content.value(&octets) {
            [] => Err(Error::Empty),
            octets => Ok(octets),
        }
    }

    /// `EncryptedData ::= SEQUENCE { version, EncryptedContentInfo, … }` (RFC 5652 8)
    fn encrypted_data(mut self, allow_legacy: bool) -> Result<Encrypted, Error> {
        let sequence = self.content.expect(tag::SEQUENCE)?;
        self.content.finish()?;
        let mut encrypted_data = self.content.inside(&sequence);
        let _version = encrypted_data.expect(tag::INTEGER)?;
        let info = encrypted_data.expect(tag::SEQUENCE)?;
        let mut info = encrypted_data.inside(&info);
        let _content_type = info.expect(tag::OBJECT_IDENTIFIER)?;
        let algorithm = info.expect(tag::SEQUENCE)?;
        let octets = info
            .optional(tag::context_primitive(0))?
            .ok_or(Error::Empty)?;
        info.finish()?;
        Encrypted::new(info.bytes(&algorithm), info.value(&octets), allow_legacy)
    }
}

/// One element of the AuthenticatedSafe.
enum Safe {
    Plain(Vec<Bag>),
    Encrypted(Encrypted),
}

/// One SafeBag (RFC 7292 4.2).
enum Bag {
    Key(Secret),
    ShroudedKey(Encrypted),
    Certificate(Vec<u8>),
    Other(String),
}

/// Takes the file apart, and counts what comes out.
struct Shelves {
    allow_legacy: bool,
    bags: usize,
}

impl Shelves {
    /// `AuthenticatedSafe ::= SEQUENCE OF ContentInfo`
    fn safes(&mut self, authenticated_safe: &[u8]) -> Result<Vec<Safe>, Error> {
        let der = normalised(authenticated_safe)?;
        let mut outer = Reader::new(&der);
        let sequence = outer.expect(tag::SEQUENCE)?;
        let mut inside = outer.inside(&sequence);
        let mut safes = Vec::new();
        while !inside.is_empty() {
            let content_info = ContentInfo::read(&mut inside)?;
            self.count()?;
            safes.push(match content_info.content_type {
                Some(identifiers::ID_ENCRYPTED_DATA) => {
                    Safe::Encrypted(content_info.encrypted_data(self.allow_legacy)?)
                }
                _ => Safe::Plain(self.bags(content_info.data("public-key privacy")?, 0)?),
            });
        }
        Ok(safes)
    }

    /// `SafeContents ::= SEQUENCE OF SafeBag`
    fn bags(&mut self, safe_contents: &[u8], depth: usize) -> Result<Vec<Bag>, Error> {
        if depth > MAX_NESTING {
            return Err(Error::TooDeep);
        }
        let der = normalised(safe_contents)?;
        let mut outer = Reader::new(&der);
        let sequence = outer.expect(tag::SEQUENCE)?;
        let mut inside = outer.inside(&sequence);
        let mut bags = Vec::new();
        while !inside.is_empty() {
            self.count()?;
            let bag = inside.expect(tag::SEQUENCE)?;
            self.bag(inside.inside(&bag), depth, &mut bags)?;
        }
        Ok(bags)
    }

    /// `SafeBag ::= SEQUENCE { bagId, bagValue [0] EXPLICIT ANY, bagAttributes SET OPTIONAL }`
    fn bag(&mut self, mut bag: Reader<'_>, depth: usize, bags: &mut Vec<Bag>) -> Result<(), Error> {
        let identifier = bag.expect(tag::OBJECT_IDENTIFIER)?;
        let identifier = bag.value(&identifier);
        let value = bag.expect(tag::context_constructed(0))?;
        bag.optional(tag::SET)?;
        bag.finish()?;
        let mut value = bag.inside(&value);
        let element = value.read()?;
        value.finish()?;
        let whole = value.bytes(&element);
        bags.push(match ObjectIdentifier::from_bytes(identifier) {
            Ok(identifiers::KEY_BAG) => Bag::Key(Secret::new(whole.to_vec())),
            Ok(identifiers::PKCS_8_SHROUDED_KEY_BAG) => {
                let mut shrouded = Reader::new(whole);
                let sequence = shrouded.expect(tag::SEQUENCE)?;
                let mut inside = shrouded.inside(&sequence);
                let algorithm = inside.expect(tag::SEQUENCE)?;
                let octets = inside.expect(tag::OCTET_STRING)?;
                inside.finish()?;
                let algorithm = inside.bytes(&algorithm);
                let octets = inside.value(&octets);
                Bag::ShroudedKey(Encrypted::new(algorithm, octets, self.allow_legacy)?)
            }
            Ok(identifiers::CERT_BAG) => certificate(whole)?,
            Ok(identifiers::SAFE_CONTENTS_BAG) => {
                bags.extend(self.bags(whole, depth + 1)?);
                return Ok(());
            }
            Ok(identifiers::CRL_BAG) => Bag::Other("a CRL".to_owned()),
            Ok(identifiers::SECRET_BAG) => Bag::Other("a secret".to_owned()),
            _ => Bag::Other(format!("a bag of type {}", dotted(identifier))),
        });
        Ok(())
    }

    fn count(&mut self) -> Result<(), Error> {
        self.bags += 1;
        if self.bags > MAX_BAGS {
            return Err(Error::TooManyBags);
        }
        Ok(())
    }
}

/// `CertBag ::= SEQUENCE { certId, certValue [0] EXPLICIT OCTET STRING }` (RFC 7292 4.2.3)
fn certificate(cert_bag: &[u8]) -> Result<Bag, Error> {
    let mut outer = Reader::new(cert_bag);
    let sequence = outer.expect(tag::SEQUENCE)?;
    let mut inside = outer.inside(&sequence);
    let identifier = inside.expect(tag::OBJECT_IDENTIFIER)?;
    let value = inside.expect(tag::context_constructed(0))?;
    inside.finish()?;
    if inside.value(&identifier) != identifiers::X_509_CERTIFICATE.as_bytes() {
        return Ok(Bag::Other("a certificate that is not X.509".to_owned()));
    }
    let mut value = inside.inside(&value);
    let octets = value.expect(tag::OCTET_STRING)?;
    value.finish()?;
    Ok(Bag::Certificate(value.value(&octets).to_vec()))
}

/// DER of BER, wiped like what it came from.
fn normalised(ber: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    Ok(Zeroizing::new(ber::to_der(ber)?.into_owned()))
}
