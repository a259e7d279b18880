//! What keys are for, and what else a certificate says of itself.

use mailseal::path::Purpose;

use super::any;
use crate::differential::certificate::{
    ANY_PURPOSE, CLIENT_AUTH, CODE_SIGNING, CRL_SIGN, DIGITAL_SIGNATURE, EMAIL_PROTECTION,
    KEY_AGREEMENT, KEY_CERT_SIGN, KEY_ENCIPHERMENT, NON_REPUDIATION, SERVER_AUTH,
};
use crate::differential::pki::Pki;
use crate::differential::random::Random;

pub fn key_usage(pki: &mut Pki, random: &mut Random) {
    let place = *random.pick(&pki.chain);
    let usages: &[Option<u8>] = match place == pki.leaf() {
        true => &[
            None,
            Some(NON_REPUDIATION),
            Some(KEY_ENCIPHERMENT),
            Some(KEY_AGREEMENT),
            Some(DIGITAL_SIGNATURE | KEY_AGREEMENT),
            Some(KEY_CERT_SIGN),
        ],
        false => &[
            None,
            Some(KEY_CERT_SIGN),
            Some(CRL_SIGN),
            Some(DIGITAL_SIGNATURE),
            Some(DIGITAL_SIGNATURE | KEY_CERT_SIGN | CRL_SIGN),
        ],
    };
    let usage = *random.pick(usages);
    pki.change(place, |certificate| certificate.key_usage = usage);
}

pub fn extended_key_usage(pki: &mut Pki, random: &mut Random) {
    let purposes: &[Option<&[&str]>] = &[
        None,
        Some(&[EMAIL_PROTECTION]),
        Some(&[EMAIL_PROTECTION, CLIENT_AUTH]),
        Some(&[ANY_PURPOSE]),
        Some(&[SERVER_AUTH, ANY_PURPOSE]),
        Some(&[SERVER_AUTH]),
        Some(&[CODE_SIGNING]),
    ];
    let purposes = random.pick(purposes).map(<[&str]>::to_vec);
    any(pki, random, |certificate| certificate.purposes = purposes);
}

pub fn purpose(pki: &mut Pki, random: &mut Random) {
    pki.purpose = *random.pick(&[
        Purpose::Any,
        Purpose::Any,
        Purpose::EmailReceiving,
        Purpose::EmailReceiving,
        Purpose::Server,
        Purpose::Client,
    ]);
    let (usage, purposes) = match pki.purpose {
        Purpose::EmailReceiving => {
            let usages = [
                KEY_AGREEMENT,
                KEY_ENCIPHERMENT,
                KEY_AGREEMENT | KEY_ENCIPHERMENT,
            ];
            (*random.pick(&usages), EMAIL_PROTECTION)
        }
        Purpose::Server => (
            *random.pick(&[DIGITAL_SIGNATURE, NON_REPUDIATION]),
            SERVER_AUTH,
        ),
        Purpose::Client => (
            *random.pick(&[DIGITAL_SIGNATURE, NON_REPUDIATION]),
            CLIENT_AUTH,
        ),
        _ => return,
    };
    if !random.one_in(6) {
        pki.change(pki.leaf(), |leaf| {
            leaf.key_usage = Some(usage);
            leaf.purposes = Some(vec![purposes]);
        });
    }
}

pub fn critical_extensions(pki: &mut Pki, random: &mut Random) {
    let choice = random.below(6);
    if choice == 5 {
        // Not even trust helps one who cannot be understood.
        pki.change(pki.leaf(), |leaf| leaf.is_doubled = true);
        pki.anchors.push(pki.leaf());
        pki.partial_chain = true;
        return;
    }
    any(pki, random, |certificate| match choice {
        0 => certificate.is_doubled = true,
        1 | 2 => certificate.unknown = Some(false),
        _ => certificate.unknown = Some(true),
    });
}
