//! Where CRLs, OCSP responders and issuers are: cRLDistributionPoints and authorityInfoAccess, 7.1.2.2
//! and 7.1.2.3 (b) and (c).

use const_oid::db::rfc5280::{
    ID_CE_CRL_DISTRIBUTION_POINTS as CRL_POINTS, ID_PE_AUTHORITY_INFO_ACCESS as ACCESS,
};

use super::profile::Generation;
use super::rule::{Examined, Finding, found};
use crate::asn1::oid::ObjectIdentifier;
use crate::x509::distribution_point::DistributionPointName;
use crate::x509::general_name::GeneralName;
use crate::x509::information_access::ID_AD_CA_ISSUERS;

/// Whether a URI is of this scheme, whatever the case (RFC 3986 3.1), and has a host.
pub(super) fn is_of_scheme(uri: &[u8], scheme: &str) -> bool {
    let begin = format!("{scheme}://");
    uri.split_at_checked(begin.len())
        .is_some_and(|(start, rest)| {
            start.eq_ignore_ascii_case(begin.as_bytes()) && !rest.is_empty()
        })
}

pub(super) fn is_http(name: &GeneralName<'_>) -> bool {
    matches!(name, GeneralName::Uri(uri) if is_of_scheme(uri, "http"))
}

/// The URIs of the full names of the distribution points.
pub(super) fn crl_uris<'a>(it: &Examined<'a>) -> Vec<GeneralName<'a>> {
    let points = it.certificate.distribution_points().unwrap_or_default();
    let names = points.into_iter().flat_map(|point| match point.name {
        Some(DistributionPointName::Full(names)) => names,
        _ => Vec::new(),
    });
    names
        .filter(|name| matches!(name, GeneralName::Uri(_)))
        .collect()
}

pub(super) fn crl_points_http(it: &Examined<'_>) -> Finding {
    it.certificate.extension(CRL_POINTS)?;
    match &crl_uris(it)[..] {
        [] => Some("it has none".to_owned()),
        uris => http(it, uris),
    }
}

/// The tables of 7.1.2.3 (b) and (c).
fn http(it: &Examined<'_>, names: &[GeneralName<'_>]) -> Finding {
    match it.generation() {
        Generation::Legacy if names.iter().any(is_http) => None,
        _ => found("it has", names.iter().filter(|name| !is_http(name))),
    }
}

/// The places of one access method.
pub(super) fn places<'a>(it: &Examined<'a>, method: ObjectIdentifier) -> Vec<GeneralName<'a>> {
    let descriptions = it
        .certificate
        .authority_information_access()
        .unwrap_or_default();
    let of_method = descriptions
        .iter()
        .filter(|it| it.method == method.as_bytes());
    of_method.map(|it| it.location).collect()
}

pub(super) fn access_http(it: &Examined<'_>, method: ObjectIdentifier) -> Finding {
    http(it, &places(it, method))
}

pub(super) fn ca_issuers_present(it: &Examined<'_>) -> Finding {
    it.certificate.extension(ACCESS)?;
    places(it, ID_AD_CA_ISSUERS)
        .is_empty()
        .then(|| "it has none".to_owned())
}
