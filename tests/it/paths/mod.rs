//! Paths for each check of path validation: the one that passes, and its nearest neighbour that fails.
//!
//! `testdata/paths` has them, readable and by name. The library judges each with its pool in every
//! order, the command line once, and OpenSSL gives a second opinion: where it differs the manifest says
//! why, and where it differs no longer that is news.

mod hostile;
mod judges;
mod large;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use judges::Verdict;
use manifest::{Case, Expect};

use crate::support::figure;
use crate::support::peer::peers;

#[test]
fn the_library_judges_as_the_manifest_says_whatever_the_order_of_the_pool() {
    all_right(&manifest::cases(), |case| {
        let expected = Verdict::expected(case);
        let wrong = orders(&case.intermediates).into_iter().find_map(|pool| {
            let verdict = judges::library(case, &pool);
            (verdict != expected).then(|| format!("{verdict:?} and not {expected:?} with {pool:?}"))
        });
        wrong.map_or(Ok(()), Err)
    });
}

#[test]
fn the_command_line_judges_as_the_manifest_says() {
    let cases = manifest::cases();
    all_right(&cases, |case| {
        let (verdict, expected) = (judges::command_line(case), Verdict::expected(case));
        match verdict == expected {
            true => Ok(()),
            false => Err(format!("{verdict:?} and not {expected:?}")),
        }
    });
    figure(&format!("named paths: {} of {}", cases.len(), cases.len()));
}

#[test]
fn openssl_is_of_the_same_mind_unless_the_manifest_says_why() {
    if !peers(&["openssl"]) {
        return;
    }
    let scratch = TempDir::new().expect("a temporary directory");
    all_right(&manifest::cases(), |case| {
        let (verdict, said) = judges::openssl(case, scratch.path());
        match (&case.openssl, &case.because) {
            (None, None) if verdict == case.expect => Ok(()),
            (Some(other), Some(_)) if *other != case.expect && verdict == *other => Ok(()),
            (Some(_), Some(because)) if verdict == case.expect => Err(format!(
                "OpenSSL agrees, although it is said that {because}"
            )),
            _ => Err(format!("OpenSSL says {verdict:?}: {said}")),
        }
    });
}

#[test]
fn each_refusal_is_one_step_from_what_is_accepted() {
    let cases = manifest::cases();
    assert!(cases.len() > 500, "only {} cases", cases.len());
    let by_id: BTreeMap<&str, &Case> = cases.iter().map(|it| (it.id.as_str(), it)).collect();
    assert_eq!(by_id.len(), cases.len(), "an id is there twice");
    all_right(&cases, |case| {
        let neighbour = case.neighbour.as_deref().and_then(|id| by_id.get(id));
        match (case.expect, &case.reason, neighbour) {
            (Expect::Accept, None, None) => Ok(()),
            (Expect::Reject, Some(_), Some(neighbour)) => {
                let differences = case.differences(neighbour);
                match (neighbour.expect, differences.len()) {
                    (Expect::Accept, 1) => Ok(()),
                    _ => Err(format!("differs from {neighbour} in {differences:?}")),
                }
            }
            _ => Err("has no neighbour or no reason, or one too many".to_owned()),
        }
    });
}

#[test]
fn each_reason_to_refuse_a_path_is_there() {
    let cases = manifest::cases();
    let reasons: BTreeSet<&str> = cases.iter().filter_map(|it| it.reason.as_deref()).collect();
    // `budget` needs more than can be stored: `large` has it.
    let expected = [
        "algorithm-mismatch",
        "bad-signature",
        "expired",
        "extended-key-usage",
        "key-usage",
        "legacy-algorithm",
        "malformed",
        "malformed-extension",
        "name-constraints",
        "no-trusted-issuer",
        "no-valid-policy",
        "not-a-ca",
        "not-yet-valid",
        "path-length",
        "revocation-unknown",
        "revoked",
        "unknown-critical-extension",
        "unsupported-algorithm",
        "weak-key",
    ];
    assert_eq!(reasons, BTreeSet::from(expected));
}

/// Each rotation of a list, forwards and backwards.
fn orders(list: &[String]) -> Vec<Vec<String>> {
    if list.len() < 2 {
        return vec![list.to_vec()];
    }
    let backwards: Vec<String> = list.iter().rev().cloned().collect();
    let rotations = |list: Vec<String>| {
        (0..list.len()).map(move |places| {
            let mut rotated = list.clone();
            rotated.rotate_left(places);
            rotated
        })
    };
    rotations(list.to_vec())
        .chain(rotations(backwards))
        .collect()
}

/// Holds every case against a check, on as many threads as there are processors, and tells of all
/// that are wrong.
#[track_caller]
fn all_right(cases: &[Case], check: impl Fn(&Case) -> Result<(), String> + Sync) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else {
                        break;
                    };
                    if let Err(why) = check(case) {
                        let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                        wrong.insert(number, format!("{case}\n    {why}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lines: Vec<String> = wrong.into_values().collect();
    assert!(
        lines.is_empty(),
        "{} of {}:\n{}",
        lines.len(),
        cases.len(),
        lines.join("\n")
    );
}
