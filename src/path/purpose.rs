//! What a certificate is to be used for.

use std::fmt;
use std::str::FromStr;

use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_EMAIL_PROTECTION, ID_KP_SERVER_AUTH};

use crate::asn1::oid::{self, ObjectIdentifier};

/// What a certificate is to be used for: the extended key usage that every certificate of the
/// path must allow, and the key usage of the leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Mail, whichever way (RFC 8550 4.4.4).
    Email,
    /// Signing mail (RFC 8550 4.4.2: digitalSignature or nonRepudiation).
    EmailSigning,
    /// Receiving encrypted mail (keyEncipherment, or keyAgreement for elliptic curves).
    EmailReceiving,
    /// TLS servers. Names are not compared.
    Server,
    /// TLS clients.
    Client,
    /// Anything: no extended key usage is asked for.
    Any,
    /// The purpose of this identifier.
    Other(ObjectIdentifier),
}

impl Purpose {
    /// The extended key usage there has to be, if there is the extension at all.
    pub fn extended_key_usage(self) -> Option<ObjectIdentifier> {
        match self {
            Purpose::Email | Purpose::EmailSigning | Purpose::EmailReceiving => {
                Some(ID_KP_EMAIL_PROTECTION)
            }
            Purpose::Server => Some(ID_KP_SERVER_AUTH),
            Purpose::Client => Some(ID_KP_CLIENT_AUTH),
            Purpose::Any => None,
            Purpose::Other(purpose) => Some(purpose),
        }
    }
}

/// The words of the command line.
impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Purpose::Email => "email",
            Purpose::EmailSigning => "email-signing",
            Purpose::EmailReceiving => "email-receiving",
            Purpose::Server => "server",
            Purpose::Client => "client",
            Purpose::Any => "any",
            Purpose::Other(purpose) => return f.write_str(&oid::name(purpose)),
        })
    }
}

/// Neither a purpose's word nor an object identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the purposes are email, email-signing, email-receiving, server, client, any or an OID")]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(word: &str) -> Result<Purpose, UnknownPurpose> {
        Ok(match word {
            "email" => Purpose::Email,
            "email-signing" => Purpose::EmailSigning,
            "email-receiving" => Purpose::EmailReceiving,
            "server" => Purpose::Server,
            "client" => Purpose::Client,
            "any" => Purpose::Any,
            dotted => Purpose::Other(dotted.parse().map_err(|_| UnknownPurpose)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_identifiers_are_read() {
        for purpose in [
            Purpose::Email,
            Purpose::EmailSigning,
            Purpose::EmailReceiving,
            Purpose::Server,
            Purpose::Client,
            Purpose::Any,
        ] {
            assert_eq!(purpose.to_string().parse(), Ok(purpose));
        }
        let dotted = "1.3.6.1.5.5.7.3.4".parse::<Purpose>().unwrap();
        assert_eq!(dotted.extended_key_usage(), Some(ID_KP_EMAIL_PROTECTION));
        for wrong in ["", "mail", "1..2", "9.9.9"] {
            assert_eq!(wrong.parse::<Purpose>(), Err(UnknownPurpose), "{wrong}");
        }
    }
}
