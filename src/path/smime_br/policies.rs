//! certificatePolicies, in the certificates of subscribers and CAs: 7.1.2.2 (a) and 7.1.2.3 (a).

use std::collections::BTreeSet;

use const_oid::db::rfc5280::ID_CE_CERTIFICATE_POLICIES as POLICIES;

use super::places::is_of_scheme;
use super::profile::Profile;
use super::rule::{Examined, Finding, found};
use crate::asn1::oid::ObjectIdentifier;
use crate::x509::Certificate;
use crate::x509::policies::{ANY_POLICY, CertificatePolicies, PolicyQualifier};

/// The identifiers of certificatePolicies; none if it is missing or malformed.
pub(super) fn policies(certificate: &Certificate) -> BTreeSet<ObjectIdentifier> {
    let extension = certificate.extension(POLICIES);
    let policies = extension.and_then(|(value, _)| CertificatePolicies::from_der(value).ok());
    policies.map(|policies| policies.0).unwrap_or_default()
}

pub(super) fn reserved_policy(it: &Examined<'_>) -> Finding {
    it.certificate.extension(POLICIES)?;
    let policies = policies(it.certificate);
    let reserved: Vec<_> = policies
        .iter()
        .filter(|policy| Profile::of_policy(policy).is_some())
        .collect();
    match reserved[..] {
        [_] => None,
        [] => Some("it has none".to_owned()),
        _ => found("it has", reserved),
    }
}

/// anyPolicy is nobody's to document.
pub(super) fn any_policy(it: &Examined<'_>) -> Finding {
    policies(it.certificate)
        .contains(&ANY_POLICY)
        .then(|| "it has anyPolicy".to_owned())
}

pub(super) fn cps_uri(it: &Examined<'_>) -> Finding {
    let is_http = |uri: &[u8]| is_of_scheme(uri, "http") || is_of_scheme(uri, "https");
    let others = qualifiers(it)
        .into_iter()
        .filter_map(|qualifier| match qualifier {
            PolicyQualifier::CpsUri(uri) if !is_http(uri) => Some(uri.escape_ascii()),
            _ => None,
        });
    found("it is", others)
}

pub(super) fn user_notice(it: &Examined<'_>) -> Finding {
    qualifiers(it)
        .into_iter()
        .find_map(|qualifier| match qualifier {
            PolicyQualifier::UserNotice {
                has_reference: true,
                ..
            } => Some("it has noticeRef".to_owned()),
            PolicyQualifier::UserNotice {
                has_text: false, ..
            } => Some("it has no explicitText".to_owned()),
            _ => None,
        })
}

fn qualifiers<'a>(it: &Examined<'a>) -> Vec<PolicyQualifier<'a>> {
    let extension = it.certificate.extension(POLICIES);
    let qualifiers = extension.and_then(|(value, _)| PolicyQualifier::all_from_der(value).ok());
    qualifiers.unwrap_or_default()
}
