//! Many PKIs before a peer, and what came of them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::judge::{Case, Finding, Peer};
use super::pki::Pki;

/// So many PKIs there are unless `MAILSEAL_PKIS` says otherwise.
const PKIS: usize = 2000;
const SEED: u64 = 5280;

/// Which PKIs are looked at.
#[derive(Clone, Copy)]
pub struct Plan {
    /// `MAILSEAL_SEED`
    pub seed: u64,
    /// `MAILSEAL_PKIS`
    pub count: usize,
    /// `MAILSEAL_PKI`: this one alone, told in full.
    pub only: Option<usize>,
}

impl Plan {
    pub fn from_environment() -> Plan {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(
                text.parse()
                    .unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")),
            )
        };
        Plan {
            seed: number("MAILSEAL_SEED").unwrap_or(SEED),
            count: number("MAILSEAL_PKIS").map_or(PKIS, |count| count as usize),
            only: number("MAILSEAL_PKI").map(|only| only as usize),
        }
    }

    /// Whether there are enough for every known difference to show.
    pub fn is_whole(&self) -> bool {
        self.only.is_none() && self.count >= PKIS
    }
}

/// What came of them.
#[derive(Default)]
pub struct Survey {
    pub accepted: usize,
    /// Our reasons, and how often each.
    pub refused: BTreeMap<String, usize>,
    /// Disagreements, by their causes.
    pub explained: BTreeMap<Vec<&'static str>, usize>,
    /// For people: what the disagreement is, and how to see it again.
    pub unexplained: Vec<String>,
}

impl Survey {
    /// Takes PKIs of the plan, each by its number, until there are `count` that are asked about,
    /// several at a time.
    pub fn of<P: Peer>(
        plan: Plan,
        count: usize,
        peer: impl Fn() -> P + Sync,
        ask_about: impl Fn(Pki) -> Option<Pki> + Sync,
    ) -> Survey {
        let asked = |number: usize| ask_about(Pki::generate(plan.seed, number));
        let pkis: Vec<(usize, Pki)> = match plan.only {
            Some(only) => asked(only).map(|pki| (only, pki)).into_iter().collect(),
            None => (0..)
                .filter_map(|number| Some((number, asked(number)?)))
                .take(count)
                .collect(),
        };
        let (next, survey) = (AtomicUsize::new(0), Mutex::new(Survey::default()));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads.min(pkis.len()) {
                scope.spawn(|| {
                    let peer = peer();
                    while let Some((number, pki)) = pkis.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let case = Case::judge(&peer, pki);
                        let finding = case.finding(&peer);
                        let mut survey = survey.lock().expect("no thread panics with the lock");
                        survey.note(plan, *number, &case, finding);
                    }
                });
            }
        });
        survey.into_inner().expect("no thread panics with the lock")
    }

    fn note(&mut self, plan: Plan, number: usize, case: &Case<'_>, finding: Finding) {
        match &case.ours {
            Ok(_) => self.accepted += 1,
            Err(reason) => *self.refused.entry(reason.clone()).or_default() += 1,
        }
        if plan.only.is_some() {
            println!("{}\nwe: {:?}\nthey: {:?}", case.pki, case.ours, case.theirs);
        }
        match finding {
            Finding::Agreement => {}
            Finding::Explained(causes) => *self.explained.entry(causes).or_default() += 1,
            Finding::Unexplained(what) => self.unexplained.push(format!(
                "{what}\nagain: MAILSEAL_SEED={} MAILSEAL_PKI={number}",
                plan.seed
            )),
        }
    }

    /// In how many PKIs a cause was at work.
    pub fn explained_by(&self, name: &str) -> usize {
        let with = self
            .explained
            .iter()
            .filter(|(causes, _)| causes.contains(&name));
        with.map(|(_, count)| count).sum()
    }
}
