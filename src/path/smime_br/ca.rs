//! The rules for CAs: roots (7.1.2.1), subordinate CAs (7.1.2.2), their names (7.1.4.3), constraints (7.1.5)
//! and policies (7.1.6.3).

use const_oid::db::rfc5280::{
    ANY_POLICY, ID_CE_AUTHORITY_KEY_IDENTIFIER as AUTHORITY_KEY,
    ID_CE_BASIC_CONSTRAINTS as BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES as POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS as CRL_POINTS, ID_CE_EXT_KEY_USAGE as EXTENDED_KEY_USAGE,
    ID_CE_KEY_USAGE as KEY_USAGE, ID_CE_NAME_CONSTRAINTS as NAME_CONSTRAINTS,
    ID_CE_SUBJECT_KEY_IDENTIFIER as SUBJECT_KEY, ID_PE_AUTHORITY_INFO_ACCESS as ACCESS,
};
use jiff::Timestamp;

use super::attribute::{COMMON_NAME, COUNTRY_NAME, ORGANIZATION_NAME};
use super::country::is_assigned;
use super::every::is_rsa_under;
use super::key_identifier::{authority_key_issuer, authority_key_present};
use super::key_usage::{
    ANY_PURPOSE, OTHER_PURPOSES, PURPOSES_END, extended_key_usage, has_purpose_of, other_purposes,
};
use super::places::{crl_uris, is_http, places};
use super::policies::{cps_uri, policies, user_notice};
use super::profile::Profile;
use super::rule::{Examined, Finding, Rule, found, must, quoted, should};
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::hexadecimal;
use crate::x509::general_name::GeneralName;
use crate::x509::information_access::ID_AD_CA_ISSUERS;

/// A self-signed certificate at the end of a path.
#[rustfmt::skip]
pub(super) const ROOT: &[Rule] = &[
    must("6.1.5", "ca-rsa-modulus", "an RSA modulus of a CA must have 4096 bits since 2026-09-15",
        |it| is_rsa_under(it.certificate, 4096)).since(RSA_4096),
    must("7.1.2.1 (a)", "ca", "basicConstraints must be present and have cA", ca),
    must("7.1.2.1 (a)", "basic-constraints-critical", "basicConstraints must be critical",
        |it| it.is_not_critical(BASIC_CONSTRAINTS)),
    should("7.1.2.1 (a)", "root-path-length", "basicConstraints should not have pathLenConstraint", path_length),
    must("7.1.2.1 (b)", "ca-key-usage", "keyUsage must be present and have keyCertSign and cRLSign", ca_key_usage),
    must("7.1.2.1 (b)", "ca-key-usage-critical", "keyUsage must be critical", |it| it.is_not_critical(KEY_USAGE)),
    should("7.1.2.1 (c)", "root-policies", "certificatePolicies should not be present", |it| it.has(POLICIES)),
    must("7.1.2.1 (d)", "root-extended-key-usage", "extKeyUsage must not be present", |it| it.has(EXTENDED_KEY_USAGE)),
    must("7.1.2.1 (e)", "ca-subject-key-present", "subjectKeyIdentifier must be present", |it| it.lacks(SUBJECT_KEY)),
    must("7.1.2.1 (e)", "ca-subject-key-critical", "subjectKeyIdentifier must not be critical",
        |it| it.is_critical(SUBJECT_KEY)),
    must("7.1.2.1 (e)", "ca-subject-key-match", "subjectKeyIdentifier must be the keyIdentifier of what it issues",
        subject_key_match),
    must("7.1.4.3.1 (a)", "ca-common-name", "the subject must have commonName", |it| lacks_attribute(it, COMMON_NAME)),
    must("7.1.4.3.1 (b)", "ca-organization", "the subject must have organizationName",
        |it| lacks_attribute(it, ORGANIZATION_NAME)),
    must("7.1.4.3.1 (c)", "ca-country", "the subject must have countryName, a code of ISO 3166-1", ca_country),
];

/// Every other CA.
#[rustfmt::skip]
pub(super) const SUBORDINATE: &[Rule] = &[
    must("6.1.5", "ca-rsa-modulus", "an RSA modulus of a CA must have 4096 bits since 2026-09-15",
        |it| is_rsa_under(it.certificate, 4096)).since(RSA_4096),
    must("7.1.2.2 (a)", "ca-policies-present", "certificatePolicies must be present", |it| it.lacks(POLICIES)),
    should("7.1.2.2 (a)", "ca-policies-critical", "certificatePolicies should not be critical",
        |it| it.is_critical(POLICIES)),
    must("7.1.2.2 (a)", "ca-cps-uri", "a policy's CPS pointer must be of the scheme http or https", cps_uri),
    must("7.1.2.2 (a)", "ca-user-notice", "a policy's user notice must have explicitText and no noticeRef",
        user_notice),
    must("7.1.6.3", "ca-reserved-policy", "certificatePolicies must have a policy of 7.1.6.1, or anyPolicy",
        ca_reserved_policy),
    must("7.1.2.2 (b)", "ca-crl-points-present", "cRLDistributionPoints must be present", |it| it.lacks(CRL_POINTS)),
    must("7.1.2.2 (b)", "ca-crl-points-critical", "cRLDistributionPoints must not be critical",
        |it| it.is_critical(CRL_POINTS)),
    must("7.1.2.2 (b)", "ca-crl-points-http", "cRLDistributionPoints must have a URI of http", ca_crl_points_http),
    should("7.1.2.2 (c)", "ca-access-present", "authorityInfoAccess should be present", |it| it.lacks(ACCESS)),
    must("7.1.2.2 (c)", "ca-access-critical", "authorityInfoAccess must not be critical", |it| it.is_critical(ACCESS)),
    should("7.1.2.2 (c)", "ca-ca-issuers-http", "authorityInfoAccess should have a place of caIssuers, of http",
        ca_issuers_http),
    must("7.1.2.2 (d)", "ca", "basicConstraints must be present and have cA", ca),
    must("7.1.2.2 (d)", "basic-constraints-critical", "basicConstraints must be critical",
        |it| it.is_not_critical(BASIC_CONSTRAINTS)),
    must("7.1.2.2 (e)", "ca-key-usage", "keyUsage must be present and have keyCertSign and cRLSign", ca_key_usage),
    must("7.1.2.2 (e)", "ca-key-usage-critical", "keyUsage must be critical", |it| it.is_not_critical(KEY_USAGE)),
    should("7.1.2.2 (f)", "name-constraints-critical", "nameConstraints should be critical",
        |it| it.is_not_critical(NAME_CONSTRAINTS)),
    must("7.1.5", "name-constraints-mailboxes",
        "permitted rfc822Names must be domains, with a period before or without", permitted_mailboxes),
    should("7.1.2.2 (g)", "ca-extended-key-usage-critical", "extKeyUsage should not be critical",
        |it| it.is_critical(EXTENDED_KEY_USAGE)),
    must("7.1.2.2 (g)", "ca-extended-key-usage-any", "extKeyUsage must not have anyExtendedKeyUsage",
        |it| has_purpose_of(it, ANY_PURPOSE)),
    must("7.1.2.2 (h)", "ca-authority-key-present", "authorityKeyIdentifier must be present and have keyIdentifier",
        authority_key_present),
    must("7.1.2.2 (h)", "ca-authority-key-critical", "authorityKeyIdentifier must not be critical",
        |it| it.is_critical(AUTHORITY_KEY)),
    must("7.1.2.2 (h)", "ca-authority-key-issuer",
        "authorityKeyIdentifier must not have authorityCertIssuer or authorityCertSerialNumber", authority_key_issuer),
    must("7.1.2.2 (i)", "ca-subject-key-present", "subjectKeyIdentifier must be present", |it| it.lacks(SUBJECT_KEY)),
    must("7.1.2.2 (i)", "ca-subject-key-critical", "subjectKeyIdentifier must not be critical",
        |it| it.is_critical(SUBJECT_KEY)),
    must("7.1.2.2 (i)", "ca-subject-key-match", "subjectKeyIdentifier must be the keyIdentifier of what it issues",
        subject_key_match),
    must("7.1.4.3.1 (a)", "ca-common-name", "the subject must have commonName", |it| lacks_attribute(it, COMMON_NAME)),
    must("7.1.4.3.1 (b)", "ca-organization", "the subject must have organizationName",
        |it| lacks_attribute(it, ORGANIZATION_NAME)),
    must("7.1.4.3.1 (c)", "ca-country", "the subject must have countryName, a code of ISO 3166-1", ca_country),
];

/// A subordinate CA that has issued the leaf: it is no Cross Certificate, and used for S/MIME.
#[rustfmt::skip]
pub(super) const ISSUING: &[Rule] = &[
    must("7.1.2.2 (g)", "ca-extended-key-usage", "extKeyUsage must be present and have emailProtection",
        extended_key_usage),
    must("7.1.2.2 (g)", "ca-extended-key-usage-forbidden",
        "extKeyUsage must not have serverAuth, codeSigning or timeStamping", |it| has_purpose_of(it, OTHER_PURPOSES)),
    must("7.1.2.2 (g)", "ca-extended-key-usage-others",
        "extKeyUsage must have nothing but emailProtection and clientAuth since 2027-07-01",
        other_purposes).since(PURPOSES_END),
];

/// Version 1.0.15 (SMC017v2): 2026-09-15.
const RSA_4096: Timestamp = Timestamp::constant(1_789_430_400, 0);

fn ca(it: &Examined<'_>) -> Finding {
    match it.certificate.basic_constraints() {
        Ok(None) => Some("it is missing".to_owned()),
        Ok(Some(constraints)) if constraints.is_ca => None,
        _ => Some("it has not".to_owned()),
    }
}

fn path_length(it: &Examined<'_>) -> Finding {
    let length = it.certificate.basic_constraints().ok()??.path_length?;
    Some(format!("it is {length}"))
}

fn ca_key_usage(it: &Examined<'_>) -> Finding {
    match it.certificate.key_usage() {
        None => Some("it is missing".to_owned()),
        Some(usage) if usage.key_cert_sign() && usage.crl_sign() => None,
        Some(usage) => Some(format!("it is {usage}")),
    }
}

/// An affiliate's CA may have anyPolicy in their place.
fn ca_reserved_policy(it: &Examined<'_>) -> Finding {
    it.certificate.extension(POLICIES)?;
    let policies = policies(it.certificate);
    let will_do =
        |policy: &ObjectIdentifier| *policy == ANY_POLICY || Profile::of_policy(policy).is_some();
    (!policies.iter().any(will_do)).then(|| "it has neither".to_owned())
}

fn ca_crl_points_http(it: &Examined<'_>) -> Finding {
    it.certificate.extension(CRL_POINTS)?;
    (!crl_uris(it).iter().any(is_http)).then(|| "it has none".to_owned())
}

fn ca_issuers_http(it: &Examined<'_>) -> Finding {
    it.certificate.extension(ACCESS)?;
    let places = places(it, ID_AD_CA_ISSUERS);
    (!places.iter().any(is_http)).then(|| "it has none".to_owned())
}

/// A certificate without keyIdentifier has a departure of its own.
fn subject_key_match(it: &Examined<'_>) -> Finding {
    let subject = it.certificate.subject_key_identifier()?;
    let authority = it.issued?.authority_key_identifier()?;
    (subject != authority).then(|| {
        format!(
            "{} has {}",
            it.issued.map_or("", |it| it.subject()),
            hexadecimal(authority)
        )
    })
}

fn permitted_mailboxes(it: &Examined<'_>) -> Finding {
    let constraints = it.certificate.name_constraints().ok()??;
    let is_domain = |octets: &[u8]| {
        let text = std::str::from_utf8(octets).unwrap_or_default();
        let domain = text.strip_prefix('.').unwrap_or(text);
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || c == b'-')
        };
        domain.split('.').all(is_label)
    };
    let others = constraints
        .permitted
        .iter()
        .filter(|name| matches!(name, GeneralName::Rfc822(octets) if !is_domain(octets)));
    found("it has", others)
}

fn lacks_attribute(it: &Examined<'_>, attribute_type: ObjectIdentifier) -> Finding {
    let subject = it.names.first()?;
    let has = subject
        .attributes()
        .any(|attribute| attribute.is(attribute_type));
    (!has).then(|| "it has none".to_owned())
}

fn ca_country(it: &Examined<'_>) -> Finding {
    let subject = it.names.first()?;
    let mut attributes = subject.attributes();
    let Some(country) = attributes.find(|attribute| attribute.is(COUNTRY_NAME)) else {
        return Some("it has none".to_owned());
    };
    let code = country.text().unwrap_or_default();
    (!is_assigned(code)).then(|| format!("it is {}", quoted(code)))
}
