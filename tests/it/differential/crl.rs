//! A CRL as it is planned, and its DER.

use super::der::{bit_string, element, explicit, extension, implicit, integer, sequence, time};
use super::keys::{KeyIdentifier, ecdsa_with_sha256, sign};
use super::names::Name;

#[derive(Clone, Debug)]
pub struct RevocationList {
    pub issuer: Name,
    /// The key that signs.
    pub signer: usize,
    /// Seconds from now.
    pub this_update: i64,
    pub next_update: i64,
    pub number: u8,
    /// The octets of the serial numbers.
    pub revoked: Vec<Vec<u8>>,
    pub authority_key_identifier: KeyIdentifier,
    pub is_forged: bool,
    pub unknown: Option<bool>,
}

impl RevocationList {
    pub fn der(&self) -> Vec<u8> {
        let algorithm = ecdsa_with_sha256();
        let entry = |serial: &Vec<u8>| sequence(&[element(0x02, serial), time(self.this_update)]);
        let entries: Vec<_> = self.revoked.iter().map(entry).collect();
        let mut extensions = vec![extension("2.5.29.20", false, &integer(self.number))];
        if let Some(octets) = self.authority_key_identifier.octets() {
            let identifier = sequence(&[implicit(0, &octets)]);
            extensions.push(extension("2.5.29.35", false, &identifier));
        }
        if let Some(is_critical) = self.unknown {
            extensions.push(extension("1.3.6.1.4.1.32473.2", is_critical, b"\x05\x00"));
        }
        let mut parts = vec![
            integer(1),
            algorithm.clone(),
            self.issuer.der(),
            time(self.this_update),
            time(self.next_update),
        ];
        // RFC 5280 5.1.2.6: absent where nothing is revoked.
        if !entries.is_empty() {
            parts.push(sequence(&entries));
        }
        parts.push(explicit(0, &sequence(&extensions)));
        let content = sequence(&parts);
        let signed = if self.is_forged { &parts[0] } else { &content };
        let signature = bit_string(&sign(self.signer, signed));
        sequence(&[content, algorithm, signature])
    }
}
