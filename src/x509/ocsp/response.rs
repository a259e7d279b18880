//! OCSPResponse and the BasicOCSPResponse in it (RFC 6960 4.2.1).

use std::fmt;
use std::ops::Range;

use const_oid::db::rfc6960::{
    ID_PKIX_OCSP_BASIC, ID_PKIX_OCSP_EXTENDED_REVOKE, ID_PKIX_OCSP_NONCE,
};
use jiff::Timestamp;

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{self, Reader, dotted, hexadecimal};
use crate::asn1::tag;
use crate::x509::extensions::Extension;
use crate::x509::fields::{extension_list, unknown_critical, whole_octets};
use crate::x509::ocsp::single_response::generalized_time;
use crate::x509::ocsp::{Error, ResponderId, ResponseStatus, SingleResponse};
use crate::x509::{self, Certificate};

/// As many certificates may one answer speak of. Asked about one, some responders also tell of its
/// neighbours.
pub const MAX_RESPONSES: usize = 64;

/// As many certificates may an answer bring along. A responder's and its issuer's do.
pub const MAX_CERTIFICATES: usize = 16;

/// id-ri-ocsp-response (RFC 5940 2)
const ID_RI_OCSP_RESPONSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.16.2");

/// Extensions of an answer that are read here, or ask nothing of who wants to know a status.
const KNOWN_EXTENSIONS: &[ObjectIdentifier] = &[ID_PKIX_OCSP_NONCE, ID_PKIX_OCSP_EXTENDED_REVOKE];

/// A BasicOCSPResponse, as the responder wrote it.
#[derive(Clone)]
pub struct OcspResponse {
    der: Box<[u8]>,
    tbs: Range<usize>,
    signature_algorithm: Range<usize>,
    signature: Range<usize>,
    responder_id: ResponderId,
    produced_at: Timestamp,
    responses: Vec<SingleResponse>,
    nonce: Option<Range<usize>>,
    certificates: Vec<Certificate>,
    unknown_critical_extension: Option<String>,
}

impl OcspResponse {
    /// Reads what a responder sends, an OCSPResponse, with nothing after it.
    ///
    /// # Errors
    ///
    /// Another status than successful, another type than id-pkix-ocsp-basic, and what
    /// [`from_basic_der`](OcspResponse::from_basic_der) refuses.
    pub fn from_der(der: &[u8]) -> Result<OcspResponse, Error> {
        let malformed = x509::Error::malformed;
        let mut outer = Reader::new(der);
        let response = (outer.expect(tag::SEQUENCE)).map_err(malformed("ocspResponse"))?;
        outer.finish().map_err(malformed("ocspResponse"))?;
        let mut reader = outer.inside(&response);
        let status = (reader.expect(tag::ENUMERATED)).map_err(malformed("responseStatus"))?;
        successful(reader.value(&status))?;
        let bytes = reader
            .expect(tag::context_constructed(0))
            .map_err(malformed("responseBytes"))?;
        reader.finish().map_err(malformed("ocspResponse"))?;
        OcspResponse::from_response_bytes(reader.inside(&bytes))
    }

    /// `ResponseBytes ::= SEQUENCE { responseType, response OCTET STRING }`
    fn from_response_bytes(mut explicit: Reader<'_>) -> Result<OcspResponse, Error> {
        let malformed = x509::Error::malformed;
        let bytes = (explicit.expect(tag::SEQUENCE)).map_err(malformed("responseBytes"))?;
        explicit.finish().map_err(malformed("responseBytes"))?;
        let mut reader = explicit.inside(&bytes);
        let response_type = reader
            .expect(tag::OBJECT_IDENTIFIER)
            .map_err(malformed("responseType"))?;
        let response_type = reader.value(&response_type);
        let response = (reader.expect(tag::OCTET_STRING)).map_err(malformed("response"))?;
        reader.finish().map_err(malformed("responseBytes"))?;
        if response_type != ID_PKIX_OCSP_BASIC.as_bytes() {
            return Err(Error::ResponseType(dotted(response_type)));
        }
        OcspResponse::from_basic_der(reader.value(&response))
    }

    /// Reads a BasicOCSPResponse, with nothing after it.
    ///
    /// Certificates in it that cannot be read are left out: another one may do.
    ///
    /// # Errors
    ///
    /// Whatever is not DER, a version other than 1, an extension that occurs twice, and more
    /// [responses](MAX_RESPONSES) or [certificates](MAX_CERTIFICATES) than are read.
    pub fn from_basic_der(der: &[u8]) -> Result<OcspResponse, Error> {
        let malformed = x509::Error::malformed;
        let mut outer = Reader::new(der);
        let basic = (outer.expect(tag::SEQUENCE)).map_err(malformed("basicOCSPResponse"))?;
        outer.finish().map_err(malformed("basicOCSPResponse"))?;
        let mut reader = outer.inside(&basic);
        let tbs = (reader.expect(tag::SEQUENCE)).map_err(malformed("tbsResponseData"))?;
        let signature_algorithm = reader
            .expect(tag::SEQUENCE)
            .map_err(malformed("signatureAlgorithm"))?;
        let signature = reader
            .expect(tag::BIT_STRING)
            .and_then(|element| whole_octets(&reader, &element))
            .map_err(malformed("signature"))?;
        let certs = reader
            .optional(tag::context_constructed(0))
            .map_err(malformed("certs"))?;
        reader.finish().map_err(malformed("basicOCSPResponse"))?;
        let data = ResponseData::read(der, reader.inside(&tbs))?;
        let certificates = certs.map(|explicit| certificates(reader.inside(&explicit)));
        Ok(OcspResponse {
            tbs: tbs.whole(),
            signature_algorithm: signature_algorithm.whole(),
            signature,
            responder_id: data.responder_id,
            produced_at: data.produced_at,
            responses: data.responses,
            nonce: nonce(der, &data.extensions),
            certificates: certificates.transpose()?.unwrap_or_default(),
            unknown_critical_extension: data.unknown_critical_extension,
            der: der.into(),
        })
    }

    /// Reads what a CMS message has about revocation beside CRLs: a whole `other [1]` of
    /// RevocationInfoChoice (RFC 5652 10.2.1) with an OCSPResponse (RFC 5940 2), or with a bare
    /// BasicOCSPResponse, which the signature library of the EU, DSS, takes too. None if it is
    /// anything else.
    pub fn from_other_revocation_info(der: &[u8]) -> Option<Result<OcspResponse, Error>> {
        let mut outer = Reader::new(der);
        let other = outer.expect(tag::context_constructed(1)).ok()?;
        let mut reader = outer.inside(&other);
        let format = reader.expect(tag::OBJECT_IDENTIFIER).ok()?;
        let is_format = |id: ObjectIdentifier| reader.value(&format) == id.as_bytes();
        let from_der = if is_format(ID_RI_OCSP_RESPONSE) {
            OcspResponse::from_der
        } else if is_format(ID_PKIX_OCSP_BASIC) {
            OcspResponse::from_basic_der
        } else {
            return None;
        };
        let info = reader.read().and_then(|info| {
            reader.finish()?;
            outer.finish()?;
            Ok(info)
        });
        Some(match info {
            Ok(info) => from_der(reader.bytes(&info)),
            Err(error) => Err(x509::Error::malformed("otherRevInfo")(error).into()),
        })
    }

    /// The BasicOCSPResponse as the responder wrote it.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The ResponseData as it stands there: what the signature is over.
    pub fn tbs_der(&self) -> &[u8] {
        &self.der[self.tbs.clone()]
    }

    /// The AlgorithmIdentifier of the signature. Unlike that of a certificate or CRL, it is not
    /// repeated in what is signed.
    pub fn signature_algorithm_der(&self) -> &[u8] {
        &self.der[self.signature_algorithm.clone()]
    }

    /// The octets of the signature; none where its bits are not whole octets.
    pub fn signature(&self) -> &[u8] {
        &self.der[self.signature.clone()]
    }

    /// Who says to have signed it.
    pub fn responder_id(&self) -> &ResponderId {
        &self.responder_id
    }

    /// When it was signed.
    pub fn produced_at(&self) -> Timestamp {
        self.produced_at
    }

    /// What it says of each certificate.
    pub fn responses(&self) -> &[SingleResponse] {
        &self.responses
    }

    /// The nonce, if it has one.
    pub fn nonce(&self) -> Option<&[u8]> {
        Some(&self.der[self.nonce.clone()?])
    }

    /// The certificates that came along, in their order, to verify it with.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// A critical extension, of the whole or of any single response, that is not known. Nothing can
    /// be told by such an answer.
    pub fn unknown_critical_extension(&self) -> Option<&str> {
        self.unknown_critical_extension.as_deref()
    }
}

impl fmt::Debug for OcspResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspResponse")
            .field("responder_id", &self.responder_id)
            .field("produced_at", &self.produced_at)
            .field("responses", &self.responses.len())
            .finish_non_exhaustive()
    }
}

/// `OCSPResponseStatus ::= ENUMERATED`; 4 is not used.
fn successful(status: &[u8]) -> Result<(), Error> {
    let status = match status {
        [0] => return Ok(()),
        [1] => ResponseStatus::MalformedRequest,
        [2] => ResponseStatus::InternalError,
        [3] => ResponseStatus::TryLater,
        [5] => ResponseStatus::SigRequired,
        [6] => ResponseStatus::Unauthorized,
        other => {
            return Err(Error::Unreadable(x509::Error::Value {
                part: "responseStatus",
                value: hexadecimal(other),
            }));
        }
    };
    Err(Error::Unsuccessful(status))
}

/// The fields of RFC 6960 4.2.1.
struct ResponseData {
    responder_id: ResponderId,
    produced_at: Timestamp,
    responses: Vec<SingleResponse>,
    extensions: Vec<Extension>,
    unknown_critical_extension: Option<String>,
}

impl ResponseData {
    /// `SEQUENCE { version [0] EXPLICIT DEFAULT v1, responderID, producedAt, responses SEQUENCE OF,
    /// responseExtensions [1] EXPLICIT OPTIONAL }`
    fn read(der: &[u8], mut reader: Reader<'_>) -> Result<ResponseData, Error> {
        let malformed = x509::Error::malformed;
        if let Some(explicit) = reader
            .optional(tag::context_constructed(0))
            .map_err(malformed("version"))?
            && reader.value(&explicit) != [tag::INTEGER, 1, 0]
        {
            return Err(Error::Unreadable(x509::Error::Value {
                part: "version",
                value: hexadecimal(reader.value(&explicit)),
            }));
        }
        let responder_id = ResponderId::read(&mut reader)?;
        let produced_at = generalized_time(&mut reader, "producedAt")?;
        let list = (reader.expect(tag::SEQUENCE)).map_err(malformed("responses"))?;
        let explicit = reader
            .optional(tag::context_constructed(1))
            .map_err(malformed("responseExtensions"))?;
        reader.finish().map_err(malformed("tbsResponseData"))?;
        let extensions = explicit.map(|explicit| extension_list(der, reader.inside(&explicit)));
        let extensions = extensions.transpose()?.unwrap_or_default();
        let mut data = ResponseData {
            responder_id,
            produced_at,
            responses: Vec::new(),
            unknown_critical_extension: unknown_critical(der, &extensions, KNOWN_EXTENSIONS),
            extensions,
        };
        data.read_responses(der, reader.inside(&list))?;
        Ok(data)
    }

    fn read_responses(&mut self, der: &[u8], mut list: Reader<'_>) -> Result<(), Error> {
        while !list.is_empty() {
            if self.responses.len() == MAX_RESPONSES {
                return Err(Error::TooMany {
                    what: "responses",
                    limit: MAX_RESPONSES,
                });
            }
            let single =
                (list.expect(tag::SEQUENCE)).map_err(x509::Error::malformed("responses"))?;
            let (single, unknown) = SingleResponse::read(der, list.inside(&single))?;
            self.responses.push(single);
            self.unknown_critical_extension = self.unknown_critical_extension.take().or(unknown);
        }
        Ok(())
    }
}

/// `SEQUENCE OF Certificate`
fn certificates(mut explicit: Reader<'_>) -> Result<Vec<Certificate>, Error> {
    let malformed = || x509::Error::malformed("certs");
    let sequence = explicit.expect(tag::SEQUENCE).map_err(malformed())?;
    explicit.finish().map_err(malformed())?;
    let mut list = explicit.inside(&sequence);
    let mut elements = Vec::new();
    while !list.is_empty() {
        if elements.len() == MAX_CERTIFICATES {
            return Err(Error::TooMany {
                what: "certificates",
                limit: MAX_CERTIFICATES,
            });
        }
        elements.push(list.read().map_err(malformed())?);
    }
    let certificates = elements
        .iter()
        .map(|it| Certificate::from_der(list.bytes(it)));
    Ok(certificates.filter_map(Result::ok).collect())
}

/// RFC 9654 has the extension's value be an OCTET STRING around the nonce. In RFC 2560 4.4.1 it was
/// the nonce itself.
fn nonce(der: &[u8], extensions: &[Extension]) -> Option<Range<usize>> {
    let has_id = |e: &&Extension| der[e.id.clone()] == *ID_PKIX_OCSP_NONCE.as_bytes();
    let value = extensions.iter().find(has_id)?.value.clone();
    let inner = || -> Result<Range<usize>, reader::Error> {
        let mut reader = Reader::of(der, value.clone());
        let octets = reader.expect(tag::OCTET_STRING)?;
        reader.finish()?;
        Ok(octets.value())
    };
    Some(inner().unwrap_or(value.clone()))
}
