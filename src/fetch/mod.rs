//! Fetching what certificates point to: CRLs, OCSP answers and missing issuers, by HTTP.
//!
//! Whoever sends a mail chooses the certificates in it, and so where we connect to. A [`Fetcher`]
//! is therefore not made unless the operator asks for it, and it is of no use as a way into the
//! operator's own network (server-side request forgery):
//!
//! - http and https alone, at ports 80 and 443, without user names;
//! - public addresses alone, unless the operator has [allowed](Options::allowed) the host; a name
//!   is resolved once, and the connection goes to an address that was judged;
//! - three redirects, each judged like the first request;
//! - 1 MiB and five seconds for all of it; nothing compressed, no cookies, no proxy.
//!
//! What comes back is judged by [path validation](crate::path), which asks through the trait
//! [`Retrieve`]. Answers are signed, or lead to a signature that holds, so it is no harm that they
//! come by http, nor that a redirect leads from https to http. RFC 5280 8 even warns of https here:
//! its certificates would have to be checked in turn.
//!
//! ```
//! use mailseal::fetch::{Fetcher, Options};
//! use mailseal::path::retrieval::{Request, Retrieve};
//!
//! let directory = tempfile::tempdir()?;
//! let fetcher = Fetcher::new(Options {
//!     cache: Some(directory.path().to_owned()),
//!     ..Options::default()
//! });
//! let refused = |location| fetcher.fetch(&Request::Crl { location }).unwrap_err().reason();
//! assert_eq!(refused("ldap://ldap.example.com/CN=CRL1"), "scheme");
//! assert_eq!(refused("http://169.254.169.254/latest/meta-data/"), "not-public");
//!
//! let crl = Request::Crl { location: "http://crl.example.com/root.crl" };
//! fetcher.keep(&crl, b"a CRL", "2026-12-01T00:00:00Z".parse()?);
//! assert_eq!(fetcher.kept(&crl).unwrap().octets, b"a CRL");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! LDAP, FTP and files. Proxies, from the environment or otherwise: a proxy resolves names itself,
//! and nobody judges what it finds. HTTP's own rules of caching (RFC 9111): a CRL and an OCSP answer
//! say themselves how long they are of use. OCSP by GET. Networks as a whole among the allowed
//! hosts: a stranger's name could lead anywhere in them. The media types that servers claim, which
//! are too often wrong.

pub mod cache;
mod deadline;
mod error;
mod exchange;
pub mod location;
mod reach;
mod special_purpose;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::path::retrieval::{Request, Retrieve, RetrieveError, Retrieved};
use crate::trust::Trust;

use cache::Cache;
use deadline::Deadline;
use exchange::{Answer, exchange};
use location::Location;

pub use error::Error;
pub use reach::{AllowedHost, Resolve, SystemResolver};

/// How and what to fetch.
#[derive(Debug)]
pub struct Options {
    /// The directory where answers are kept; without one, none are.
    pub cache: Option<PathBuf>,
    /// Whether nobody is asked: what was kept has to do.
    pub offline: bool,
    /// For one retrieval in all: names, connections, TLS, redirects, the body. At most an hour.
    pub timeout: Duration,
    /// How many octets an answer may have.
    pub longest_answer: usize,
    /// How many redirects are followed.
    pub most_redirects: usize,
    /// Hosts that may have addresses which are not public, as those of an internal PKI.
    pub allowed: Vec<AllowedHost>,
    /// Whose certificates do for https.
    pub trust: Arc<Trust>,
}

impl Default for Options {
    /// Public hosts, no cache, 5 s, 1 MiB, three redirects.
    fn default() -> Options {
        Options {
            cache: None,
            offline: false,
            timeout: Duration::from_secs(5),
            longest_answer: 1 << 20,
            most_redirects: 3,
            allowed: Vec::new(),
            trust: Arc::new(Trust::platform()),
        }
    }
}

/// A client that fetches, and remembers.
#[derive(Debug)]
pub struct Fetcher {
    options: Options,
    resolver: Arc<dyn Resolve>,
    cache: Option<Cache>,
}

impl Fetcher {
    /// With the system's resolver. Nothing is connected to and no file is touched yet.
    pub fn new(options: Options) -> Fetcher {
        Fetcher::with_resolver(options, Arc::new(SystemResolver))
    }

    /// With another resolver.
    pub fn with_resolver(options: Options, resolver: Arc<dyn Resolve>) -> Fetcher {
        let directory = options.cache.as_ref();
        let cache = directory.map(|directory| Cache::new(directory, options.longest_answer));
        Fetcher {
            options,
            resolver,
            cache,
        }
    }

    /// Asks now, past the cache.
    ///
    /// # Errors
    ///
    /// Why there is no answer. What failed behind a redirect is told as [`Error::Redirected`].
    pub fn fetch(&self, request: &Request<'_>) -> Result<Vec<u8>, Error> {
        if self.options.offline {
            return Err(Error::Offline {
                location: request.location().to_owned(),
            });
        }
        let deadline = Deadline::after(self.options.timeout);
        let first = parsed(request.location(), Location::parse(request.location()))?;
        match self.ask(request, &first, deadline)? {
            Answer::Octets(octets) => Ok(octets),
            Answer::Elsewhere(reference) => self
                .follow(request, &first, reference, deadline)
                .map_err(|source| Error::Redirected {
                    location: first,
                    source: Box::new(source),
                }),
        }
    }

    fn follow(
        &self,
        request: &Request<'_>,
        first: &Location,
        mut reference: String,
        deadline: Deadline,
    ) -> Result<Vec<u8>, Error> {
        let most = self.options.most_redirects;
        let mut location = first.clone();
        for _ in 0..most {
            location = parsed(&reference, location.join(&reference))?;
            match self.ask(request, &location, deadline)? {
                Answer::Octets(octets) => return Ok(octets),
                Answer::Elsewhere(next) => reference = next,
            }
        }
        Err(Error::Redirects { most })
    }

    fn ask(
        &self,
        request: &Request<'_>,
        location: &Location,
        deadline: Deadline,
    ) -> Result<Answer, Error> {
        let Options { allowed, .. } = &self.options;
        let addresses = reach::addresses(location, allowed, &self.resolver, deadline)?;
        exchange(request, location, &addresses, &self.options, deadline)
    }
}

fn parsed(text: &str, result: Result<Location, location::Problem>) -> Result<Location, Error> {
    result.map_err(|problem| Error::Location {
        location: text.to_owned(),
        problem,
    })
}

impl Retrieve for Fetcher {
    fn kept(&self, request: &Request<'_>) -> Option<Retrieved> {
        let octets = self.cache.as_ref()?.find(request)?;
        Some(Retrieved {
            octets,
            from_cache: true,
        })
    }

    fn retrieve(&self, request: &Request<'_>) -> Result<Retrieved, RetrieveError> {
        let octets = self.fetch(request)?;
        Ok(Retrieved {
            octets,
            from_cache: false,
        })
    }

    fn keep(&self, request: &Request<'_>, octets: &[u8], until: Timestamp) {
        if let Some(cache) = &self.cache {
            // It is asked for again, then.
            let _unwritable = cache.keep(request, octets, until);
        }
    }
}
