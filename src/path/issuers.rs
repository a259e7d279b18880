//! The issuers that nobody sent: asked for where the certificates say that they are (id-ad-caIssuers,
//! RFC 5280 4.2.2.1). What comes back is as much a stranger's as the rest of the pool.

use std::collections::HashSet;

use crate::keys::pem;
use crate::path::budget::Budget;
use crate::path::retrieval::{Request, Retrieve, RetrieveError, http_location, in_vain};
use crate::path::{Error, Validation};
use crate::x509::information_access::ID_AD_CA_ISSUERS;
use crate::x509::{Certificate, certs_only};

/// The places that are asked for the issuer of one certificate; honest ones name one or two.
const MAX_LOCATIONS: usize = 4;

/// Who is asked for issuers, and has been.
pub(super) struct MissingIssuers<'a> {
    retrieve: &'a dyn Retrieve,
    validation: &'a Validation<'a>,
    /// Places whose answer of an earlier time has been taken.
    remembered: HashSet<String>,
    /// Places that have been asked now.
    asked: HashSet<String>,
    in_vain: Option<String>,
}

impl<'a> MissingIssuers<'a> {
    pub(super) fn new(
        retrieve: &'a dyn Retrieve,
        validation: &'a Validation<'a>,
    ) -> MissingIssuers<'a> {
        MissingIssuers {
            retrieve,
            validation,
            remembered: HashSet::new(),
            asked: HashSet::new(),
            in_vain: None,
        }
    }

    /// The certificates that may have issued these, from places that have not been asked yet.
    pub(super) fn of(
        &mut self,
        certificates: &[Certificate],
        budget: &mut Budget,
    ) -> Result<Vec<Certificate>, Error> {
        let mut found = Vec::new();
        for location in certificates.iter().flat_map(locations) {
            let request = Request::Issuers { location };
            if self.remembered.insert(location.to_owned())
                && let Some(kept) = self.retrieve.kept(&request)
                && let Ok(certificates) = read(&kept.octets)
                && certificates
                    .iter()
                    .any(|certificate| self.is_current(certificate))
            {
                found.extend(certificates);
                continue;
            }
            if !self.asked.insert(location.to_owned()) {
                continue;
            }
            budget.consume_retrieval()?;
            match self.ask(&request) {
                Ok(certificates) => found.extend(certificates),
                Err(error) => self.in_vain = Some(in_vain(location, &*error)),
            }
        }
        Ok(found)
    }

    /// The reason that there is no path, with what was tried for one.
    pub(super) fn explain(self, error: Error) -> Error {
        match error {
            Error::NoTrustedIssuer {
                subject, issuer, ..
            } => Error::NoTrustedIssuer {
                subject,
                issuer,
                in_vain: self.in_vain,
            },
            error => error,
        }
    }

    fn ask(&self, request: &Request<'_>) -> Result<Vec<Certificate>, RetrieveError> {
        let retrieved = self.retrieve.retrieve(request)?;
        let certificates = read(&retrieved.octets)?;
        if let Some(until) = certificates.iter().map(Certificate::not_after).min() {
            self.retrieve.keep(request, &retrieved.octets, until);
        }
        Ok(certificates)
    }

    fn is_current(&self, certificate: &Certificate) -> bool {
        certificate.not_after() >= self.validation.at
    }
}

fn locations(certificate: &Certificate) -> Vec<&str> {
    let descriptions = certificate.authority_information_access();
    let descriptions = descriptions.unwrap_or_default();
    let locations = descriptions
        .iter()
        .filter(|description| description.method == ID_AD_CA_ISSUERS.as_bytes())
        .filter_map(|description| http_location(&description.location));
    locations.take(MAX_LOCATIONS).collect()
}

/// One certificate, or a collection of them in CMS; PEM is not what RFC 5280 4.2.2.1 has, and what
/// some serve.
fn read(octets: &[u8]) -> Result<Vec<Certificate>, RetrieveError> {
    match pem::certificates(octets) {
        Ok(certificates) => Ok(certificates),
        Err(error) => match certs_only::certificates(octets) {
            Ok(certificates) => Ok(certificates),
            // Not CMS either: what is wrong with the certificate says more.
            Err(_) => Err(error.into()),
        },
    }
}
