//! OCSPRequest (RFC 6960 4.1.1).

use const_oid::db::rfc6960::ID_PKIX_OCSP_NONCE;

use crate::asn1::{tag, tlv};
use crate::x509::ocsp::CertId;

/// Asks about one certificate, in DER: `OCSPRequest ::= SEQUENCE { tbsRequest SEQUENCE {
/// requestList, requestExtensions [2] EXPLICIT OPTIONAL } }`.
///
/// A nonce, random octets that the answer then has too, shows that it was not recorded before. RFC
/// 9654 allows 1 to 128 octets. Many responders sign their answers in advance and leave it out.
pub fn request(cert_id: &CertId, nonce: Option<&[u8]>) -> Vec<u8> {
    let request_list = tlv::sequence(&[&tlv::sequence(&[cert_id.der()])]);
    let extensions = nonce.map(|nonce| {
        let extension = tlv::sequence(&[
            &tlv::element(tag::OBJECT_IDENTIFIER, ID_PKIX_OCSP_NONCE.as_bytes()),
            &tlv::element(tag::OCTET_STRING, &tlv::element(tag::OCTET_STRING, nonce)),
        ]);
        tlv::element(tag::context_constructed(2), &tlv::sequence(&[&extension]))
    });
    let tbs_request = tlv::sequence(&[&request_list, &extensions.unwrap_or_default()]);
    tlv::sequence(&[&tbs_request])
}
