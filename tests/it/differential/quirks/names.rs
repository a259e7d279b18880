//! Whom a certificate is for, and for whom a CA may issue.

use super::issuer;
use crate::differential::names::{Attribute, GeneralName, Name};
use crate::differential::pki::Pki;
use crate::differential::random::Random;

/// Names and bases of constraints of one form. What is in which must come out often both ways.
struct Form {
    names: fn() -> Vec<GeneralName>,
    bases: fn() -> Vec<GeneralName>,
}

const FORMS: &[Form] = &[
    Form {
        names: || {
            mailboxes(&[
                "alice@example.com",
                "alice@mail.example.com",
                "alice@other.example",
            ])
        },
        bases: || {
            mailboxes(&[
                "example.com",
                "EXAMPLE.com",
                ".example.com",
                "alice@example.com",
                "",
            ])
        },
    },
    Form {
        names: || mailboxes(&["alice@example.com", "alice@other.example"]),
        bases: || mailboxes(&[""]),
    },
    Form {
        names: || mailboxes(&["Alice@example.com"]),
        bases: || mailboxes(&["alice@example.com", "alice@EXAMPLE.com", "other.example"]),
    },
    Form {
        names: || international(&["alice@example.com"]),
        bases: || mailboxes(&["alice@example.com", "example.com"]),
    },
    Form {
        names: || international(&["élise@mail.example.com"]),
        bases: || mailboxes(&["mail.example.com", ".example.com"]),
    },
    Form {
        names: || {
            dns(&[
                "example.com",
                "host.example.com",
                "*.example.com",
                "other.example",
            ])
        },
        bases: || {
            dns(&[
                "example.com",
                ".example.com",
                "host.example.com",
                "other.example",
                "",
            ])
        },
    },
    Form {
        names: || dns(&["*.example.com"]),
        bases: || dns(&["host.example.com"]),
    },
    Form {
        names: || dns(&["host.example.com", "other.example"]),
        bases: || dns(&[".example.com"]),
    },
    // Only the common name may look like one.
    Form {
        names: Vec::new,
        bases: || dns(&["example.com", "other.example"]),
    },
    Form {
        names: || directories(&[("DE", "Acme"), ("DE", "acme "), ("US", "Acme")]),
        bases: || directories(&[("DE", "Acme"), ("DE", "ACME"), ("US", "Acme")]),
    },
    Form {
        names: || {
            uris(&[
                "http://host.example.com/x",
                "https://example.com:8443/",
                "urn:uuid:1",
            ])
        },
        bases: uri_bases,
    },
    Form {
        names: || uris(&["https://user@example.com/"]),
        bases: uri_bases,
    },
    Form {
        names: || uris(&["http://192.0.2.1/"]),
        bases: uri_bases,
    },
    Form {
        names: || ips(&[&[192, 0, 2, 1], &[192, 0, 3, 1], &SIXTEEN]),
        bases: || {
            ips(&[
                &[192, 0, 2, 0, 255, 255, 255, 0],
                &[192, 0, 2, 1, 255, 255, 255, 255],
                &[&SIXTEEN[..], &[255; 4], &[0; 12]].concat(),
            ])
        },
    },
    Form {
        names: || ips(&[&[192, 0, 2, 1], &[192, 0, 3, 1]]),
        bases: || ips(&[&[192, 0, 2, 1, 255, 0, 255, 255]]),
    },
    Form {
        names: || vec![GeneralName::RegisteredId("1.2.3.4")],
        bases: || vec![GeneralName::RegisteredId("1.2.3")],
    },
];

const SIXTEEN: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

fn uri_bases() -> Vec<GeneralName> {
    uris(&["host.example.com", ".example.com", "example.com"])
}

fn mailboxes(texts: &[&str]) -> Vec<GeneralName> {
    texts
        .iter()
        .map(|text| GeneralName::Mailbox((*text).to_owned()))
        .collect()
}

fn international(texts: &[&str]) -> Vec<GeneralName> {
    let name = |text: &&str| GeneralName::InternationalMailbox((*text).to_owned());
    texts.iter().map(name).collect()
}

fn dns(texts: &[&str]) -> Vec<GeneralName> {
    texts
        .iter()
        .map(|text| GeneralName::Dns((*text).to_owned()))
        .collect()
}

fn uris(texts: &[&str]) -> Vec<GeneralName> {
    texts
        .iter()
        .map(|text| GeneralName::Uri((*text).to_owned()))
        .collect()
}

fn ips(addresses: &[&[u8]]) -> Vec<GeneralName> {
    addresses
        .iter()
        .map(|octets| GeneralName::Ip(octets.to_vec()))
        .collect()
}

fn directories(names: &[(&str, &str)]) -> Vec<GeneralName> {
    let name = |(country, organization): &(&str, &str)| {
        GeneralName::Directory(Name::in_country(country, organization))
    };
    names.iter().map(name).collect()
}

/// Some other name than the plain one.
pub fn of_the_leaf(pki: &mut Pki, random: &mut Random) {
    let choice = random.below(5);
    let form = random.pick(FORMS);
    let more = few(&(form.names)(), random);
    pki.change(pki.leaf(), |leaf| match choice {
        // Only in the distinguished name, as it was done of old.
        0 => {
            leaf.alternative.clear();
            leaf.subject = Name::of("Alice").and(Attribute::EmailAddress, "alice@example.com");
        }
        1 => {
            leaf.subject = Name::of("Alice").and(Attribute::EmailAddress, "alice@other.example");
        }
        2 => leaf.subject = Name(Vec::new()),
        3 => leaf.subject = Name::of("host.example.com"),
        _ => leaf.alternative.extend(more),
    });
}

/// Names of one form for the leaf, and constraints on them in one or two CAs above.
pub fn constraints(pki: &mut Pki, random: &mut Random) {
    let form = random.pick(FORMS);
    let names = few(&(form.names)(), random);
    let (beside, no_names) = (random.one_in(2), names.is_empty());
    pki.change(pki.leaf(), |leaf| {
        if no_names {
            leaf.subject = Name::of("host.example.com");
        } else if beside {
            leaf.alternative.extend(names);
        } else {
            leaf.alternative = names;
        }
    });
    if random.one_in(6) {
        of_the_leaf(pki, random);
    }
    for _ in 0..*random.pick(&[1, 1, 2]) {
        let bases = (form.bases)();
        let (permitted, excluded) = match random.below(5) {
            0 => (few(&bases, random), few(&bases, random)),
            1 | 2 => (Vec::new(), few(&bases, random)),
            _ => (few(&bases, random), Vec::new()),
        };
        issuer(pki, random, |ca| {
            ca.permitted = permitted;
            ca.excluded = excluded;
        });
    }
}

/// One of these, or sometimes two.
fn few(from: &[GeneralName], random: &mut Random) -> Vec<GeneralName> {
    let count = if random.one_in(4) { 2 } else { 1 };
    let count = count.min(from.len());
    (0..count).map(|_| random.pick(from).clone()).collect()
}
