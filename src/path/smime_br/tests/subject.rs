use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME as ALT_NAME;

use super::made::*;
use super::*;
use crate::asn1::tag::{IA5_STRING, PRINTABLE_STRING, TELETEX_STRING, UTF8_STRING};
use crate::x509::testing::rfc822_name;

fn text(id: &'static str, text: &'static str) -> Text<'static> {
    (id, UTF8_STRING, text)
}

fn id(reference: &'static str) -> Text<'static> {
    text("2.5.4.97", reference)
}

fn given_name(name: &'static str) -> Text<'static> {
    text("2.5.4.42", name)
}

fn surname(name: &'static str) -> Text<'static> {
    text("2.5.4.4", name)
}

fn pseudonym(name: &'static str) -> Text<'static> {
    text("2.5.4.65", name)
}

fn street() -> Text<'static> {
    text("2.5.4.9", "Main Street 1")
}

fn locality() -> Text<'static> {
    text("2.5.4.7", "Köln")
}

fn state() -> Text<'static> {
    text("2.5.4.8", "NRW")
}

fn postal_code() -> Text<'static> {
    text("2.5.4.17", "50667")
}

/// An attribute that no table names: domainComponent.
fn other() -> Text<'static> {
    ("0.9.2342.19200300.100.1.25", IA5_STRING, "example")
}

/// Mailbox-validated, with this subject.
fn mailbox(it: &mut Pki, subject: &[Text<'_>]) {
    it.leaf_of(MAILBOX, subject);
}

/// Organization-validated, with these attributes beside those that are required.
fn organization(it: &mut Pki, beside: &[Text<'_>]) {
    it.leaf_of(
        ORGANIZATION,
        &[&[o("Example GmbH"), id("VATDE-1")], beside].concat(),
    );
}

fn sponsor(it: &mut Pki, beside: &[Text<'_>]) {
    it.leaf_of(
        SPONSOR,
        &[&[o("Example GmbH"), id("VATDE-1")], beside].concat(),
    );
}

fn individual(it: &mut Pki, subject: &[Text<'_>]) {
    it.leaf_of(INDIVIDUAL, subject);
}

/// With an organizationIdentifier.
fn registered(it: &mut Pki, reference: &'static str) {
    it.leaf_of(ORGANIZATION, &[o("Example GmbH"), id(reference)]);
}

/// Another generation of the profile that the leaf has, before the end of Legacy.
fn of(it: &mut Pki, policy: &str, subject: &[Text<'_>]) {
    it.issued_on("240101");
    it.leaf_of(policy, subject);
}

fn beside_directory_name(it: &mut Pki, attributes: &[Text<'_>]) {
    let names = [rfc822_name("bob@example.com"), directory_name(attributes)];
    set(&mut it.leaf, ALT_NAME, &alt_names(&names));
}

const LONG: &str = "sixty-five characters, which is one more than a name may have....";

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    (&["attribute-string-type"], |it| mailbox(it, &[("2.5.4.3", TELETEX_STRING, "bob@example.com")])),
    (&["attribute-string-type"], |it| mailbox(it, &[("1.2.840.113549.1.9.1", UTF8_STRING, "bob@example.com")])),
    (&["attribute-string-type"], |it| mailbox(it, &[("2.5.4.5", UTF8_STRING, "1")])),
    (&[], |it| mailbox(it, &[("2.5.4.5", PRINTABLE_STRING, "1")])),
    (&["attribute-string-type"], |it| organization(it, &[("2.5.4.6", UTF8_STRING, "DE")])),

    (&["attribute-placeholder"], |it| organization(it, &[text("2.5.4.11", ".")])),
    (&["attribute-placeholder"], |it| organization(it, &[text("2.5.4.11", " - ")])),
    (&["attribute-placeholder"], |it| organization(it, &[text("2.5.4.11", "")])),
    (&[], |it| organization(it, &[text("2.5.4.11", "R. & D.")])),

    (&[], |it| mailbox(it, &[email("bob@EXAMPLE.com")])),
    (&["subject-mailboxes"], |it| mailbox(it, &[email("eve@example.com")])),
    (&["subject-mailboxes"], |it| individual(it, &[surname("Bob"), cn("eve@example.com")])),
    (&[], |it| individual(it, &[surname("Bob"), cn("Bob@Work")])),
    (&["subject-mailboxes"], |it| beside_directory_name(it, &[email("eve@example.com")])),

    (&["common-name"], |it| mailbox(it, &[cn("Bob")])),
    (&["common-name"], |it| beside_directory_name(it, &[cn("Bob")])),
    (&[], |it| organization(it, &[cn("Example GmbH")])),
    (&[], |it| organization(it, &[cn("bob@example.com")])),
    (&["common-name"], |it| organization(it, &[cn("Example")])),
    (&[], |it| sponsor(it, &[cn("Bobby"), surname("Bob")])),

    (&[], |it| individual(it, &[pseudonym("Batman"), cn("PN: Batman")])),
    (&[], |it| individual(it, &[pseudonym("Batman"), cn("bob@example.com")])),
    (&["common-name-pseudonym"], |it| individual(it, &[pseudonym("Batman"), cn("Bruce Wayne")])),

    (&["attribute-length"], |it| individual(it, &[surname("Bob"), cn(LONG)])),
    (&[], |it| individual(it, &[surname("Bob"), cn(&LONG[1..])])),

    (&[], |it| registered(it, "NTRGB-12345678")),
    (&["organization-identifier"], |it| registered(it, "NTRGB12345678")),
    (&["organization-identifier"], |it| registered(it, "12345678")),
    (&[], |it| organization(it, &[c("DE")])),
    (&["organization-identifier-country"], |it| organization(it, &[c("AT")])),
    (&[], |it| registered(it, "NTRDE-DER3306.HRB12345")),
    (&["organization-identifier-euid"], |it| registered(it, "NTRDE-HRB12345")),
    (&["organization-identifier-euid"], |it| { it.issued_on("250514"); registered(it, "NTRDE-HRB12345"); }),
    (&[], |it| { it.issued_on("250513"); registered(it, "NTRDE-HRB12345"); }),

    (&["pseudonym-alone"], |it| individual(it, &[pseudonym("Batman"), surname("Wayne")])),
    (&["pseudonym-alone"], |it| sponsor(it, &[pseudonym("Batman"), given_name("Bruce")])),

    (&["email-address"], |it| mailbox(it, &[email("bob@example.com, eve@example.com")])),
    (&["email-address"], |it| mailbox(it, &[email("Bob")])),

    (&[], |it| organization(it, &[c("DE"), locality(), street()])),
    (&[], |it| organization(it, &[c("DE"), state(), street()])),
    (&["street-address-place"], |it| organization(it, &[c("DE"), street()])),
    (&["locality-country"], |it| organization(it, &[locality()])),
    (&["state-country"], |it| organization(it, &[state()])),
    (&[], |it| organization(it, &[c("DE"), postal_code()])),
    (&["postal-code-country"], |it| organization(it, &[postal_code()])),

    (&[], |it| individual(it, &[surname("Bob"), c("XX")])),
    (&["country-code"], |it| individual(it, &[surname("Bob"), c("XK")])),
    (&["country-code"], |it| individual(it, &[surname("Bob"), c("de")])),
    (&["country-code"], |it| individual(it, &[surname("Bob"), c("EU")])),
    (&["attribute-length", "country-code"], |it| individual(it, &[surname("Bob"), c("DEU")])),

    (&["mailbox-attributes"], |it| mailbox(it, &[o("Example GmbH")])),
    (&["mailbox-attributes"], |it| mailbox(it, &[surname("Bob")])),
    (&["mailbox-attributes"], |it| of(it, "2.23.140.1.5.1.1", &[other(), email("bob@example.com")])),
    (&["mailbox-attributes"], |it| beside_directory_name(it, &[o("Example GmbH")])),

    (&[], |it| organization(it, &[text("2.5.4.11", "Sales")])),
    (&["organization-attributes"], |it| organization(it, &[surname("Bob")])),
    (&["organization-attributes"], |it| organization(it, &[text("2.5.4.12", "Director")])),
    (&["organization-attributes"], |it| organization(it, &[other()])),
    (&[], |it| of(it, "2.23.140.1.5.2.1", &[o("Example GmbH"), id("VATDE-1"), other()])),
    (&["organization-attributes"], |it| it.leaf_of("2.23.140.1.5.2.3", &[o("Example GmbH"), id("VATDE-1"), c("DE"), postal_code()])),
    (&["organization-required"], |it| it.leaf_of(ORGANIZATION, &[o("Example GmbH")])),
    (&["organization-required"], |it| it.leaf_of(ORGANIZATION, &[id("VATDE-1")])),

    (&[], |it| sponsor(it, &[given_name("Bob"), text("2.5.4.12", "Director")])),
    (&["sponsor-attributes"], |it| sponsor(it, &[surname("Bob"), other()])),
    (&["sponsor-attributes"], |it| it.leaf_of("2.23.140.1.5.3.3", &[o("Example GmbH"), id("VATDE-1"), surname("Bob"), c("DE"), postal_code()])),
    (&["sponsor-required"], |it| it.leaf_of(SPONSOR, &[surname("Bob"), o("Example GmbH")])),
    (&["sponsor-person"], |it| sponsor(it, &[cn("Bob")])),
    (&[], |it| of(it, "2.23.140.1.5.3.1", &[o("Example GmbH"), id("VATDE-1"), cn("Bob")])),
    (&["sponsor-person"], |it| of(it, "2.23.140.1.5.3.1", &[o("Example GmbH"), id("VATDE-1")])),

    (&[], |it| individual(it, &[given_name("Bob"), surname("Example"), c("DE"), locality()])),
    (&["individual-attributes"], |it| individual(it, &[surname("Bob"), o("Example GmbH")])),
    (&["individual-attributes"], |it| individual(it, &[surname("Bob"), other()])),
    (&["individual-attributes"], |it| it.leaf_of("2.23.140.1.5.4.3", &[surname("Bob"), c("DE"), postal_code()])),
    (&["individual-person"], |it| individual(it, &[cn("Bob")])),
    (&[], |it| of(it, "2.23.140.1.5.4.1", &[cn("Bob")])),
];

#[test]
fn names_are_held_to_these() {
    hold(CASES);
}
