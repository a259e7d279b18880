//! keyUsage and extKeyUsage: 7.1.2.3 (e) and (f), and of the latter 7.1.2.2 (g).

use const_oid::db::rfc5280::ID_CE_EXT_KEY_USAGE;
use jiff::Timestamp;

use super::every::key_kind;
use super::profile::Generation;
use super::rule::{Examined, Finding, found};
use crate::x509::ExtendedKeyUsage;

/// What a key can do by 7.1.2.3 (e): sign; and manage keys, by which bit and with which beside it.
fn key_roles(
    kind: &str,
    generation: Generation,
) -> (bool, Option<(&'static str, &'static [&'static str])>) {
    match kind {
        "RSA" if generation == Generation::Strict => (true, Some(("keyEncipherment", &[]))),
        "RSA" => (true, Some(("keyEncipherment", &["dataEncipherment"]))),
        "P-256" | "P-384" | "P-521" => (
            true,
            Some(("keyAgreement", &["encipherOnly", "decipherOnly"])),
        ),
        kind if kind.starts_with("ML-KEM") => (false, Some(("keyEncipherment", &[]))),
        // EdDSA and ML-DSA.
        _ => (true, None),
    }
}

pub(super) fn key_usage_bits(it: &Examined<'_>) -> Finding {
    let usage = it.certificate.key_usage()?;
    let set: Vec<&str> = usage.names().collect();
    let (signs, management) = key_roles(key_kind(it.certificate)?, it.generation());
    let mut allowed = Vec::new();
    if signs && set.contains(&"digitalSignature") {
        allowed.extend(["digitalSignature", "nonRepudiation"]);
    }
    if let Some((bit, beside)) = management.filter(|(bit, _)| set.contains(bit)) {
        allowed.push(bit);
        allowed.extend(beside);
    }
    // RFC 5280 4.2.1.3: each of them excludes the use of the other.
    let only = ["encipherOnly", "decipherOnly"];
    let contradicts_itself = only.iter().all(|bit| set.contains(bit));
    let is_allowed = !allowed.is_empty() && set.iter().all(|bit| allowed.contains(bit));
    (!is_allowed || contradicts_itself).then(|| format!("it is {usage}"))
}

/// The first part of 7.1.2.2 (g) and 7.1.2.3 (f).
pub(super) fn extended_key_usage(it: &Examined<'_>) -> Finding {
    let purposes = purposes(it);
    if purposes.iter().any(|purpose| purpose == EMAIL) {
        return None;
    }
    let nothing = || Some("it has nothing".to_owned());
    it.lacks(ID_CE_EXT_KEY_USAGE)
        .or_else(|| found("it has", purposes))
        .or_else(nothing)
}

const EMAIL: &str = "emailProtection";

/// Those that no certificate for mail may have, but for Cross Certificates, which may have all but
/// [`ANY_PURPOSE`].
pub(super) const OTHER_PURPOSES: &[&str] = &["serverAuth", "codeSigning", "timeStamping"];
pub(super) const ANY_PURPOSE: &[&str] = &["anyExtendedKeyUsage"];

pub(super) fn has_purpose_of(it: &Examined<'_>, forbidden: &[&str]) -> Finding {
    let purposes = purposes(it);
    found(
        "it has",
        purposes
            .iter()
            .filter(|purpose| forbidden.contains(&purpose.as_str())),
    )
}

/// Version 1.0.16 (SMC018): 2027-07-01.
pub(super) const PURPOSES_END: Timestamp = Timestamp::constant(1_814_400_000, 0);

/// Those beside the two that are left from then on; what was forbidden before has its own rules.
pub(super) fn other_purposes(it: &Examined<'_>) -> Finding {
    has_purpose_beside(it, &[EMAIL, "clientAuth"])
}

/// Of a Strict certificate; what is forbidden to all is told by rules of its own.
pub(super) fn extended_key_usage_strict(it: &Examined<'_>) -> Finding {
    if it.generation() != Generation::Strict {
        return None;
    }
    has_purpose_beside(it, &[EMAIL])
}

fn has_purpose_beside(it: &Examined<'_>, allowed: &[&str]) -> Finding {
    let told = [OTHER_PURPOSES, ANY_PURPOSE, allowed].concat();
    let mut purposes = purposes(it);
    purposes.retain(|purpose| !told.contains(&purpose.as_str()));
    found("it has", purposes)
}

/// By the names of RFC 5280, the others as dotted identifiers.
fn purposes(it: &Examined<'_>) -> Vec<String> {
    let usage = it.certificate.extended_key_usage();
    usage
        .map(|usage| ExtendedKeyUsage::names(usage).collect())
        .unwrap_or_default()
}
