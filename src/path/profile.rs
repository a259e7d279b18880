//! What each certificate must be, seen alone: one check a clause, in the order of the tables.
//!
//! What depends on the certificates around it is the business of
//! [`processing`](super::processing), and who issued it that of [`build`](super::build).

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_FRESHEST_CRL,
    ID_CE_INHIBIT_ANY_POLICY, ID_CE_ISSUER_ALT_NAME, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS,
    ID_CE_POLICY_CONSTRAINTS, ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_OCSP_SIGNING,
};

use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::reader::dotted;
use crate::path::signature::{self, Signed};
use crate::path::{Error, Purpose, Validation};
use crate::x509::{Certificate, ExtendedKeyUsage, KeyUsage, Version};

type Check = fn(&Certificate, &Validation<'_>) -> Result<(), Error>;

/// The end entity.
const LEAF: &[Check] = &[
    validity,
    known_critical_extensions,
    leaf_key_usage,
    extended_key_usage,
    sound_key,
    sound_signature_algorithm,
];

/// A CA between the leaf and the trust anchor. Its key, like that of an anchor, is looked at where
/// it is first [used](super::signature::public_key).
const INTERMEDIATE: &[Check] = &[
    is_a_ca,
    may_sign_certificates,
    validity,
    known_critical_extensions,
    extended_key_usage,
    sound_signature_algorithm,
];

/// A trust anchor. RFC 5280 6.1.1 (d) knows its name and key alone. The certificate that carries
/// them was chosen by people, whose software (OpenSSL, NSS, GnuPG) holds its own limits against
/// it; so do we, as RFC 5937 has it.
const ANCHOR: &[Check] = &[
    anchor_is_a_ca,
    may_sign_certificates,
    validity,
    known_critical_extensions,
    extended_key_usage,
];

/// The certificate of an OCSP responder that answers for the CA which issued it (RFC 6960 4.2.2.2).
const OCSP_RESPONDER: &[Check] = &[
    validity,
    known_critical_extensions,
    may_sign_answers,
    is_for_ocsp,
    sound_key,
    sound_signature_algorithm,
];

/// The same where the caller has taken the anchors' own limits off.
const BARE_ANCHOR: &[Check] = &[];

pub(super) fn leaf(certificate: &Certificate, validation: &Validation<'_>) -> Result<(), Error> {
    all(LEAF, certificate, validation)
}

pub(super) fn intermediate(
    certificate: &Certificate,
    validation: &Validation<'_>,
) -> Result<(), Error> {
    all(INTERMEDIATE, certificate, validation)
}

pub(super) fn anchor(certificate: &Certificate, validation: &Validation<'_>) -> Result<(), Error> {
    let checks = match validation.anchor_constraints {
        true => ANCHOR,
        false => BARE_ANCHOR,
    };
    all(checks, certificate, validation)
}

pub(super) fn ocsp_responder(
    certificate: &Certificate,
    validation: &Validation<'_>,
) -> Result<(), Error> {
    all(OCSP_RESPONDER, certificate, validation)
}

fn all(
    checks: &[Check],
    certificate: &Certificate,
    validation: &Validation<'_>,
) -> Result<(), Error> {
    checks
        .iter()
        .try_for_each(|check| check(certificate, validation))
}

/// RFC 5280 6.1.3 (a)(2); 4.1.2.5: both ends belong to the period.
fn validity(certificate: &Certificate, validation: &Validation<'_>) -> Result<(), Error> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    let subject = || certificate.subject().to_owned();
    if validation.at < not_before {
        return Err(Error::NotYetValid {
            subject: subject(),
            not_before,
        });
    }
    // The period ends with the last moment of its last second.
    if validation.at.as_second() > not_after.as_second() {
        return Err(Error::Expired {
            subject: subject(),
            not_after,
        });
    }
    Ok(())
}

/// RFC 5280 6.1.4 (k): version 3 with basicConstraints and cA. An older certificate would have to
/// be known for a CA's by other means; there are none here but to trust it.
fn is_a_ca(certificate: &Certificate, _: &Validation<'_>) -> Result<(), Error> {
    let why = match (certificate.version(), basic_constraints(certificate)?) {
        (Version::V1 | Version::V2, _) => "it is not of version 3",
        (Version::V3, None) => "it has no basicConstraints",
        (Version::V3, Some(false)) => "its basicConstraints say so",
        (Version::V3, Some(true)) => return Ok(()),
    };
    Err(Error::NotACa {
        subject: certificate.subject().to_owned(),
        why,
    })
}

/// The same for an anchor, where RFC 5280 6.1.4 (k)'s other means are the trust put in it: a
/// certificate of version 1 or 2 will do, and so will its basicConstraints if it has any.
fn anchor_is_a_ca(certificate: &Certificate, validation: &Validation<'_>) -> Result<(), Error> {
    match (certificate.version(), basic_constraints(certificate)?) {
        (Version::V1 | Version::V2, None) => Ok(()),
        (Version::V1 | Version::V2, Some(true)) => Ok(()),
        _ => is_a_ca(certificate, validation),
    }
}

fn basic_constraints(certificate: &Certificate) -> Result<Option<bool>, Error> {
    let constraints = certificate
        .basic_constraints()
        .map_err(Error::malformed(certificate, "basicConstraints"))?;
    Ok(constraints.map(|constraints| constraints.is_ca))
}

/// RFC 5280 6.1.4 (n): a keyUsage, if there is one, has keyCertSign.
fn may_sign_certificates(certificate: &Certificate, _: &Validation<'_>) -> Result<(), Error> {
    key_usage(certificate, "keyCertSign", KeyUsage::key_cert_sign)
}

/// RFC 8550 4.4.2, for mail; for everything else the protocol has to look.
fn leaf_key_usage(certificate: &Certificate, validation: &Validation<'_>) -> Result<(), Error> {
    match validation.purpose {
        Purpose::EmailSigning => {
            key_usage(certificate, "digitalSignature or nonRepudiation", |_| {
                certificate.may_sign()
            })
        }
        Purpose::EmailReceiving => {
            key_usage(certificate, "keyEncipherment or keyAgreement", |_| {
                certificate.may_receive()
            })
        }
        _ => Ok(()),
    }
}

fn key_usage(
    certificate: &Certificate,
    needed: &'static str,
    allows: impl Fn(KeyUsage) -> bool,
) -> Result<(), Error> {
    match certificate.key_usage() {
        Some(usage) if !allows(usage) => Err(Error::KeyUsage {
            subject: certificate.subject().to_owned(),
            needed,
            allowed: usage.to_string(),
        }),
        _ => Ok(()),
    }
}

/// RFC 5280 4.2.1.12 for the leaf. In CA certificates RFC 5280 gives it no meaning; every product
/// takes it for a limit on what the CA may issue for, and CAs are run on that understanding
/// (Mozilla root store policy 5.3, Baseline Requirements 7.1.2).
fn extended_key_usage(certificate: &Certificate, validation: &Validation<'_>) -> Result<(), Error> {
    let purpose = validation.purpose.extended_key_usage();
    let (Some(needed), Some(usage)) = (purpose, certificate.extended_key_usage()) else {
        return Ok(());
    };
    if ExtendedKeyUsage::permits(usage, needed) {
        return Ok(());
    }
    Err(Error::ExtendedKeyUsage {
        subject: certificate.subject().to_owned(),
        needed: oid::name(&needed),
        allowed: usage.to_string(),
    })
}

/// RFC 6960 4.2.2.2 asks for the extended key usage; RFC 5280 4.2.1.3 for the bit that goes with it.
fn may_sign_answers(certificate: &Certificate, _: &Validation<'_>) -> Result<(), Error> {
    key_usage(certificate, "digitalSignature or nonRepudiation", |_| {
        certificate.may_sign()
    })
}

/// RFC 6960 4.2.2.2: by name. That a certificate is for anything does not make it a responder's.
fn is_for_ocsp(certificate: &Certificate, _: &Validation<'_>) -> Result<(), Error> {
    let usage = certificate.extended_key_usage();
    if usage.is_some_and(|usage| usage.contains(ID_KP_OCSP_SIGNING)) {
        return Ok(());
    }
    Err(Error::ExtendedKeyUsage {
        subject: certificate.subject().to_owned(),
        needed: oid::name(&ID_KP_OCSP_SIGNING),
        allowed: usage.map_or("any".to_owned(), ToString::to_string),
    })
}

/// RFC 5280 4.2: the extensions that are processed here or, like the key identifiers and the
/// places of CRLs, ask nothing of path validation.
const KNOWN_EXTENSIONS: &[ObjectIdentifier] = &[
    ID_CE_AUTHORITY_KEY_IDENTIFIER,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_CE_KEY_USAGE,
    ID_CE_CERTIFICATE_POLICIES,
    ID_CE_POLICY_MAPPINGS,
    ID_CE_SUBJECT_ALT_NAME,
    ID_CE_ISSUER_ALT_NAME,
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_NAME_CONSTRAINTS,
    ID_CE_POLICY_CONSTRAINTS,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_CRL_DISTRIBUTION_POINTS,
    ID_CE_INHIBIT_ANY_POLICY,
    ID_CE_FRESHEST_CRL,
];

/// RFC 5280 6.1.4 (o), 6.1.5 (f).
fn known_critical_extensions(certificate: &Certificate, _: &Validation<'_>) -> Result<(), Error> {
    let is_known = |id: &[u8]| KNOWN_EXTENSIONS.iter().any(|known| known.as_bytes() == id);
    let unknown = certificate
        .extensions()
        .find(|(id, is_critical, _)| *is_critical && !is_known(id));
    match unknown {
        None => Ok(()),
        Some((id, ..)) => Err(Error::UnknownCriticalExtension {
            subject: certificate.subject().to_owned(),
            extension: dotted(id),
        }),
    }
}

/// RFC 8551 4.3.
fn sound_key(certificate: &Certificate, validation: &Validation<'_>) -> Result<(), Error> {
    signature::public_key(certificate, validation.allow_legacy).map(|_| ())
}

/// RFC 8551 2.2.
fn sound_signature_algorithm(
    certificate: &Certificate,
    validation: &Validation<'_>,
) -> Result<(), Error> {
    Signed::from(certificate)
        .algorithm(validation.allow_legacy)
        .map(|_| ())
}
