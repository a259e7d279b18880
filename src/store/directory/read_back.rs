//! What is read back from disk: untrusted, as if a stranger had written it.

use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::asn1::reader::hexadecimal;
use crate::collect::succession::Predecessor;
use crate::keys::directory::Existing;
use crate::keys::pem;
use crate::keys::preferences::Preferences;
use crate::store::{Provenance, Unusable};
use crate::x509::Certificate;

/// The certificate of an address, with what else is in its file.
#[derive(Debug)]
pub(super) struct ReadBack {
    /// The one that is encrypted to.
    pub(super) certificate: Certificate,
    /// The others.
    pub(super) others: Vec<Certificate>,
    /// Where it comes from, if that belongs to it.
    pub(super) provenance: Option<Provenance>,
}

impl ReadBack {
    /// Of the content of `<address>.crt` and `<address>.json`. Of several certificates the address's
    /// own is the one that the provenance is of, else the first that may be encrypted to, else the
    /// first.
    pub(super) fn read(
        address: &Address,
        certificates: &Existing,
        provenance: Option<&Existing>,
    ) -> Result<ReadBack, Unusable> {
        let mut certificates = pem::certificates(certificates.content.expose())?;
        let provenance = provenance.and_then(|json| Provenance::from_json(json.content.expose()));
        let is_for = |certificate: &Certificate| {
            let mut emails = certificate.emails().iter();
            emails.any(|email| email.matches(address))
        };
        let is_proved = |certificate: &Certificate| {
            let fingerprint = certificate.sha256_fingerprint();
            let provenance = provenance.as_ref();
            provenance.is_some_and(|provenance| provenance.certificate == fingerprint)
        };
        let own = |is_it: &dyn Fn(&Certificate) -> bool| {
            let mut certificates = certificates.iter();
            certificates.position(|certificate| is_for(certificate) && is_it(certificate))
        };
        let own = own(&is_proved)
            .or_else(|| own(&Certificate::may_receive))
            .or_else(|| own(&|_| true));
        let Some(own) = own else {
            return Err(Unusable::OtherAddress {
                address: address.clone(),
            });
        };
        let certificate = certificates.remove(own);
        let fingerprint = certificate.sha256_fingerprint();
        Ok(ReadBack {
            provenance: provenance
                .filter(|it| it.certificate == fingerprint && it.address.matches(address)),
            certificate,
            others: certificates,
        })
    }

    pub(super) fn predecessor(&self) -> Predecessor {
        let provenance = self.provenance.as_ref();
        Predecessor {
            certificate: self.certificate.clone(),
            signing_time: provenance.and_then(|provenance| provenance.signing_time),
        }
    }
}

/// What stands beside a certificate in `<address>.json`.
pub(super) enum Beside {
    /// Nothing that is of any use.
    Nothing,
    /// Where this certificate comes from.
    Own(Box<Provenance>),
    /// What the operator knows of the address; or another program.
    Operators,
}

impl Beside {
    pub(super) fn read(json: Option<&Existing>, fingerprint: &[u8; 32]) -> Beside {
        let Some(json) = json.map(|json| json.content.expose()) else {
            return Beside::Nothing;
        };
        match Provenance::from_json(json) {
            Some(provenance) if provenance.certificate == *fingerprint => {
                Beside::Own(Box::new(provenance))
            }
            Some(_) => Beside::Nothing,
            None => match Preferences::from_json(json) {
                Ok(preferences) if preferences.certificate.is_none() => Beside::Operators,
                _ => Beside::Nothing,
            },
        }
    }
}

/// The name without its extension by which a file is kept in the history: the fingerprint of its
/// certificate, or of its octets if there is none.
pub(super) fn kept_name(read: &Result<ReadBack, Unusable>, existing: &Existing) -> String {
    match read {
        Ok(read) => hexadecimal(&read.certificate.sha256_fingerprint()),
        Err(_) => hexadecimal(&Sha256::digest(existing.content.expose())),
    }
}
