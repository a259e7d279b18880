//! A peer beside mailseal, and what is made of their disagreements.
//!
//! A disagreement is explained when a row of the table of [`explanations`](super::explanations)
//! knows its cause, and, with that cause taken away and nothing else changed, both accept.

use std::collections::BTreeSet;

use super::certificate::Certificate;
use super::explanations::Explanation;
use super::ours::{self, Accepted};
use super::pki::{Encoded, Pki};
use super::quirks::ANY_POLICY;

/// More causes than this in one PKI are not looked for.
const MAX_CAUSES: usize = 4;

/// Somebody else who validates paths.
pub trait Peer {
    /// The policies that hold, none from a peer that does not tell them, or what is wrong in the
    /// peer's words.
    fn judge(&self, pki: &Pki, encoded: &Encoded) -> Result<Option<BTreeSet<String>>, Vec<String>>;

    /// Whether a refusal of ours says what the peer's says.
    fn has_our_reason(&self, ours: &str, theirs: &[String]) -> bool;

    /// Where it is known to judge otherwise.
    fn explanations(&self) -> &'static [Explanation];
}

/// What both say of a PKI.
pub struct Case<'a> {
    pub pki: &'a Pki,
    pub ours: ours::Verdict,
    pub theirs: Result<Option<BTreeSet<String>>, Vec<String>>,
}

/// How the two differ.
#[derive(Debug)]
pub enum Difference<'a> {
    /// They refuse what we accept.
    Theirs(&'a [String]),
    /// We refuse what they accept.
    Ours(&'a str),
    /// Both accept, for other policies.
    Policies,
}

/// What came of one PKI.
pub enum Finding {
    Agreement,
    Explained(Vec<&'static str>),
    Unexplained(String),
}

impl<'a> Case<'a> {
    pub fn judge(peer: &impl Peer, pki: &'a Pki) -> Case<'a> {
        let encoded = pki.encode();
        let (ours, theirs) = (ours::judge(pki, &encoded), peer.judge(pki, &encoded));
        Case { pki, ours, theirs }
    }

    /// The path that we have found, or else the one that was meant.
    pub fn path(&self) -> &[usize] {
        match &self.ours {
            Ok(Accepted { path, .. }) => path,
            Err(_) => &self.pki.chain,
        }
    }

    /// Where that path ends.
    pub fn anchor(&self) -> &Certificate {
        let path = self.path();
        &self.pki.certificates[path[path.len() - 1]]
    }

    pub fn difference(&self) -> Option<Difference<'_>> {
        match (&self.ours, &self.theirs) {
            (Ok(_), Err(words)) => Some(Difference::Theirs(words)),
            (Err(word), Ok(_)) => Some(Difference::Ours(word)),
            (Ok(ours), Ok(Some(theirs))) => {
                (in_effect(&ours.policies) != in_effect(theirs)).then_some(Difference::Policies)
            }
            (Ok(_), Ok(None)) | (Err(_), Err(_)) => None,
        }
    }

    /// What the disagreement comes to.
    pub fn finding(&self, peer: &impl Peer) -> Finding {
        match self.difference() {
            None if self.is_alike(peer) => Finding::Agreement,
            None => Finding::Unexplained(format!(
                "{:?} is another reason than {:?}\n{}",
                self.ours, self.theirs, self.pki
            )),
            Some(difference) => match self.causes(peer, &[]) {
                Some(causes) => Finding::Explained(causes),
                None => Finding::Unexplained(format!("{difference:?}\n{}", self.pki)),
            },
        }
    }

    /// Where one thing alone is amiss, two who refuse the same refuse it for that.
    fn is_alike(&self, peer: &impl Peer) -> bool {
        match (&self.ours, &self.theirs) {
            (Err(ours), Err(theirs)) if self.pki.quirks.len() == 1 => {
                peer.has_our_reason(ours, theirs)
            }
            _ => true,
        }
    }

    /// The causes that together make the difference, one if one is enough, beside those that have
    /// been taken away before.
    fn causes(&self, peer: &impl Peer, before: &[&'static str]) -> Option<Vec<&'static str>> {
        let difference = self.difference()?;
        let is_at_work = |row: &&Explanation| {
            !before.contains(&row.name) && row.speaks_of(&difference) && (row.applies)(self)
        };
        let mut mended = Vec::new();
        for row in peer.explanations().iter().filter(is_at_work) {
            let mut pki = self.pki.clone();
            (row.mend)(&mut pki, self.path());
            let case = Case::judge(peer, &pki);
            match case.difference() {
                None if case.ours.is_ok() => return Some(vec![row.name]),
                Some(_) => mended.push((row.name, pki)),
                None => {}
            }
        }
        for (name, pki) in mended.iter().filter(|_| before.len() + 1 < MAX_CAUSES) {
            let rest = Case::judge(peer, pki).causes(peer, &[before, &[*name]].concat());
            if let Some(rest) = rest {
                return Some([&[*name], &rest[..]].concat());
            }
        }
        None
    }
}

/// RFC 5280 6.1.5 (g): where anyPolicy holds, whatever else is named holds too, and the two ways
/// to say so are the same.
fn in_effect(policies: &BTreeSet<String>) -> BTreeSet<String> {
    match policies.contains(ANY_POLICY) {
        true => BTreeSet::from([ANY_POLICY.to_owned()]),
        false => policies.clone(),
    }
}
