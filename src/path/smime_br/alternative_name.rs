//! The rules for the subjectAltName of subscribers: 7.1.2.3 (h) and 7.1.4.2.1.

use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME as ALT_NAME;
use jiff::Timestamp;

use super::profile::Generation;
use super::rule::{Examined, Finding, Rule, found, must, quoted, should};
use crate::address::Address;
use crate::asn1::reader::{Reader, dotted};
use crate::asn1::tag;
use crate::x509::general_name::{GeneralName, ID_ON_SMTP_UTF8_MAILBOX};

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    must("7.1.2.3 (h)", "alt-name-present", "subjectAltName must be present", |it| it.lacks(ALT_NAME)),
    should("7.1.2.3 (h)", "alt-name-critical", "subjectAltName should not be critical beside a subject",
        alt_name_critical),
    must("7.1.2.4", "alt-name-not-critical", "subjectAltName must be critical without a subject (RFC 5280 4.2.1.6)",
        alt_name_not_critical),
    must("7.1.4.2.1", "alt-name-mailbox", "subjectAltName must have an rfc822Name or SmtpUTF8Mailbox",
        alt_name_mailbox),
    must("7.1.4.2.1", "alt-name-forms",
        "subjectAltName must have mailboxes and directoryNames alone, and otherNames unless Strict", alt_name_forms),
    must("7.1.4.2.1", "alt-name-syntax", "mailboxes must be written as RFC 5280 4.2.1.6 and RFC 9598 3 say",
        alt_name_syntax),
    must("7.1.4.2.1", "smtp-utf8-domain",
        "the domain of an SmtpUTF8Mailbox must be in lower case and A-labels (RFC 9598 3)",
        smtp_utf8_domain).since(RFC_9598),
];

/// Version 1.0.6 (SMC08), 2024-08-29, put RFC 9598 in the place of RFC 8398, which has U-labels.
const RFC_9598: Timestamp = Timestamp::constant(1_724_889_600, 0);

fn has_subject(it: &Examined<'_>) -> bool {
    it.certificate.subject_der() != [tag::SEQUENCE, 0]
}

fn alt_name_critical(it: &Examined<'_>) -> Finding {
    it.is_critical(ALT_NAME).filter(|_| has_subject(it))
}

fn alt_name_not_critical(it: &Examined<'_>) -> Finding {
    it.is_not_critical(ALT_NAME).filter(|_| !has_subject(it))
}

/// The mailbox of a name that is one.
pub(super) fn mailbox(name: &GeneralName<'_>) -> Option<Address> {
    match name {
        GeneralName::Rfc822(octets) => address(octets),
        name => address(smtp_utf8_mailbox(name)?),
    }
}

fn address(octets: &[u8]) -> Option<Address> {
    let text = std::str::from_utf8(octets).ok()?;
    Address::parse(text).ok()
}

/// What is in an SmtpUTF8Mailbox; nothing if it is no UTF8String.
fn smtp_utf8_mailbox<'a>(name: &GeneralName<'a>) -> Option<&'a [u8]> {
    match name {
        GeneralName::Other { type_id, value } if *type_id == ID_ON_SMTP_UTF8_MAILBOX.as_bytes() => {
            let mut reader = Reader::new(value);
            let text = reader
                .expect(tag::UTF8_STRING)
                .map(|text| reader.value(&text));
            Some(text.unwrap_or_default())
        }
        _ => None,
    }
}

fn alt_name_mailbox(it: &Examined<'_>) -> Finding {
    it.certificate.extension(ALT_NAME)?;
    let is_mailbox = |name: &GeneralName<'_>| {
        matches!(name, GeneralName::Rfc822(_)) || smtp_utf8_mailbox(name).is_some()
    };
    let has_mailbox = it.alternative_names.iter().any(is_mailbox);
    (!has_mailbox).then(|| "it has none".to_owned())
}

fn alt_name_forms(it: &Examined<'_>) -> Finding {
    let is_allowed = |name: &&GeneralName<'_>| match name {
        GeneralName::Rfc822(_) | GeneralName::Directory(_) => true,
        GeneralName::Other { .. } => {
            it.generation() != Generation::Strict || smtp_utf8_mailbox(name).is_some()
        }
        _ => false,
    };
    let others = it.alternative_names.iter().filter(|name| !is_allowed(name));
    found(
        "it has",
        others.map(|name| match name {
            GeneralName::Other { type_id, .. } => format!("an otherName of {}", dotted(type_id)),
            name => name.form().to_owned(),
        }),
    )
}

/// RFC 9598 3: an SmtpUTF8Mailbox is for a local part beyond ASCII, and has no byte order mark.
fn alt_name_syntax(it: &Examined<'_>) -> Finding {
    let is_sound = |name: &&GeneralName<'_>| match name {
        GeneralName::Rfc822(octets) => octets.is_ascii() && address(octets).is_some(),
        name => smtp_utf8_mailbox(name).is_none_or(|octets| {
            let mailbox = address(octets).filter(|_| !octets.starts_with(b"\xef\xbb\xbf"));
            mailbox.is_some_and(|mailbox| !mailbox.is_ascii())
        }),
    };
    let others = it.alternative_names.iter().filter(|name| !is_sound(name));
    found(
        "it has",
        others.map(|name| match smtp_utf8_mailbox(name) {
            Some(octets) => quoted(&String::from_utf8_lossy(octets)),
            None => format!("\"{name}\""),
        }),
    )
}

fn smtp_utf8_domain(it: &Examined<'_>) -> Finding {
    let mailboxes = it.alternative_names.iter().filter_map(smtp_utf8_mailbox);
    let others = mailboxes
        .filter_map(address)
        .filter(|mailbox| mailbox.written_domain() != mailbox.domain());
    found(
        "it has",
        others.map(|mailbox| quoted(mailbox.written_domain())),
    )
}
