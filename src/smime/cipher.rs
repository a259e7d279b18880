//! Which content cipher every recipient of a message can decrypt.
//!
//! AES-GCM, though RFC 8551 2.7 makes it a MUST, is blank in Thunderbird 153 and an error in
//! gpgsm 2.2. So it is used where every recipient's own mail has announced it
//! (SMIMECapabilities, RFC 8551 2.5.2), and AES-256-CBC everywhere else.
//!
//! # Not supported
//!
//! CBC of another size, CCM and ChaCha20-Poly1305 by announcement: who wants them chooses them.

use std::fmt;

use crate::address::Address;
use crate::crypto::ContentCipher;
use crate::keys::RecipientCertificate;

/// The ciphers that are worth an announcement, the best first.
const PREFERRED: [ContentCipher; 2] = [ContentCipher::Aes256Gcm, ContentCipher::Aes128Gcm];

/// A cipher, and why it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CipherChoice {
    /// The cipher.
    pub cipher: ContentCipher,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Announced,
    /// Nothing is known of what this recipient's mail client can do.
    Unknown(Address),
    /// This recipient's mail client is known, and has not announced it.
    NotAnnounced(Address),
    /// Each recipient announced one, but no one is announced by all.
    Divided,
}

impl CipherChoice {
    /// The best cipher for these recipients of one envelope.
    pub fn for_recipients<'a>(
        recipients: impl Iterator<Item = (&'a Address, &'a RecipientCertificate)>,
    ) -> CipherChoice {
        let announced = recipients.map(|(address, certificate)| {
            let capabilities = certificate.capabilities();
            (address, capabilities)
        });
        CipherChoice::for_capabilities(announced)
    }

    fn for_capabilities<'a>(
        recipients: impl Iterator<Item = (&'a Address, &'a [ContentCipher])>,
    ) -> CipherChoice {
        let mut common = PREFERRED.to_vec();
        let mut reason = Reason::Announced;
        for (address, capabilities) in recipients {
            common.retain(|cipher| capabilities.contains(cipher));
            if reason != Reason::Announced {
                continue;
            }
            if capabilities.is_empty() {
                reason = Reason::Unknown(address.clone());
            } else if !PREFERRED.iter().any(|cipher| capabilities.contains(cipher)) {
                reason = Reason::NotAnnounced(address.clone());
            }
        }
        match common.first() {
            Some(&cipher) => CipherChoice { cipher, reason },
            None => CipherChoice {
                cipher: ContentCipher::Aes256Cbc,
                reason: match reason {
                    Reason::Announced => Reason::Divided,
                    reason => reason,
                },
            },
        }
    }
}

impl fmt::Display for CipherChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cipher is {}: ", self.cipher)?;
        match &self.reason {
            Reason::Announced => f.write_str("every recipient announces it"),
            Reason::Unknown(address) => {
                write!(f, "nothing is known of what {address} can decrypt")
            }
            Reason::NotAnnounced(address) => write!(f, "{address} does not announce AES-GCM"),
            Reason::Divided => f.write_str("no AES-GCM is announced by all recipients"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContentCipher::{Aes128Gcm, Aes256Cbc, Aes256Gcm};

    fn chosen(recipients: &[(&str, &[ContentCipher])]) -> String {
        let recipients: Vec<(Address, &[ContentCipher])> = recipients
            .iter()
            .map(|(name, capabilities)| {
                let address = Address::parse(&format!("{name}@example.com")).unwrap();
                (address, *capabilities)
            })
            .collect();
        let recipients = recipients.iter().map(|(address, c)| (address, *c));
        CipherChoice::for_capabilities(recipients).to_string()
    }

    #[test]
    fn gcm_is_for_those_who_all_announce_it() {
        let both: &[_] = &[Aes128Gcm, Aes256Cbc, Aes256Gcm];
        let announced = "the cipher is aes256-gcm: every recipient announces it";
        assert_eq!(chosen(&[("ann", both)]), announced);
        assert_eq!(chosen(&[("ann", both), ("bob", &[Aes256Gcm])]), announced);
        assert_eq!(
            chosen(&[("ann", both), ("bob", &[Aes128Gcm])]),
            "the cipher is aes128-gcm: every recipient announces it"
        );
    }

    #[test]
    fn one_who_does_not_keeps_all_with_cbc() {
        assert_eq!(
            chosen(&[("ann", &[Aes256Gcm]), ("bob", &[])]),
            "the cipher is aes256-cbc: nothing is known of what bob@example.com can decrypt"
        );
        assert_eq!(
            chosen(&[("ann", &[Aes256Cbc]), ("bob", &[])]),
            "the cipher is aes256-cbc: ann@example.com does not announce AES-GCM"
        );
        assert_eq!(
            chosen(&[("ann", &[Aes256Gcm]), ("bob", &[Aes128Gcm])]),
            "the cipher is aes256-cbc: no AES-GCM is announced by all recipients"
        );
    }
}
