//! SingleResponse (RFC 6960 4.2.1): the status of one certificate.

use const_oid::db::rfc5280::{ID_CE_CRL_REASONS, ID_CE_INVALIDITY_DATE};
use const_oid::db::rfc6960::{ID_PKIX_OCSP_ARCHIVE_CUTOFF, ID_PKIX_OCSP_CRL};
use jiff::Timestamp;

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{Element, Reader};
use crate::asn1::tag;
use crate::x509::Error;
use crate::x509::crl::crl_reason;
use crate::x509::fields::{extension_list, time, unknown_critical};
use crate::x509::ocsp::CertId;

/// What the responder says of one certificate.
#[derive(Debug, Clone)]
pub struct SingleResponse {
    /// The certificate.
    pub cert_id: CertId,
    /// Its status.
    pub status: CertStatus,
    /// When that was known to be right.
    pub this_update: Timestamp,
    /// When there will be newer information; none: at any time (RFC 6960 4.2.2.1).
    pub next_update: Option<Timestamp>,
}

/// The status of a certificate (RFC 6960 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertStatus {
    /// Not revoked, as far as the responder knows. Whether it was ever issued is another question.
    Good,
    /// Revoked, for good or for a time. A responder may say so of what was never issued, too, with
    /// the date 1970-01-01 and the reason certificateHold.
    Revoked {
        /// When it was revoked.
        date: Timestamp,
        /// Its CRLReason, if it has one.
        reason: Option<u8>,
    },
    /// The responder knows nothing of it.
    Unknown,
}

/// Extensions that ask nothing of who wants to know the status: RFC 6960 4.4.2 and 4.4.4, and of the
/// entries of a CRL (4.4.5) those that do not name another issuer.
const KNOWN_EXTENSIONS: &[ObjectIdentifier] = &[
    ID_PKIX_OCSP_CRL,
    ID_PKIX_OCSP_ARCHIVE_CUTOFF,
    ID_CE_CRL_REASONS,
    ID_CE_INVALIDITY_DATE,
];

impl SingleResponse {
    /// `SEQUENCE { certID, certStatus, thisUpdate, nextUpdate [0] EXPLICIT OPTIONAL, singleExtensions
    /// [1] EXPLICIT OPTIONAL }`, which lies in `der`; with it the first critical extension that is
    /// not known.
    pub(super) fn read(
        der: &[u8],
        mut reader: Reader<'_>,
    ) -> Result<(SingleResponse, Option<String>), Error> {
        let malformed = Error::malformed;
        let cert_id = (reader.expect(tag::SEQUENCE)).map_err(malformed("certID"))?;
        let cert_id = CertId::from_der(reader.bytes(&cert_id)).map_err(malformed("certID"))?;
        let status = reader.read().map_err(malformed("certStatus"))?;
        let status = CertStatus::read(&reader, &status)?;
        let this_update = generalized_time(&mut reader, "thisUpdate")?;
        let next_update = reader
            .optional(tag::context_constructed(0))
            .map_err(malformed("nextUpdate"))?
            .map(|explicit| {
                let mut inside = reader.inside(&explicit);
                let next_update = generalized_time(&mut inside, "nextUpdate")?;
                inside.finish().map_err(malformed("nextUpdate"))?;
                Ok(next_update)
            })
            .transpose()?;
        let extensions = reader
            .optional(tag::context_constructed(1))
            .map_err(malformed("singleExtensions"))?
            .map(|explicit| extension_list(der, reader.inside(&explicit)))
            .transpose()?
            .unwrap_or_default();
        reader.finish().map_err(malformed("singleResponse"))?;
        let single = SingleResponse {
            cert_id,
            status,
            this_update,
            next_update,
        };
        Ok((single, unknown_critical(der, &extensions, KNOWN_EXTENSIONS)))
    }
}

impl CertStatus {
    /// `CHOICE { good [0] NULL, revoked [1] RevokedInfo, unknown [2] NULL }`, all IMPLICIT.
    fn read(reader: &Reader<'_>, choice: &Element) -> Result<CertStatus, Error> {
        const GOOD: u8 = tag::context_primitive(0);
        const REVOKED: u8 = tag::context_constructed(1);
        const UNKNOWN: u8 = tag::context_primitive(2);
        match (choice.tag(), reader.value(choice)) {
            (GOOD, []) => Ok(CertStatus::Good),
            (UNKNOWN, []) => Ok(CertStatus::Unknown),
            (REVOKED, _) => CertStatus::revoked(reader.inside(choice)),
            (other, _) => Err(Error::Value {
                part: "certStatus",
                value: format!("{other:#04x}"),
            }),
        }
    }

    /// `RevokedInfo ::= SEQUENCE { revocationTime, revocationReason [0] EXPLICIT OPTIONAL }`
    fn revoked(mut reader: Reader<'_>) -> Result<CertStatus, Error> {
        let malformed = || Error::malformed("revocationReason");
        let date = generalized_time(&mut reader, "revocationTime")?;
        let reason = reader
            .optional(tag::context_constructed(0))
            .map_err(malformed())?
            .map(|explicit| crl_reason(reader.value(&explicit)))
            .transpose()
            .map_err(malformed())?;
        reader.finish().map_err(Error::malformed("revokedInfo"))?;
        Ok(CertStatus::Revoked { date, reason })
    }
}

/// RFC 6960 4.2.2.1: a GeneralizedTime, as RFC 5280 4.1.2.5.2 has it.
pub(super) fn generalized_time(
    reader: &mut Reader<'_>,
    part: &'static str,
) -> Result<Timestamp, Error> {
    let is_generalized = reader.clone().expect(tag::GENERALIZED_TIME);
    is_generalized.map_err(Error::malformed(part))?;
    time(reader, part)
}
