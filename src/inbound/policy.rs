//! By what the server judges, for as long as it runs: trust anchors are read again when they change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::collect::Collecting;
use crate::collect::succession::Replacement;
use crate::dkim::{Alignment, Resolver};
use crate::fetch::Fetcher;
use crate::inbound::clock::Clock;
use crate::inbound::decide::Deciding;
use crate::path::anchors::{self, TrustStore};
use crate::path::retrieval::Retrieve;
use crate::path::{Revocation, TrustAnchors, Validation, VerifiedLinks};
use crate::printable::sentence;
use crate::store::CertificateStore;

/// So often the files of the trust anchors are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// What mail is judged by.
#[derive(Debug)]
pub struct Policy {
    /// Who looks up the keys of DKIM.
    pub resolver: Arc<dyn Resolver + Send + Sync>,
    /// How near the signing domain has to be to that of the author.
    pub alignment: Alignment,
    /// Whom to believe.
    pub trust: Trust,
    /// Whether SHA-1 and short keys will do.
    pub allow_legacy: bool,
    /// How much has to be known of revocation.
    pub revocation: Revocation,
    /// Who asks what certificates point to; none: nobody does.
    pub fetcher: Option<Fetcher>,
    /// What becomes of another key or another issuer.
    pub replacement: Replacement,
    /// The time.
    pub clock: Clock,
    /// The signatures of authorities that have been verified.
    pub links: VerifiedLinks,
}

impl Policy {
    /// What one mail is decided by, now.
    pub fn deciding<'a>(
        &'a self,
        anchors: &'a TrustAnchors,
        store: &'a dyn CertificateStore,
    ) -> Deciding<'a> {
        let fetcher = self.fetcher.as_ref();
        Deciding {
            collecting: Collecting {
                resolver: &*self.resolver,
                alignment: self.alignment,
                validation: Validation {
                    allow_legacy: self.allow_legacy,
                    revocation: self.revocation,
                    retrieve: fetcher.map(|it| it as &dyn Retrieve),
                    links: Some(&self.links),
                    ..Validation::new(anchors, self.clock.now())
                },
                intermediates: Vec::new(),
            },
            store,
            replacement: self.replacement,
        }
    }
}

/// Trust anchors in force.
#[derive(Debug)]
pub struct Trust(Mutex<Watched>);

#[derive(Debug)]
struct Watched {
    /// None: nobody is trusted, because there was nothing to load at the start.
    store: Option<TrustStore>,
    nobody: Arc<TrustAnchors>,
    looked: Instant,
}

impl Trust {
    /// Those of these files; without any nobody is trusted.
    pub fn new(store: Option<TrustStore>) -> Trust {
        Trust(Mutex::new(Watched {
            store,
            nobody: Arc::new(TrustAnchors::from_certificates(Vec::new())),
            looked: Instant::now(),
        }))
    }

    /// The anchors in force, and what is wrong with their files if that has just been found out.
    pub fn anchors(&self) -> (Arc<TrustAnchors>, Option<anchors::Error>) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let look = watched.looked.elapsed() >= LOOK;
        if look {
            watched.looked = Instant::now();
        }
        let Watched { store, nobody, .. } = &mut *watched;
        let Some(store) = store else {
            return (Arc::clone(nobody), None);
        };
        let trouble = match look {
            true => store.reloaded_if_changed().err(),
            false => None,
        };
        (Arc::clone(store.anchors()), trouble)
    }

    /// What keeps mail from being judged as it should be: nobody is trusted, or the files are broken.
    pub fn trouble(&self) -> Option<String> {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &watched.store {
            None => Some("nobody is trusted".to_owned()),
            Some(store) => store.trouble().map(|error| sentence(error)),
        }
    }
}
