//! Everything a certificate says, for people in lines and for scripts in JSON.

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS,
    ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_PE_AUTHORITY_INFO_ACCESS,
};
use jiff::Timestamp;
use mailseal::asn1::oid::{self, ObjectIdentifier};
use mailseal::asn1::reader::{self, dotted, hexadecimal};
use mailseal::crypto::SignatureAlgorithm;
use mailseal::report::CertificateReport;
use mailseal::x509::distribution_point::DistributionPointName;
use mailseal::x509::general_name::GeneralName;
use mailseal::x509::information_access::{ID_AD_CA_ISSUERS, ID_AD_OCSP};
use mailseal::x509::policies::{ANY_POLICY, CertificatePolicies};
use mailseal::x509::{Certificate, ExtendedKeyUsage, Version};
use serde::Serialize;

use crate::cli::failure::causes;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// The extensions that have lines of their own.
const SHOWN: [ObjectIdentifier; 10] = [
    ID_CE_AUTHORITY_KEY_IDENTIFIER,
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS,
    ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_PE_AUTHORITY_INFO_ACCESS,
];

/// What a certificate says. An extension that is not there is null or empty.
#[derive(Serialize)]
pub(super) struct Details {
    #[serde(flatten)]
    report: CertificateReport,
    sha1: String,
    x509_version: u8,
    /// Whole days until it expires, negative after that.
    days_left: i64,
    #[serde(skip)]
    has_begun: bool,
    key: KeyDetails,
    signature_algorithm: String,
    /// What stands where an address belongs and is none.
    unusable_emails: Vec<String>,
    /// The names of the subjectAltName that are no mail addresses.
    other_names: Vec<String>,
    key_usage: Option<Vec<&'static str>>,
    extended_key_usage: Option<Vec<String>>,
    is_ca: bool,
    path_length: Option<u32>,
    subject_key_identifier: Option<String>,
    authority_key_identifier: Option<String>,
    policies: Vec<String>,
    permitted_names: Vec<String>,
    excluded_names: Vec<String>,
    crls: Vec<String>,
    ocsp: Vec<String>,
    ca_issuers: Vec<String>,
    /// All of them, in the order of the certificate.
    extensions: Vec<ExtensionDetails>,
    /// The names of those that cannot be read.
    malformed_extensions: Vec<&'static str>,
}

#[derive(Serialize)]
struct KeyDetails {
    /// Null for a key that is not supported.
    kind: Option<&'static str>,
    bits: Option<usize>,
    legacy: bool,
    /// What is wrong with it.
    detail: Option<String>,
}

#[derive(Serialize)]
struct ExtensionDetails {
    id: String,
    critical: bool,
    /// Of its value, in octets.
    length: usize,
}

impl Details {
    pub(super) fn of(certificate: &Certificate, now: Timestamp) -> Details {
        let mut malformed = Malformed(Vec::new());
        let constraints = malformed.unless("basicConstraints", certificate.basic_constraints());
        let (is_ca, path_length) =
            constraints.map_or((false, None), |it| (it.is_ca, it.path_length));
        let names = malformed.unless("subjectAltName", certificate.subject_alt_names());
        let is_mailbox = |name: &&GeneralName<'_>| matches!(name, GeneralName::Rfc822(_));
        let name_constraints = malformed.unless("nameConstraints", certificate.name_constraints());
        let (permitted, excluded) =
            name_constraints.map_or_else(Default::default, |it| (it.permitted, it.excluded));
        let points = malformed.unless("cRLDistributionPoints", certificate.distribution_points());
        let crls = points.iter().flat_map(|point| match &point.name {
            Some(DistributionPointName::Full(names)) => &names[..],
            _ => &[],
        });
        let access = certificate.authority_information_access();
        let access = malformed.unless("authorityInfoAccess", access);
        let locations = |method: ObjectIdentifier| -> Vec<String> {
            let of_method = access.iter().filter(|it| it.method == method.as_bytes());
            of_method.map(|it| it.location.to_string()).collect()
        };
        Details {
            report: CertificateReport::of(certificate),
            sha1: hexadecimal(&certificate.sha1_fingerprint()),
            x509_version: match certificate.version() {
                Version::V1 => 1,
                Version::V2 => 2,
                Version::V3 => 3,
            },
            days_left: days_left(certificate, now),
            has_begun: certificate.not_before() <= now,
            key: KeyDetails::of(certificate),
            signature_algorithm: signature_algorithm(certificate),
            unusable_emails: certificate.unusable_emails().to_vec(),
            other_names: all(names.iter().filter(|name| !is_mailbox(name))),
            key_usage: certificate.key_usage().map(|usage| usage.names().collect()),
            extended_key_usage: certificate
                .extended_key_usage()
                .map(|usage| ExtendedKeyUsage::names(usage).collect()),
            is_ca,
            path_length,
            subject_key_identifier: certificate.subject_key_identifier().map(hexadecimal),
            authority_key_identifier: certificate.authority_key_identifier().map(hexadecimal),
            policies: policies(certificate, &mut malformed),
            permitted_names: all(&permitted),
            excluded_names: all(&excluded),
            crls: crls.map(ToString::to_string).collect(),
            ocsp: locations(ID_AD_OCSP),
            ca_issuers: locations(ID_AD_CA_ISSUERS),
            extensions: certificate
                .extensions()
                .map(|(id, critical, value)| ExtensionDetails {
                    id: dotted(id),
                    critical,
                    length: value.len(),
                })
                .collect(),
            malformed_extensions: malformed.0,
        }
    }

    /// Labels and values; a label that is empty goes on with the one before.
    pub(super) fn lines(&self, certificate: &Certificate) -> Vec<(&'static str, String)> {
        let report = &self.report;
        let critical = |id: ObjectIdentifier| match certificate.extension(id) {
            Some((_, true)) => " (critical)",
            _ => "",
        };
        let mut lines = Lines(Vec::new());
        lines.one("subject", &report.subject);
        lines.one("issuer", &report.issuer);
        lines.one("serial number", &report.serial);
        lines.one("version", self.x509_version.to_string());
        let begin = &report.not_before;
        lines.one(
            "valid from",
            match self.has_begun {
                true => begin.clone(),
                false => format!("{begin}, not yet"),
            },
        );
        lines.one("valid to", self.end(certificate));
        lines.one("public key", self.key.words());
        lines.one("signature", &self.signature_algorithm);
        lines.all("addresses", &report.emails);
        let unusable = self.unusable_emails.iter();
        lines.all("no addresses", unusable.map(|name| format!("\"{name}\"")));
        lines.all("other names", &self.other_names);
        if let Some(usage) = certificate.key_usage() {
            lines.one("key usage", format!("{usage}{}", critical(ID_CE_KEY_USAGE)));
        }
        if let Some(usage) = certificate.extended_key_usage() {
            let critical = critical(ID_CE_EXT_KEY_USAGE);
            lines.one("extended key usage", format!("{usage}{critical}"));
        }
        if certificate.extension(ID_CE_BASIC_CONSTRAINTS).is_some() {
            let critical = critical(ID_CE_BASIC_CONSTRAINTS);
            lines.one("basic constraints", format!("{}{critical}", self.ca()));
        }
        lines.all("subject key", &self.subject_key_identifier);
        lines.all("authority key", &self.authority_key_identifier);
        let any = ANY_POLICY.to_string();
        let named = |policy: &String| match *policy == any {
            true => format!("{policy} (any)"),
            false => policy.clone(),
        };
        lines.all("policies", self.policies.iter().map(named));
        lines.all("permitted names", &self.permitted_names);
        lines.all("excluded names", &self.excluded_names);
        lines.all("CRLs", &self.crls);
        lines.all("OCSP", &self.ocsp);
        lines.all("issuer's certificate", &self.ca_issuers);
        let others = certificate.extensions().filter(|(id, ..)| {
            let is_shown = |shown: &ObjectIdentifier| shown.as_bytes() == *id;
            !SHOWN.iter().any(is_shown)
        });
        lines.all(
            "other extensions",
            others.map(|(id, critical, value)| other_extension(id, critical, value.len())),
        );
        let marked = [
            ID_CE_KEY_USAGE,
            ID_CE_EXT_KEY_USAGE,
            ID_CE_BASIC_CONSTRAINTS,
        ];
        let unmarked = SHOWN.iter().filter(|id| !marked.contains(id));
        let critical = unmarked.filter(|id| !critical(**id).is_empty());
        lines.all("also critical", critical.map(oid::name));
        lines.all("malformed", &self.malformed_extensions);
        lines.one("SHA-1", &self.sha1);
        lines.one("SHA-256", &report.sha256);
        lines.0
    }

    fn end(&self, certificate: &Certificate) -> String {
        let end = &self.report.not_after;
        if is_without_end(certificate) {
            return "without end".to_owned();
        }
        match self.days_left {
            days @ 0.. => format!("{end}, {} left", in_days(days)),
            // Whole days, rounded down: -1 is within the first day.
            -1 => format!("{end}, expired less than a day ago"),
            days => format!("{end}, expired {} ago", in_days(-1 - days)),
        }
    }

    fn ca(&self) -> String {
        match (self.is_ca, self.path_length) {
            (false, _) => "not a CA".to_owned(),
            (true, None) => "a CA".to_owned(),
            (true, Some(limit)) => format!("a CA, with at most {limit} CAs below it"),
        }
    }
}

impl KeyDetails {
    fn of(certificate: &Certificate) -> KeyDetails {
        match certificate.public_key() {
            Ok(key) => KeyDetails {
                kind: Some(key.kind()),
                bits: Some(key.bits()),
                legacy: key.is_legacy(),
                detail: None,
            },
            Err(error) => KeyDetails {
                kind: None,
                bits: None,
                legacy: false,
                detail: Some(causes(&error)),
            },
        }
    }

    fn words(&self) -> String {
        match (self.kind, self.bits, &self.detail) {
            (Some(kind), Some(bits), _) => {
                format!("{kind}, {bits} bits{}", no_longer_safe(self.legacy))
            }
            (_, _, Some(detail)) => detail.clone(),
            _ => "unknown".to_owned(),
        }
    }
}

pub(super) fn no_longer_safe(is_legacy: bool) -> &'static str {
    match is_legacy {
        true => " (no longer safe)",
        false => "",
    }
}

/// The names of extensions that could not be read: shown all the same, for who shows a certificate
/// wants to know what is wrong with it.
struct Malformed(Vec<&'static str>);

impl Malformed {
    fn unless<T: Default>(&mut self, name: &'static str, read: Result<T, reader::Error>) -> T {
        read.unwrap_or_else(|_| {
            self.0.push(name);
            T::default()
        })
    }
}

fn in_days(days: i64) -> String {
    match days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

struct Lines(Vec<(&'static str, String)>);

impl Lines {
    fn one(&mut self, label: &'static str, value: impl Into<String>) {
        self.0.push((label, value.into()));
    }

    fn all(&mut self, label: &'static str, values: impl IntoIterator<Item = impl ToString>) {
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        let values = values.into_iter().map(|value| value.to_string());
        self.0.extend(labels.zip(values));
    }
}

/// Whole days until it expires, negative after that.
pub(super) fn days_left(certificate: &Certificate, now: Timestamp) -> i64 {
    let seconds = certificate.not_after().as_second() - now.as_second();
    seconds.div_euclid(SECONDS_A_DAY)
}

/// RFC 5280 4.1.2.5: 99991231235959Z, which no clock here reaches.
pub(super) fn is_without_end(certificate: &Certificate) -> bool {
    certificate.not_after().as_second() >= Timestamp::MAX.as_second()
}

fn signature_algorithm(certificate: &Certificate) -> String {
    let named = |algorithm: SignatureAlgorithm| {
        let name = match algorithm.is_over_digest() {
            true => format!("{} with {}", algorithm.name(), algorithm.digest().name()),
            false => algorithm.name().to_owned(),
        };
        format!("{name}{}", no_longer_safe(algorithm.is_legacy()))
    };
    certificate
        .signature_algorithm()
        .map_or_else(|error| causes(&error), named)
}

fn policies(certificate: &Certificate, malformed: &mut Malformed) -> Vec<String> {
    let Some((value, _)) = certificate.extension(ID_CE_CERTIFICATE_POLICIES) else {
        return Vec::new();
    };
    let read = CertificatePolicies::from_der(value).map(|policies| policies.0);
    let policies = malformed.unless("certificatePolicies", read);
    policies.iter().map(ToString::to_string).collect()
}

fn all<'a>(names: impl IntoIterator<Item = &'a GeneralName<'a>>) -> Vec<String> {
    let shown = |name: &GeneralName<'_>| match name {
        GeneralName::Rfc822(_)
        | GeneralName::Dns(_)
        | GeneralName::Directory(_)
        | GeneralName::Uri(_)
        | GeneralName::Ip(_) => format!("{} {name}", name.form()),
        name => name.to_string(),
    };
    names.into_iter().map(shown).collect()
}

fn other_extension(id: &[u8], critical: bool, length: usize) -> String {
    let numbers = dotted(id);
    let name = ObjectIdentifier::from_bytes(id).map(|id| oid::name(&id));
    let name = match name {
        Ok(name) if name != numbers => format!("{numbers} ({name})"),
        _ => numbers,
    };
    let critical = if critical { ", critical" } else { "" };
    format!("{name}, {length} octets{critical}")
}
