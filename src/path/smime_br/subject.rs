//! The rules for what the names of a subscriber say: 7.1.4.2, for the subject and the directoryNames of
//! the subjectAltName.

use std::collections::HashSet;

use jiff::Timestamp;

use super::attribute::{self, ATTRIBUTES, Attribute, Demand};
use super::country::is_assigned;
use super::organization_identifier::OrganizationIdentifier;
use super::profile::{CertificateType, Generation};
use super::rule::{Examined, Finding, Rule, found, must, quoted, should};
use crate::address::Address;
use crate::asn1::oid::{ID_EMAIL_ADDRESS, ObjectIdentifier};
use crate::x509::name::{self, Name};

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    must("7.1.4", "attribute-string-type", "attributes must be of the string types of RFC 5280 4.1.2.4", string_types),
    must("7.1.4.2", "attribute-placeholder", "attributes must not stand for a value that is not there", placeholders),
    must("7.1.4.2.1", "subject-mailboxes", "mailboxes of subject and directoryNames must be in subjectAltName too",
        subject_mailboxes),
    must("7.1.4.2.2 (a)", "common-name",
        "commonName must be a mailbox of subjectAltName, or organizationName if Organization-validated", common_name),
    must("7.1.4.2.2 (a)", "common-name-pseudonym",
        "commonName beside pseudonym must hold it or be a mailbox of subjectAltName", common_name_pseudonym),
    must("7.1.4.2.2 (a)", "attribute-length", "attributes must keep to the upper bounds of RFC 5280 A.1", lengths),
    must("7.1.4.2.2 (d)", "organization-identifier",
        "organizationIdentifier must be a Registration Reference of a scheme of A.1", organization_identifier),
    must("7.1.4.2.2 (d)", "organization-identifier-country",
        "organizationIdentifier must have the country of countryName", organization_identifier_country),
    should("7.1.4.2.2 (d)", "organization-identifier-euid", "an organization of a German register should have an EUID",
        organization_identifier_euid).since(EUID),
    must("7.1.4.2.2 (f)", "pseudonym-alone", "pseudonym must not be beside givenName or surname", pseudonym_alone),
    must("7.1.4.2.2 (h)", "email-address", "emailAddress must be a single mailbox", email_address),
    must("7.1.4.2.2 (j)", "street-address-place", "streetAddress must be beside localityName or stateOrProvinceName",
        |it| needs(it, attribute::STREET_ADDRESS, &[attribute::LOCALITY_NAME, attribute::STATE_OR_PROVINCE_NAME])),
    must("7.1.4.2.2 (k)", "locality-country", "localityName must be beside countryName",
        |it| needs(it, attribute::LOCALITY_NAME, &[attribute::COUNTRY_NAME])),
    must("7.1.4.2.2 (l)", "state-country", "stateOrProvinceName must be beside countryName",
        |it| needs(it, attribute::STATE_OR_PROVINCE_NAME, &[attribute::COUNTRY_NAME])),
    must("7.1.4.2.2 (m)", "postal-code-country", "postalCode must be beside countryName",
        |it| needs(it, attribute::POSTAL_CODE, &[attribute::COUNTRY_NAME])),
    must("7.1.4.2.2 (n)", "country-code", "countryName must be a code of ISO 3166-1, or XX", country_code),

    must("7.1.4.2.3", "mailbox-attributes", "the names must have the attributes of Mailbox-validated alone",
        |it| surplus(it, CertificateType::Mailbox)),
    must("7.1.4.2.4", "organization-attributes", "the names must have the attributes of Organization-validated alone",
        |it| surplus(it, CertificateType::Organization)),
    must("7.1.4.2.4", "organization-required", "the subject must have organizationName and organizationIdentifier",
        |it| wanting(it, CertificateType::Organization)),
    must("7.1.4.2.5", "sponsor-attributes", "the names must have the attributes of Sponsor-validated alone",
        |it| surplus(it, CertificateType::Sponsor)),
    must("7.1.4.2.5", "sponsor-required", "the subject must have organizationName and organizationIdentifier",
        |it| wanting(it, CertificateType::Sponsor)),
    must("7.1.4.2.5", "sponsor-person",
        "the subject must name a person: givenName, surname or pseudonym; if Legacy, commonName will do",
        |it| nobody(it, CertificateType::Sponsor)),
    must("7.1.4.2.6", "individual-attributes", "the names must have the attributes of Individual-validated alone",
        |it| surplus(it, CertificateType::Individual)),
    must("7.1.4.2.6", "individual-person",
        "the subject must name a person: givenName, surname or pseudonym; if Legacy, commonName will do",
        |it| nobody(it, CertificateType::Individual)),
];

/// Since version 1.0.9 (SMC011), 2025-05-14.
const EUID: Timestamp = Timestamp::constant(1_747_180_800, 0);

/// The attributes of all names.
fn attributes<'n>(it: &'n Examined<'_>) -> impl Iterator<Item = &'n name::Attribute<'n>> {
    it.names.iter().flat_map(Name::attributes)
}

/// The texts of the attributes of this type.
fn texts<'n>(
    name: &'n Name<'_>,
    attribute_type: ObjectIdentifier,
) -> impl Iterator<Item = &'n str> {
    name.attributes()
        .filter(move |attribute| attribute.is(attribute_type))
        .filter_map(name::Attribute::text)
}

fn has(name: &Name<'_>, attribute_type: ObjectIdentifier) -> bool {
    name.attributes()
        .any(|attribute| attribute.is(attribute_type))
}

fn string_types(it: &Examined<'_>) -> Finding {
    let others = attributes(it).filter_map(|attribute| {
        let known = Attribute::of(attribute)?;
        (!known.strings.contains(&attribute.string_type())).then_some(known.name)
    });
    found("of another are", others)
}

/// 7.1.4.2: values of nothing but metadata such as ".", "-" and " ".
fn placeholders(it: &Examined<'_>) -> Finding {
    let says_nothing = |text: &&str| !text.chars().any(char::is_alphanumeric);
    let texts = attributes(it).filter_map(name::Attribute::text);
    found("there is", texts.filter(says_nothing).map(quoted))
}

/// Outside of emailAddress only what cannot be meant otherwise is a mailbox.
fn subject_mailboxes(it: &Examined<'_>) -> Finding {
    let named = attributes(it).filter_map(|attribute| {
        let mailbox = Address::parse(attribute.text()?).ok()?;
        (attribute.is(ID_EMAIL_ADDRESS) || mailbox.domain().contains('.')).then_some(mailbox)
    });
    let others = named.filter(|mailbox| !it.mailboxes.contains(mailbox));
    found(
        "it lacks",
        others.map(|mailbox| quoted(&mailbox.to_string())),
    )
}

fn is_mailbox_of(it: &Examined<'_>, text: &str) -> bool {
    Address::parse(text).is_ok_and(|mailbox| it.mailboxes.contains(&mailbox))
}

/// The personal names of the other two types can be written in any way.
fn common_name(it: &Examined<'_>) -> Finding {
    let may_be_organization = match it.profile?.kind {
        CertificateType::Mailbox => false,
        CertificateType::Organization => true,
        CertificateType::Sponsor | CertificateType::Individual => return None,
    };
    let others = it.names.iter().flat_map(|name| {
        let organizations: HashSet<&str> = texts(name, attribute::ORGANIZATION_NAME)
            .filter(|_| may_be_organization)
            .collect();
        texts(name, attribute::COMMON_NAME)
            .filter(move |text| !organizations.contains(text) && !is_mailbox_of(it, text))
    });
    found("it is", others.map(quoted))
}

fn common_name_pseudonym(it: &Examined<'_>) -> Finding {
    let others = it.names.iter().flat_map(|name| {
        // A stranger's name may have thousands.
        let pseudonyms: Vec<&str> = texts(name, attribute::PSEUDONYM).take(8).collect();
        texts(name, attribute::COMMON_NAME).filter(move |text| {
            let holds = pseudonyms.iter().any(|pseudonym| text.contains(pseudonym));
            !pseudonyms.is_empty() && !holds && !is_mailbox_of(it, text)
        })
    });
    found("it is", others.map(quoted))
}

fn lengths(it: &Examined<'_>) -> Finding {
    let long = attributes(it).filter_map(|attribute| {
        let (known, length) = (Attribute::of(attribute)?, attribute.text()?.chars().count());
        let is_long = known.upper_bound.is_some_and(|bound| length > bound);
        is_long.then(|| format!("{} of {length} characters", known.name))
    });
    found("it has", long)
}

fn organization_identifier(it: &Examined<'_>) -> Finding {
    let is_sound =
        |text: &&str| OrganizationIdentifier::parse(text).is_some_and(|it| it.is_sound());
    let all = it
        .names
        .iter()
        .flat_map(|name| texts(name, attribute::ORGANIZATION_IDENTIFIER));
    found("it is", all.filter(|text| !is_sound(text)).map(quoted))
}

fn organization_identifier_country(it: &Examined<'_>) -> Finding {
    it.names.iter().find_map(|name| {
        let country = texts(name, attribute::COUNTRY_NAME).next()?;
        let mut identifiers = texts(name, attribute::ORGANIZATION_IDENTIFIER)
            .filter_map(OrganizationIdentifier::parse);
        let other = identifiers.find(|identifier| !identifier.agrees_with(country))?;
        Some(format!(
            "it has {}, countryName is {}",
            other.country,
            quoted(country)
        ))
    })
}

fn organization_identifier_euid(it: &Examined<'_>) -> Finding {
    let all = it
        .names
        .iter()
        .flat_map(|name| texts(name, attribute::ORGANIZATION_IDENTIFIER));
    let lacking =
        all.filter(|text| OrganizationIdentifier::parse(text).is_some_and(|it| it.lacks_euid()));
    found("it has", lacking.map(quoted))
}

fn pseudonym_alone(it: &Examined<'_>) -> Finding {
    it.names
        .iter()
        .filter(|name| has(name, attribute::PSEUDONYM))
        .find_map(|name| {
            let beside = [
                ("givenName", attribute::GIVEN_NAME),
                ("surname", attribute::SURNAME),
            ];
            found(
                "it is beside",
                beside
                    .iter()
                    .filter(|(_, id)| has(name, *id))
                    .map(|(name, _)| name),
            )
        })
}

fn email_address(it: &Examined<'_>) -> Finding {
    let of_type = attributes(it).filter(|attribute| attribute.is(ID_EMAIL_ADDRESS));
    let texts = of_type.map(|attribute| attribute.text().unwrap_or_default());
    found(
        "it is",
        texts
            .filter(|text| Address::parse(text).is_err())
            .map(quoted),
    )
}

/// An attribute that may only be used beside one of these.
fn needs(
    it: &Examined<'_>,
    attribute_type: ObjectIdentifier,
    beside: &[ObjectIdentifier],
) -> Finding {
    let lacks =
        |name: &Name<'_>| has(name, attribute_type) && !beside.iter().any(|id| has(name, *id));
    it.names.iter().any(lacks).then(|| "it is not".to_owned())
}

fn country_code(it: &Examined<'_>) -> Finding {
    let is_known = |code: &&str| *code == "XX" || is_assigned(code);
    let all = it
        .names
        .iter()
        .flat_map(|name| texts(name, attribute::COUNTRY_NAME));
    found("it is", all.filter(|code| !is_known(code)).map(quoted))
}

/// Attributes that certificates of this type, if it is one, must not have.
fn surplus(it: &Examined<'_>, kind: CertificateType) -> Finding {
    let profile = it.profile.filter(|profile| profile.kind == kind)?;
    let others = attributes(it)
        .filter(|attribute| !attribute::demand(attribute, kind).allows(profile.generation));
    found("they have", others.map(attribute::shown))
}

/// Attributes that the subject of a certificate of this type, if it is one, must have and lacks.
fn wanting(it: &Examined<'_>, kind: CertificateType) -> Finding {
    it.profile.filter(|profile| profile.kind == kind)?;
    let subject = it.names.first()?;
    let required = ATTRIBUTES
        .iter()
        .filter(|known| known.demand(kind) == Demand::Shall);
    let missing = required.filter(|known| !has(subject, known.attribute_type));
    found("it lacks", missing.map(|known| known.name))
}

/// Notes 1 and 2 of 7.1.4.2.5 and 7.1.4.2.6.
fn nobody(it: &Examined<'_>, kind: CertificateType) -> Finding {
    let profile = it.profile.filter(|profile| profile.kind == kind)?;
    let subject = it.names.first()?;
    let mut of_person = vec![
        attribute::GIVEN_NAME,
        attribute::SURNAME,
        attribute::PSEUDONYM,
    ];
    if profile.generation == Generation::Legacy {
        of_person.push(attribute::COMMON_NAME);
    }
    let names_somebody = of_person.iter().any(|id| has(subject, *id));
    (!names_somebody).then(|| "it names nobody".to_owned())
}
