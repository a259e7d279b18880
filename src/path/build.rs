//! The search for a path (RFC 4158): from the leaf upwards, the likeliest issuer first, back and
//! on to the next when one leads nowhere.

use std::collections::HashMap;
use std::rc::Rc;

use crate::crypto::PublicKey;
use crate::path::budget::Budget;
use crate::path::issuers::MissingIssuers;
use crate::path::link::Link;
use crate::path::processing::{self, Outcome};
use crate::path::revocation::Checker;
use crate::path::signature::{Signed, public_key};
use crate::path::verified_links::Link as VerifiedLink;
use crate::path::{Error, Validation, profile};
use crate::x509::Certificate;
use crate::x509::name::ComparableName;

/// The most intermediate certificates of a path: rustls-webpki's limit on sub-CAs.
const MAX_INTERMEDIATES: usize = 6;

/// A path that holds, from the leaf to the trust anchor.
pub(super) struct Found {
    pub(super) path: Vec<Certificate>,
    pub(super) outcome: Outcome,
}

/// Why a search found no path, and what led nowhere.
struct Failed {
    error: Error,
    /// The certificates that the search came to and whose issuers it did not find, the leaf first.
    dead_ends: Vec<Certificate>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        let dead_ends = Vec::new();
        Failed { error, dead_ends }
    }
}

/// Finds a path from the leaf over certificates of the pool to an anchor, and over what the dead
/// ends point to if somebody gets it.
pub(super) fn find(
    leaf: &Certificate,
    pool: &[Certificate],
    validation: &Validation<'_>,
) -> Result<Found, Error> {
    let mut budget = Budget::full();
    let failed = match attempt(leaf, pool, validation, &mut budget, &[]) {
        Ok(found) => return Ok(found),
        Err(failed) => failed,
    };
    match validation.retrieve {
        None => Err(failed.error),
        Some(retrieve) => {
            let missing = MissingIssuers::new(retrieve, validation);
            find_beyond(leaf, pool.to_vec(), validation, budget, missing, failed)
        }
    }
}

/// The same again with each step that the dead ends allow.
fn find_beyond(
    leaf: &Certificate,
    mut pool: Vec<Certificate>,
    validation: &Validation<'_>,
    mut budget: Budget,
    mut missing: MissingIssuers<'_>,
    mut failed: Failed,
) -> Result<Found, Error> {
    loop {
        let known = pool.len();
        for issuer in missing.of(&failed.dead_ends, &mut budget)? {
            if !pool.contains(&issuer) {
                pool.push(issuer);
            }
        }
        if pool.len() == known {
            return Err(missing.explain(failed.error));
        }
        failed = match attempt(leaf, &pool, validation, &mut budget, &[]) {
            Ok(found) => return Ok(found),
            Err(failed) => failed,
        };
    }
}

/// The same over the pool alone, with what is left of a budget, and while the standing of other
/// certificates is looked for.
pub(super) fn search(
    leaf: &Certificate,
    pool: &[Certificate],
    validation: &Validation<'_>,
    budget: &mut Budget,
    visiting: &[&Certificate],
) -> Result<Found, Error> {
    attempt(leaf, pool, validation, budget, visiting).map_err(|failed| failed.error)
}

fn attempt(
    leaf: &Certificate,
    pool: &[Certificate],
    validation: &Validation<'_>,
    budget: &mut Budget,
    visiting: &[&Certificate],
) -> Result<Found, Failed> {
    // What is wrong with the leaf is wrong with every path.
    profile::leaf(leaf, validation)?;
    Budget::bound_names(leaf)?;
    let leaf = Link::new(leaf.clone());
    let links: Vec<_> = pool.iter().cloned().map(Link::new).collect();
    // Somebody may have chosen to trust this very certificate, whoever issued it.
    let mut anchors = validation.anchors.links().iter();
    if let Some(itself) = anchors.find(|anchor| anchor.certificate() == leaf.certificate())
        && may_end_a_path(itself, validation)
    {
        let outcome = processing::process(itself, &[&leaf], validation, budget)?;
        let path = vec![leaf.certificate().clone()];
        return Ok(Found { path, outcome });
    }
    let mut search = Search::new(&leaf, &links, validation, budget);
    let links = search.nodes.iter().map(|node| node.link).collect();
    search.revocation = Some(Checker::new(validation, pool, links, visiting));
    search.run()
}

/// Without `partial_chain`, only a certificate that names itself as its issuer is an anchor; the
/// others among the trusted are certificates at hand like those of the pool. Old roots have only one
/// of the two key identifiers; where they differ, another key of the same name has signed.
fn may_end_a_path(anchor: &Link, validation: &Validation<'_>) -> bool {
    let certificate = anchor.certificate();
    let other_key = matches!(
        (certificate.authority_key_identifier(), certificate.subject_key_identifier()),
        (Some(authority), Some(subject)) if authority != subject
    );
    validation.partial_chain || (anchor.is_self_issued() && !other_key)
}

struct Search<'a> {
    validation: &'a Validation<'a>,
    /// The leaf first, then the anchors, then the pool.
    nodes: Vec<Node<'a>>,
    by_subject: HashMap<&'a ComparableName, Vec<usize>>,
    /// The nodes that have the name of a node's issuer, the likeliest first.
    issuers: HashMap<usize, Rc<[usize]>>,
    /// Whether a node's signature is that of another one's key.
    signatures: HashMap<(usize, usize), bool>,
    revocation: Option<Checker<'a>>,
    budget: &'a mut Budget,
    /// Whether there is an issuer beyond the length of the paths that are looked for.
    goes_on: bool,
    most_useful: Option<Error>,
}

struct Node<'a> {
    link: &'a Link,
    is_anchor: bool,
    authority: Authority,
}

/// What is known of a node as an issuer.
#[derive(Clone)]
enum Authority {
    NotJudged,
    Unfit,
    Fit(Rc<PublicKey>),
}

fn inherits_parameters(key: &PublicKey) -> bool {
    matches!(key, PublicKey::Dsa(key) if key.inherits_parameters())
}

const LEAF: usize = 0;

impl<'a> Search<'a> {
    fn new(
        leaf: &'a Link,
        pool: &'a [Link],
        validation: &'a Validation<'a>,
        budget: &'a mut Budget,
    ) -> Self {
        let anchors = validation.anchors.links().iter();
        let candidates = anchors
            .map(|anchor| (anchor, may_end_a_path(anchor, validation)))
            .chain(pool.iter().map(|link| (link, false)));
        let mut nodes = vec![Node {
            link: leaf,
            is_anchor: false,
            authority: Authority::NotJudged,
        }];
        let mut by_subject: HashMap<&ComparableName, Vec<usize>> = HashMap::new();
        for (link, is_anchor) in candidates {
            let named = by_subject.entry(link.subject()).or_default();
            let certificate = |place: &usize| nodes[*place].link.certificate();
            if !named
                .iter()
                .any(|place| certificate(place) == link.certificate())
            {
                named.push(nodes.len());
                nodes.push(Node {
                    link,
                    is_anchor,
                    authority: Authority::NotJudged,
                });
            }
        }
        Search {
            validation,
            nodes,
            by_subject,
            issuers: HashMap::new(),
            signatures: HashMap::new(),
            revocation: None,
            budget,
            goes_on: false,
            most_useful: None,
        }
    }

    /// Shorter paths first: whatever detours a stranger lays out, a short way is soon found.
    fn run(mut self) -> Result<Found, Failed> {
        for length in 0..=MAX_INTERMEDIATES {
            self.goes_on = false;
            if let Some(found) = self.extend(&mut vec![LEAF], length)? {
                return Ok(found);
            }
            if !self.goes_on {
                break;
            }
        }
        if self.goes_on {
            let limit = MAX_INTERMEDIATES;
            self.note(Error::PathTooLong { limit });
        }
        let error = self.most_useful.take();
        Err(Failed {
            error: error.unwrap_or_else(|| self.no_trusted_issuer(LEAF)),
            dead_ends: self.dead_ends(),
        })
    }

    /// The certificates that the search has come to, and that nobody at hand has issued.
    fn dead_ends(&self) -> Vec<Certificate> {
        let has_issued = |issuer: &usize, subject: usize| {
            matches!(self.signatures.get(&(subject, *issuer)), Some(true))
        };
        let reached = self.issuers.iter();
        let mut dead_ends: Vec<usize> = reached
            .filter(|(node, issuers)| !issuers.iter().any(|issuer| has_issued(issuer, **node)))
            .map(|(node, _)| *node)
            .collect();
        dead_ends.sort_unstable();
        let certificate = |node: usize| self.nodes[node].link.certificate().clone();
        dead_ends.into_iter().map(certificate).collect()
    }

    /// Goes on, by so many intermediates and an anchor, from a path that begins with the leaf and
    /// whose signatures have all been checked but that of the last certificate.
    ///
    /// An error is the end of the search; what is wrong with one path is noted.
    fn extend(&mut self, path: &mut Vec<usize>, more: usize) -> Result<Option<Found>, Error> {
        let last = path[path.len() - 1];
        let mut leads_on = false;
        for issuer in self.issuers_of(last).iter().copied() {
            self.budget.consume_build_call()?;
            if path
                .iter()
                .any(|node| self.is_same_authority(*node, issuer))
            {
                continue;
            }
            leads_on = true;
            let is_anchor = self.nodes[issuer].is_anchor;
            if is_anchor != (more == 0) || !self.has_issued(issuer, last)? {
                self.goes_on |= more == 0 && !is_anchor;
                continue;
            }
            path.push(issuer);
            let found = match more.checked_sub(1) {
                None => self.complete(path)?,
                Some(more) => self.extend(path, more)?,
            };
            path.pop();
            if found.is_some() {
                return Ok(found);
            }
        }
        if !leads_on && self.most_useful.is_none() {
            self.note(self.no_trusted_issuer(last));
        }
        Ok(None)
    }

    /// Processes a path that has reached an anchor.
    fn complete(&mut self, path: &[usize]) -> Result<Option<Found>, Error> {
        let links: Vec<&Link> = path
            .iter()
            .rev()
            .map(|node| self.nodes[*node].link)
            .collect();
        let Some((anchor, below)) = links.split_first() else {
            return Ok(None);
        };
        let processed = self.issuer_keys(path).and_then(|keys| {
            let mut outcome = processing::process(anchor, below, self.validation, self.budget)?;
            if let Some(revocation) = &mut self.revocation {
                outcome.revocation = revocation.check(&links, &keys, self.budget)?;
            }
            Ok(outcome)
        });
        match processed {
            Ok(outcome) => Ok(Some(Found {
                path: links
                    .iter()
                    .rev()
                    .map(|link| link.certificate().clone())
                    .collect(),
                outcome,
            })),
            Err(error @ Error::Budget { .. }) => Err(error),
            Err(error) => {
                self.note(error);
                Ok(None)
            }
        }
    }

    /// The keys of a path's issuers, the anchor's first.
    ///
    /// RFC 5280 6.1.4 (d) to (f): a DSA key may leave its parameters to the key above it, so that
    /// signatures by such a key are checked only now, from the anchor down.
    fn issuer_keys(&mut self, path: &[usize]) -> Result<Vec<Rc<PublicKey>>, Error> {
        let mut keys: Vec<Rc<PublicKey>> = Vec::new();
        for pair in path.windows(2).rev() {
            let (subject, issuer) = (pair[0], pair[1]);
            let Some(mut key) = self.authority(issuer) else {
                return Err(self.no_trusted_issuer(subject));
            };
            if inherits_parameters(&key) {
                let above = keys.last().map(|key| PublicKey::clone(key));
                key = Rc::new(PublicKey::clone(&key).with_inherited_parameters(above));
                self.budget.consume_signature(&key)?;
                self.verify(subject, issuer, &key)?;
            }
            keys.push(key);
        }
        Ok(keys)
    }

    fn verify(&self, subject: usize, issuer: usize, key: &PublicKey) -> Result<(), Error> {
        let certificate = |node: usize| self.nodes[node].link.certificate();
        let (signed, issuer) = (Signed::from(certificate(subject)), certificate(issuer));
        let allow_legacy = self.validation.allow_legacy;
        // A DSA key may have parameters that its certificate does not show.
        let links = self.validation.links;
        let Some(links) = links.filter(|_| !matches!(key, PublicKey::Dsa(_))) else {
            return signed.verify(issuer, key, allow_legacy);
        };
        let link = VerifiedLink::new(&signed, issuer);
        if links.contains(&link) {
            return signed.algorithm(allow_legacy).map(|_| ());
        }
        signed.verify(issuer, key, allow_legacy)?;
        links.insert(&link);
        Ok(())
    }

    /// Whether a node is fit to be an issuer, and the signature on the subject is its key's.
    fn has_issued(&mut self, issuer: usize, subject: usize) -> Result<bool, Error> {
        if let Some(known) = self.signatures.get(&(subject, issuer)) {
            return Ok(*known);
        }
        let has_issued = match self.authority(issuer) {
            None => false,
            // Only the whole path tells its parameters: complete() will look.
            Some(key) if inherits_parameters(&key) => true,
            Some(key) => {
                self.budget.consume_signature(&key)?;
                match self.verify(subject, issuer, &key) {
                    Ok(()) => true,
                    Err(error) => {
                        self.note(error);
                        false
                    }
                }
            }
        };
        self.signatures.insert((subject, issuer), has_issued);
        Ok(has_issued)
    }

    /// The key of a node that is fit to be an issuer.
    fn authority(&mut self, issuer: usize) -> Option<Rc<PublicKey>> {
        let node = &self.nodes[issuer];
        if let Authority::NotJudged = node.authority {
            let (certificate, validation) = (node.link.certificate(), self.validation);
            let judged = match node.is_anchor {
                true => profile::anchor(certificate, validation),
                false => profile::intermediate(certificate, validation),
            }
            .and_then(|()| public_key(certificate, validation.allow_legacy));
            self.nodes[issuer].authority = match judged {
                Ok(key) => Authority::Fit(Rc::new(key)),
                Err(error) => {
                    self.note(error);
                    Authority::Unfit
                }
            };
        }
        match &self.nodes[issuer].authority {
            Authority::Fit(key) => Some(Rc::clone(key)),
            Authority::NotJudged | Authority::Unfit => None,
        }
    }

    /// Every node with the name of the issuer of this one, in the order of [`Search::likelihood`].
    fn issuers_of(&mut self, subject: usize) -> Rc<[usize]> {
        if let Some(known) = self.issuers.get(&subject) {
            return Rc::clone(known);
        }
        let named = self.by_subject.get(self.nodes[subject].link.issuer());
        let mut issuers = named.cloned().unwrap_or_default();
        issuers.sort_by_key(|issuer| self.likelihood(*issuer, subject));
        let issuers: Rc<[usize]> = issuers.into();
        self.issuers.insert(subject, Rc::clone(&issuers));
        issuers
    }

    /// RFC 4158 3.5: what the search tries first. Key identifiers are a hint and no more: there
    /// are certificates whose identifiers do not agree, and paths over them that hold.
    fn likelihood(&self, issuer: usize, subject: usize) -> impl Ord + use<> {
        let (node, subject) = (&self.nodes[issuer], self.nodes[subject].link.certificate());
        let certificate = node.link.certificate();
        let key_identifiers = match (
            subject.authority_key_identifier(),
            certificate.subject_key_identifier(),
        ) {
            (Some(authority), Some(subject)) if authority == subject => 0,
            (Some(_), Some(_)) => 2,
            _ => 1,
        };
        let at = self.validation.at;
        let is_valid = (certificate.not_before()..=certificate.not_after()).contains(&at);
        (
            key_identifiers,
            !node.is_anchor,
            !is_valid,
            std::cmp::Reverse(certificate.not_after()),
        )
    }

    /// RFC 4158 5.2: the same name and key twice in a path gain nothing; this is what keeps the
    /// search out of loops, also of those over different certificates.
    fn is_same_authority(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.nodes[one].link, self.nodes[other].link);
        one.certificate().spki_der() == other.certificate().spki_der()
            && one.subject() == other.subject()
    }

    fn no_trusted_issuer(&self, node: usize) -> Error {
        let certificate = self.nodes[node].link.certificate();
        Error::NoTrustedIssuer {
            subject: certificate.subject().to_owned(),
            issuer: certificate.issuer().to_owned(),
            in_vain: None,
        }
    }

    /// Keeps the error if it tells more than the one before it.
    fn note(&mut self, error: Error) {
        let known = self.most_useful.as_ref();
        if known.is_none_or(|known| known.rank() < error.rank()) {
            self.most_useful = Some(error);
        }
    }
}
