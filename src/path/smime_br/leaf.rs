//! The rules for subscribers' certificates but for their names: 7.1.2.3, who issues them (6.1.7), their
//! validity (6.3.2) and the end of the Legacy generation (7.1.6.1).

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER as AUTHORITY_KEY, ID_CE_CERTIFICATE_POLICIES as POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS as CRL_POINTS, ID_CE_INHIBIT_ANY_POLICY,
    ID_CE_KEY_USAGE as KEY_USAGE, ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS,
    ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_DIRECTORY_ATTRIBUTES as DIRECTORY_ATTRIBUTES,
    ID_CE_SUBJECT_KEY_IDENTIFIER as SUBJECT_KEY, ID_PE_AUTHORITY_INFO_ACCESS as ACCESS,
};
use jiff::Timestamp;

use super::every::is_rsa_under;
use super::key_identifier::{authority_key_issuer, authority_key_present};
use super::key_usage::{
    ANY_PURPOSE, OTHER_PURPOSES, PURPOSES_END, extended_key_usage, extended_key_usage_strict,
    has_purpose_of, key_usage_bits, other_purposes,
};
use super::organization_identifier::is_lei;
use super::places::{access_http, ca_issuers_present, crl_points_http};
use super::policies::{any_policy, cps_uri, reserved_policy, user_notice};
use super::profile::{CertificateType, Generation};
use super::rule::{Examined, Finding, Rule, found, must, should};
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::reader::Reader;
use crate::asn1::tag;
use crate::x509::information_access::{ID_AD_CA_ISSUERS, ID_AD_OCSP};

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    must("6.1.5", "issuer-rsa-modulus", "an RSA modulus of the issuing CA must have 3072 bits since 2027-09-15",
        issuer_rsa_modulus).since(RSA_3072),
    must("6.1.7", "issued-by-root", "a root must not issue to subscribers", issued_by_root),
    must("6.3.2", "validity-period", "the certificate must be valid for 825 days at most, 1185 if Legacy",
        validity_period),
    should("6.3.2", "validity-maximum", "the certificate should not be valid for the longest time there is",
        validity_maximum),

    must("7.1.2.3 (a)", "policies-present", "certificatePolicies must be present", |it| it.lacks(POLICIES)),
    should("7.1.2.3 (a)", "policies-critical", "certificatePolicies should not be critical",
        |it| it.is_critical(POLICIES)),
    must("7.1.2.3 (a)", "reserved-policy", "certificatePolicies must have exactly one policy of 7.1.6.1",
        reserved_policy),
    must("7.1.2.3 (a)", "any-policy", "certificatePolicies must have no others but documented ones", any_policy),
    must("7.1.2.3 (a)", "cps-uri", "a policy's CPS pointer must be of the scheme http or https", cps_uri),
    must("7.1.2.3 (a)", "user-notice", "a policy's user notice must have explicitText and no noticeRef", user_notice),
    must("7.1.6.1", "legacy-generation", "the profile must not be of the Legacy generation since 2025-07-15",
        legacy_generation).since(LEGACY_END),

    must("7.1.2.3 (b)", "crl-points-present", "cRLDistributionPoints must be present", |it| it.lacks(CRL_POINTS)),
    should("7.1.2.3 (b)", "crl-points-critical", "cRLDistributionPoints should not be critical",
        |it| it.is_critical(CRL_POINTS)),
    must("7.1.2.3 (b)", "crl-points-http", "cRLDistributionPoints must have a URI, and each of http; if Legacy, one",
        crl_points_http),

    should("7.1.2.3 (c)", "access-present", "authorityInfoAccess should be present", |it| it.lacks(ACCESS)),
    must("7.1.2.3 (c)", "access-critical", "authorityInfoAccess must not be critical", |it| it.is_critical(ACCESS)),
    must("7.1.2.3 (c)", "ocsp-http", "each place of OCSP must be of http; if Legacy, one",
        |it| access_http(it, ID_AD_OCSP)),
    should("7.1.2.3 (c)", "ca-issuers-present", "authorityInfoAccess should have a place of caIssuers",
        ca_issuers_present),
    must("7.1.2.3 (c)", "ca-issuers-http", "each place of caIssuers must be of http; if Legacy, one",
        |it| access_http(it, ID_AD_CA_ISSUERS)),

    must("7.1.2.3 (d)", "leaf-no-ca", "basicConstraints must not have cA", leaf_no_ca),
    must("7.1.2.3 (d)", "leaf-no-path-length", "basicConstraints must not have pathLenConstraint", leaf_no_path_length),

    must("7.1.2.3 (e)", "key-usage-present", "keyUsage must be present", |it| it.lacks(KEY_USAGE)),
    should("7.1.2.3 (e)", "key-usage-critical", "keyUsage should be critical", |it| it.is_not_critical(KEY_USAGE)),
    must("7.1.2.3 (e)", "key-usage-bits", "keyUsage must be that of the key, for signing, key management or both",
        key_usage_bits),

    must("7.1.2.3 (f)", "extended-key-usage", "extKeyUsage must be present and have emailProtection",
        extended_key_usage),
    must("7.1.2.3 (f)", "extended-key-usage-forbidden",
        "extKeyUsage must not have serverAuth, codeSigning or timeStamping", |it| has_purpose_of(it, OTHER_PURPOSES)),
    must("7.1.2.3 (f)", "extended-key-usage-any", "extKeyUsage must not have anyExtendedKeyUsage",
        |it| has_purpose_of(it, ANY_PURPOSE)),
    must("7.1.2.3 (f)", "extended-key-usage-others",
        "extKeyUsage must have nothing but emailProtection and clientAuth since 2027-07-01",
        other_purposes).since(PURPOSES_END),
    must("7.1.2.3 (f)", "extended-key-usage-strict", "extKeyUsage must have nothing else if Strict",
        extended_key_usage_strict),

    must("7.1.2.3 (g)", "authority-key-present", "authorityKeyIdentifier must be present and have keyIdentifier",
        authority_key_present),
    must("7.1.2.3 (g)", "authority-key-critical", "authorityKeyIdentifier must not be critical",
        |it| it.is_critical(AUTHORITY_KEY)),
    must("7.1.2.3 (g)", "authority-key-issuer",
        "authorityKeyIdentifier must not have authorityCertIssuer or authorityCertSerialNumber", authority_key_issuer),

    must("7.1.2.3 (i)", "smime-capabilities-critical", "smimeCapabilities must not be critical",
        |it| it.is_critical(oid::SMIME_CAPABILITIES)),
    must("7.1.2.3 (j)", "directory-attributes-present", "subjectDirectoryAttributes must not be present unless Legacy",
        directory_attributes_present),
    must("7.1.2.3 (j)", "directory-attributes-critical", "subjectDirectoryAttributes must not be critical",
        |it| it.is_critical(DIRECTORY_ATTRIBUTES)),
    must("7.1.2.3 (k)", "qc-statements-critical", "qcStatements must not be critical",
        |it| it.is_critical(QC_STATEMENTS)),
    must("7.1.2.3 (l)", "lei-present", "a Legal Entity Identifier must not be present without an organization",
        lei_present),
    must("7.1.2.3 (l)", "lei-role-present",
        "the role of a Legal Entity Identifier must not be present unless Sponsor-validated", lei_role_present),
    must("7.1.2.3 (l)", "lei-critical", "a Legal Entity Identifier must not be critical",
        |it| it.is_critical(LEI).or_else(|| it.is_critical(LEI_ROLE))),
    must("7.1.2.3 (l)", "lei-syntax", "a Legal Entity Identifier must be one of ISO 17442", lei_syntax),
    must("7.1.2.3 (m)", "adobe-present", "the extensions of Adobe must not be present if Strict", adobe_present),
    must("7.1.2.3 (m)", "adobe-critical", "the extensions of Adobe must not be critical",
        |it| ADOBE.iter().find_map(|id| it.is_critical(*id))),
    should("7.1.2.3 (n)", "subject-key-present", "subjectKeyIdentifier should be present", |it| it.lacks(SUBJECT_KEY)),
    must("7.1.2.3 (n)", "subject-key-critical", "subjectKeyIdentifier must not be critical",
        |it| it.is_critical(SUBJECT_KEY)),
    must("7.1.2.4", "ca-extensions", "extensions for CAs must not be present (RFC 5280 4.2.1)", ca_extensions),
];

/// Version 1.0.15 (SMC017v2): 2027-09-15.
const RSA_3072: Timestamp = Timestamp::constant(1_820_966_400, 0);

/// 7.1.6.1: 2025-07-15.
const LEGACY_END: Timestamp = Timestamp::constant(1_752_537_600, 0);

/// RFC 3739 3.2.6.
const QC_STATEMENTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.3");

/// ISO 17442-2: the identifier, and a role in the organization that has it.
const LEI: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.52266.1");
const LEI_ROLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.52266.2");

/// Time-stamp and ArchiveRevInfo.
const ADOBE: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.2.840.113583.1.1.9.1"),
    ObjectIdentifier::new_unwrap("1.2.840.113583.1.1.9.2"),
];

/// Of a subordinate CA; a root must not have issued it at all.
fn issuer_rsa_modulus(it: &Examined<'_>) -> Finding {
    let issuer = it.issuer.filter(|issuer| !issuer.is_self_signed())?;
    is_rsa_under(issuer, 3072)
}

fn issued_by_root(it: &Examined<'_>) -> Finding {
    let issuer = it.issuer?;
    issuer
        .is_self_signed()
        .then(|| format!("{} has signed its own certificate", issuer.subject()))
}

const DAY: i64 = 86_400;

fn longest_validity(it: &Examined<'_>) -> i64 {
    match it.generation() {
        Generation::Legacy => 1185 * DAY,
        Generation::Multipurpose | Generation::Strict => 825 * DAY,
    }
}

/// In seconds: the last one belongs to it (RFC 5280 4.1.2.5).
fn validity(it: &Examined<'_>) -> i64 {
    let (begin, end) = (it.certificate.not_before(), it.certificate.not_after());
    end.as_second() - begin.as_second() + 1
}

/// 6.3.2: whatever is more than a day of 86,400 seconds is another day.
fn validity_period(it: &Examined<'_>) -> Finding {
    let (seconds, longest) = (validity(it), longest_validity(it));
    let days = seconds / DAY + i64::from(seconds % DAY > 0);
    (seconds > longest).then(|| format!("it is for {days}"))
}

fn validity_maximum(it: &Examined<'_>) -> Finding {
    (validity(it) == longest_validity(it)).then(|| "it is".to_owned())
}

fn legacy_generation(it: &Examined<'_>) -> Finding {
    let is_legacy = it.profile?.generation == Generation::Legacy;
    is_legacy.then(|| {
        format!(
            "issued on {}",
            it.certificate.not_before().strftime("%Y-%m-%d")
        )
    })
}

fn leaf_no_ca(it: &Examined<'_>) -> Finding {
    let constraints = it.certificate.basic_constraints().ok()??;
    constraints.is_ca.then(|| "it has".to_owned())
}

fn leaf_no_path_length(it: &Examined<'_>) -> Finding {
    let length = it.certificate.basic_constraints().ok()??.path_length?;
    Some(format!("it is {length}"))
}

fn directory_attributes_present(it: &Examined<'_>) -> Finding {
    it.has(DIRECTORY_ATTRIBUTES)
        .filter(|_| it.generation() != Generation::Legacy)
}

fn lei_present(it: &Examined<'_>) -> Finding {
    let kind = it.profile?.kind;
    let has_organization = matches!(
        kind,
        CertificateType::Organization | CertificateType::Sponsor
    );
    it.has(LEI).filter(|_| !has_organization)
}

fn lei_role_present(it: &Examined<'_>) -> Finding {
    let kind = it.profile?.kind;
    it.has(LEI_ROLE)
        .filter(|_| kind != CertificateType::Sponsor)
}

/// ISO 17442-2: `LEI ::= PrintableString (SIZE(20))`.
fn lei_syntax(it: &Examined<'_>) -> Finding {
    let (value, _) = it.certificate.extension(LEI)?;
    let mut reader = Reader::new(value);
    let text = reader
        .expect(tag::PRINTABLE_STRING)
        .map(|text| reader.value(&text));
    let is_sound = text.is_ok_and(|text| std::str::from_utf8(text).is_ok_and(is_lei));
    (!is_sound).then(|| format!("it is \"{}\"", value.escape_ascii()))
}

fn adobe_present(it: &Examined<'_>) -> Finding {
    let found = ADOBE
        .iter()
        .find_map(|id| it.has(*id).map(|_| format!("{id} is present")));
    found.filter(|_| it.generation() == Generation::Strict)
}

/// RFC 5280 4.2.1.10: only in the certificates of CAs; 4.2.1.5, 4.2.1.11 and 4.2.1.14 know no other.
fn ca_extensions(it: &Examined<'_>) -> Finding {
    let extensions = [
        ("nameConstraints", ID_CE_NAME_CONSTRAINTS),
        ("policyMappings", ID_CE_POLICY_MAPPINGS),
        ("policyConstraints", ID_CE_POLICY_CONSTRAINTS),
        ("inhibitAnyPolicy", ID_CE_INHIBIT_ANY_POLICY),
    ];
    let present = extensions.iter().filter(|(_, id)| it.has(*id).is_some());
    found("it has", present.map(|(name, _)| name))
}
