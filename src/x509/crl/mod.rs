//! Certificate revocation lists (RFC 5280 section 5), read over the bytes their issuer wrote.
//!
//! ```
//! use mailseal::x509::crl::CertificateList;
//!
//! assert!(CertificateList::from_der(b"\x30\x00").is_err());
//! ```
//!
//! # Not supported
//!
//! The date from which a key is known to be compromised (invalidityDate): a revoked certificate is
//! revoked.

use std::fmt;
use std::ops::Range;

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CERTIFICATE_ISSUER, ID_CE_CRL_NUMBER, ID_CE_CRL_REASONS,
    ID_CE_DELTA_CRL_INDICATOR, ID_CE_FRESHEST_CRL, ID_CE_INVALIDITY_DATE, ID_CE_ISSUER_ALT_NAME,
    ID_CE_ISSUING_DISTRIBUTION_POINT,
};
use jiff::Timestamp;

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{self, Reader};
use crate::asn1::tag;
use crate::x509::Error;
use crate::x509::distribution_point::IssuingDistributionPoint;
use crate::x509::extensions::Extension;
use crate::x509::fields::{extension_list, serial_number, time, unknown_critical, whole_octets};
use crate::x509::general_name::GeneralName;
use crate::x509::name::{ComparableName, Name};

/// Extensions of a CRL that are read here, or ask nothing of who looks a certificate up.
const KNOWN_EXTENSIONS: &[ObjectIdentifier] = &[
    ID_CE_AUTHORITY_KEY_IDENTIFIER,
    ID_CE_ISSUER_ALT_NAME,
    ID_CE_CRL_NUMBER,
    ID_CE_DELTA_CRL_INDICATOR,
    ID_CE_ISSUING_DISTRIBUTION_POINT,
    ID_CE_FRESHEST_CRL,
];

/// Extensions of one entry likewise.
const KNOWN_ENTRY_EXTENSIONS: &[ObjectIdentifier] = &[
    ID_CE_CRL_REASONS,
    ID_CE_INVALIDITY_DATE,
    ID_CE_CERTIFICATE_ISSUER,
];

/// A CRL, as its issuer wrote it.
#[derive(Clone)]
pub struct CertificateList {
    der: Box<[u8]>,
    tbs: Range<usize>,
    tbs_signature: Range<usize>,
    signature_algorithm: Range<usize>,
    signature: Range<usize>,
    issuer: String,
    issuer_name: ComparableName,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    revoked: Vec<Entry>,
    extensions: Vec<Extension>,
    crl_number: Option<CrlNumber>,
    base_crl_number: Option<CrlNumber>,
    unknown_critical_extension: Option<String>,
}

#[derive(Clone)]
struct Entry {
    serial_number: Range<usize>,
    date: Timestamp,
    reason: Option<u8>,
    /// The GeneralNames of certificateIssuer, its own or that of an entry before it.
    certificate_issuer: Option<Range<usize>>,
}

/// One revoked certificate of a CRL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// When it was revoked.
    pub date: Timestamp,
    /// Its CRLReason, if it has one.
    pub reason: Option<u8>,
}

/// CRLReason removeFromCRL: in a delta CRL, the certificate is not revoked any more.
pub const REMOVE_FROM_CRL: u8 = 8;

/// A number of up to twenty octets (RFC 5280 5.2.3), without the zeros before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlNumber(Vec<u8>);

impl Ord for CrlNumber {
    fn cmp(&self, other: &CrlNumber) -> std::cmp::Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &CrlNumber) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl CertificateList {
    /// Reads one CRL, with nothing after it.
    ///
    /// # Errors
    ///
    /// Whatever is not DER, a version other than 1 and 2, an extension that occurs twice, and
    /// malformed values of the extensions that are read.
    pub fn from_der(der: &[u8]) -> Result<CertificateList, Error> {
        let malformed = Error::malformed;
        let mut outer = Reader::new(der);
        let list = outer
            .expect(tag::SEQUENCE)
            .map_err(malformed("certificateList"))?;
        outer.finish().map_err(malformed("certificateList"))?;
        let mut reader = outer.inside(&list);
        let tbs = reader
            .expect(tag::SEQUENCE)
            .map_err(malformed("tbsCertList"))?;
        let signature_algorithm = reader
            .expect(tag::SEQUENCE)
            .map_err(malformed("signatureAlgorithm"))?;
        let signature = reader
            .expect(tag::BIT_STRING)
            .and_then(|element| whole_octets(&reader, &element))
            .map_err(malformed("signatureValue"))?;
        reader.finish().map_err(malformed("certificateList"))?;
        let fields = TbsCertList::read(der, reader.inside(&tbs))?;
        let name = Name::from_der(&der[fields.issuer.clone()]).map_err(malformed("issuer"))?;
        let mut crl = CertificateList {
            issuer: name.to_string(),
            issuer_name: name.comparable(),
            tbs: tbs.whole(),
            tbs_signature: fields.tbs_signature,
            signature_algorithm: signature_algorithm.whole(),
            signature,
            this_update: fields.this_update,
            next_update: fields.next_update,
            unknown_critical_extension: unknown_critical(der, &fields.extensions, KNOWN_EXTENSIONS),
            extensions: fields.extensions,
            revoked: Vec::new(),
            crl_number: None,
            base_crl_number: None,
            der: der.into(),
        };
        crl.crl_number = crl.number(ID_CE_CRL_NUMBER, "cRLNumber")?;
        crl.base_crl_number = crl.number(ID_CE_DELTA_CRL_INDICATOR, "deltaCRLIndicator")?;
        crl.issuing_distribution_point()
            .map_err(malformed("issuingDistributionPoint"))?;
        if let Some(list) = fields.revoked {
            crl.read_entries(Reader::of(der, list), der)?;
        }
        Ok(crl)
    }

    /// The CRL as its issuer wrote it.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The TBSCertList as it stands there: what the signature is over.
    pub fn tbs_der(&self) -> &[u8] {
        &self.der[self.tbs.clone()]
    }

    /// The AlgorithmIdentifiers of the signature, outside and inside the signed part.
    pub fn signature_algorithms_der(&self) -> [&[u8]; 2] {
        [&self.signature_algorithm, &self.tbs_signature].map(|range| &self.der[range.clone()])
    }

    /// The octets of the signature; none where its bits are not whole octets.
    pub fn signature(&self) -> &[u8] {
        &self.der[self.signature.clone()]
    }

    /// The issuer in RFC 4514 form, control characters escaped.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The issuer as names are compared.
    pub fn issuer_name(&self) -> &ComparableName {
        &self.issuer_name
    }

    /// When it was issued.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When the next one will have been issued, if it says so.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// cRLNumber
    pub fn crl_number(&self) -> Option<&CrlNumber> {
        self.crl_number.as_ref()
    }

    /// BaseCRLNumber: this is a delta CRL, to complete CRLs of that number and later ones.
    pub fn base_crl_number(&self) -> Option<&CrlNumber> {
        self.base_crl_number.as_ref()
    }

    /// RFC 5280 5.2 and 5.3: a critical extension, of the CRL or of any entry, that is not known.
    /// Nothing can be told by such a CRL.
    pub fn unknown_critical_extension(&self) -> Option<&str> {
        self.unknown_critical_extension.as_deref()
    }

    /// What it covers, if it says so.
    pub fn issuing_distribution_point(
        &self,
    ) -> Result<Option<IssuingDistributionPoint<'_>>, reader::Error> {
        self.extension(ID_CE_ISSUING_DISTRIBUTION_POINT)
            .map(IssuingDistributionPoint::from_der)
            .transpose()
    }

    /// Whether the other CRL has the same issuer, the same key and covers the same
    /// (RFC 5280 6.3.3 (c)).
    pub fn has_scope_of(&self, other: &CertificateList) -> bool {
        self.covers_the_same_as(other) && self.has_same(ID_CE_AUTHORITY_KEY_IDENTIFIER, other)
    }

    /// The same, whatever the key.
    pub fn covers_the_same_as(&self, other: &CertificateList) -> bool {
        self.issuer_name == other.issuer_name
            && self.has_same(ID_CE_ISSUING_DISTRIBUTION_POINT, other)
    }

    fn has_same(&self, id: ObjectIdentifier, other: &CertificateList) -> bool {
        self.extension(id) == other.extension(id)
    }

    /// The entry for a certificate, by its issuer and the DER of its serial number; of several, the
    /// last.
    pub fn find(
        &self,
        issuer: &ComparableName,
        serial_number_der: &[u8],
    ) -> Option<RevokedCertificate> {
        let is_issuer = |entry: &&Entry| match &entry.certificate_issuer {
            None => self.issuer_name == *issuer,
            Some(names) => self.is_directory_name(names, issuer),
        };
        let is_serial =
            |entry: &&Entry| self.der[entry.serial_number.clone()] == *serial_number_der;
        let entry = self
            .revoked
            .iter()
            .rev()
            .filter(is_serial)
            .find(is_issuer)?;
        Some(RevokedCertificate {
            date: entry.date,
            reason: entry.reason,
        })
    }

    fn is_directory_name(&self, names: &Range<usize>, wanted: &ComparableName) -> bool {
        let reader = Reader::of(&self.der, names.clone());
        let names = GeneralName::read_all(reader).unwrap_or_default();
        names.iter().any(|name| match name {
            GeneralName::Directory(der) => {
                Name::from_der(der).is_ok_and(|name| name.comparable() == *wanted)
            }
            _ => false,
        })
    }

    fn extension(&self, id: ObjectIdentifier) -> Option<&[u8]> {
        let has_id = |e: &&Extension| self.der[e.id.clone()] == *id.as_bytes();
        let extension = self.extensions.iter().find(has_id)?;
        Some(&self.der[extension.value.clone()])
    }

    fn number(&self, id: ObjectIdentifier, part: &'static str) -> Result<Option<CrlNumber>, Error> {
        let read = |value| {
            let mut reader = Reader::new(value);
            let integer = reader.expect(tag::INTEGER)?;
            reader.finish()?;
            match reader.value(&integer) {
                [] | [0x80..=0xff, ..] => Err(reader::Error::Value(integer.value().start)),
                octets => {
                    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
                    Ok(CrlNumber(octets[zeros..].to_vec()))
                }
            }
        };
        self.extension(id)
            .map(read)
            .transpose()
            .map_err(Error::malformed(part))
    }

    /// `revokedCertificates SEQUENCE OF SEQUENCE { userCertificate, revocationDate,
    /// crlEntryExtensions OPTIONAL }`
    fn read_entries(&mut self, mut list: Reader<'_>, der: &[u8]) -> Result<(), Error> {
        let malformed = || Error::malformed("revokedCertificates");
        let mut certificate_issuer = None;
        while !list.is_empty() {
            let entry = list.expect(tag::SEQUENCE).map_err(malformed())?;
            let mut reader = list.inside(&entry);
            let serial_number = serial_number(&mut reader).map_err(malformed())?;
            let date = time(&mut reader, "revocationDate")?;
            let extensions = match reader.is_empty() {
                true => Vec::new(),
                false => extension_list(der, reader)?,
            };
            if self.unknown_critical_extension.is_none() {
                self.unknown_critical_extension =
                    unknown_critical(der, &extensions, KNOWN_ENTRY_EXTENSIONS);
            }
            let value = |id: ObjectIdentifier| {
                let mut extensions = extensions.iter();
                let found = extensions.find(|e| der[e.id.clone()] == *id.as_bytes());
                found.map(|extension| extension.value.clone())
            };
            if let Some(range) = value(ID_CE_CERTIFICATE_ISSUER) {
                let names =
                    general_names(der, range).map_err(Error::malformed("certificateIssuer"))?;
                certificate_issuer = Some(names);
            }
            let reason = value(ID_CE_CRL_REASONS)
                .map(|range| crl_reason(&der[range]))
                .transpose()
                .map_err(Error::malformed("reasonCode"))?;
            self.revoked.push(Entry {
                serial_number: serial_number.whole(),
                date,
                reason,
                certificate_issuer: certificate_issuer.clone(),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for CertificateList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateList")
            .field("issuer", &self.issuer)
            .field("this_update", &self.this_update)
            .field("revoked", &self.revoked.len())
            .finish_non_exhaustive()
    }
}

/// The fields of RFC 5280 5.1, by where they lie.
struct TbsCertList {
    tbs_signature: Range<usize>,
    issuer: Range<usize>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    revoked: Option<Range<usize>>,
    extensions: Vec<Extension>,
}

impl TbsCertList {
    fn read(der: &[u8], mut reader: Reader<'_>) -> Result<TbsCertList, Error> {
        let malformed = Error::malformed;
        if let Some(version) = reader
            .optional(tag::INTEGER)
            .map_err(malformed("version"))?
            && reader.value(&version) != [1]
        {
            return Err(Error::Value {
                part: "version",
                value: reader::hexadecimal(reader.value(&version)),
            });
        }
        let tbs_signature = (reader.expect(tag::SEQUENCE)).map_err(malformed("signature"))?;
        let issuer = (reader.expect(tag::SEQUENCE)).map_err(malformed("issuer"))?;
        let this_update = time(&mut reader, "thisUpdate")?;
        let next_update = match reader.peek() {
            Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => Some(time(&mut reader, "nextUpdate")?),
            _ => None,
        };
        let revoked = reader
            .optional(tag::SEQUENCE)
            .map_err(malformed("revokedCertificates"))?;
        let extensions = reader
            .optional(tag::context_constructed(0))
            .map_err(malformed("crlExtensions"))?;
        reader.finish().map_err(malformed("tbsCertList"))?;
        let extensions = extensions.map(|explicit| extension_list(der, reader.inside(&explicit)));
        Ok(TbsCertList {
            tbs_signature: tbs_signature.whole(),
            issuer: issuer.whole(),
            this_update,
            next_update,
            revoked: revoked.map(|element| element.value()),
            extensions: extensions.transpose()?.unwrap_or_default(),
        })
    }
}

/// Where the names of a GeneralNames lie; each can be read.
fn general_names(der: &[u8], value: Range<usize>) -> Result<Range<usize>, reader::Error> {
    let mut reader = Reader::of(der, value);
    let names = reader.expect(tag::SEQUENCE)?;
    reader.finish()?;
    GeneralName::read_all(reader.inside(&names))?;
    Ok(names.value())
}

/// `CRLReason ::= ENUMERATED`
pub(super) fn crl_reason(value: &[u8]) -> Result<u8, reader::Error> {
    match value {
        [0x0a, 1, reason] => Ok(*reason),
        _ => Err(reader::Error::Value(0)),
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
