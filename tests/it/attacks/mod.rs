//! The attacks of `testdata/attacks`, and those too large to be stored, against `open` and `verify`.
//!
//! The manifest says of each message what has to come of it; beside each attack stands the nearest message
//! that has to be accepted. A message that is refused for another reason than its own would hide a hole:
//! the manifest names what the report must say where that can be told apart.

mod der;
mod made;
mod manifest;
mod run;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::attacks::manifest::Case;
use crate::attacks::run::{Attacked, KeyDirectory};
use crate::support::figure;

#[test]
fn each_attack_ends_as_the_manifest_says() {
    let (cases, keys) = (manifest::cases(), KeyDirectory::new());
    assert!(cases.len() > 500, "only {} cases", cases.len());
    let outcomes = all(&cases, &keys);
    let mut wrong: Vec<String> = cases
        .iter()
        .zip(&outcomes)
        .filter_map(|(case, outcome)| {
            let differences = differences(case, outcome);
            (!differences.is_empty()).then(|| format!("{case}\n    {}", differences.join("\n    ")))
        })
        .collect();
    let right = cases.len() - wrong.len();
    wrong.extend(oracles(&cases, &outcomes));
    figure(&format!("attacks: {right} of {}", cases.len()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every case run, on as many threads as there are processors.
fn all(cases: &[Case], keys: &KeyDirectory) -> Vec<Attacked> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((number, case)) = numbered(cases, &next) {
                    let outcome = Attacked::by(case, keys);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.insert(number, outcome);
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.into_values().collect()
}

fn numbered<'a>(cases: &'a [Case], next: &AtomicUsize) -> Option<(usize, &'a Case)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    Some((number, cases.get(number)?))
}

/// What came otherwise than the manifest says.
fn differences(case: &Case, outcome: &Attacked) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |right: bool, what: String| {
        if !right {
            found.push(what);
        }
    };
    check(
        outcome.status.is_some_and(|it| case.exit.contains(&it)),
        format!(
            "exit {:?} and not {:?}: {}",
            outcome.status, case.exit, outcome.stderr
        ),
    );
    check(
        !outcome.stderr.contains("panicked"),
        format!("a panic: {}", outcome.stderr),
    );
    if let Some(output) = case.output.filter(|_| case.command == "open") {
        check(
            output != outcome.stdout.is_empty(),
            match output {
                true => "nothing came out".to_owned(),
                false => format!("this came out: {}", text(&outcome.stdout)),
            },
        );
    }
    for word in &case.says {
        check(
            outcome.said.to_lowercase().contains(&word.to_lowercase()),
            format!("no {word:?} in: {}", outcome.said),
        );
    }
    if let Some(never) = &case.never {
        let everything = format!("{}{}", text(&outcome.stdout), outcome.said);
        check(
            !everything.contains(never),
            format!("{never:?} in: {everything}"),
        );
    }
    for (what, expected, came) in [
        ("verdict", &case.verdict, outcome.report.verdict()),
        ("coverage", &case.coverage, outcome.report.coverage()),
        ("integrity", &case.integrity, outcome.report.integrity()),
    ] {
        if let Some(expected) = expected {
            check(
                came.as_ref() == Some(expected),
                format!("{what} {came:?} and not {expected:?}: {}", outcome.said),
            );
        }
    }
    for (what, expected) in [
        ("signature", &case.signature),
        ("chain", &case.chain),
        ("address", &case.address),
    ] {
        let came = outcome.report.of_signers(what);
        if let Some(expected) = expected {
            check(
                came == *expected,
                format!("{what} {came:?} and not {expected:?}: {}", outcome.said),
            );
        }
    }
    // Exit code and verdict are two ways of saying one thing.
    if let (Some(verdict), Some(status)) = (outcome.report.verdict(), outcome.status) {
        check(
            case.command != "verify" || (verdict == "valid") == (status == 0),
            format!("verdict {verdict:?} with exit {status}"),
        );
    }
    check(
        outcome.consistent.is_ok(),
        outcome.consistent.clone().err().unwrap_or_default(),
    );
    found
}

/// What of the groups that must not be told apart can be.
fn oracles(cases: &[Case], outcomes: &[Attacked]) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<(&Case, &Attacked)>> = BTreeMap::new();
    for (case, outcome) in cases.iter().zip(outcomes) {
        if let Some(group) = &case.alike {
            groups.entry(group).or_default().push((case, outcome));
        }
    }
    let mut found = Vec::new();
    for (group, members) in groups {
        let mut answers: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for (case, outcome) in members {
            let answer = (outcome.status, &outcome.stdout, &outcome.stderr);
            answers.entry(answer).or_default().push(&case.file);
        }
        if answers.len() > 1 {
            found.push(format!("{group} is an oracle: {answers:#?}"));
        }
    }
    found
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(&octets[..octets.len().min(2000)]).into_owned()
}
