//! One case, through the command line, and what is wrong with the answer.

use std::path::Path;

use super::manifest::{Case, Expect, Judgements, Op};
use crate::support::Mailseal;
use crate::support::report::{Opened, Report};

/// What is wrong with our answer to this case; nothing if it is as expected.
pub fn wrong(case: &Case, folder: &Path) -> Vec<String> {
    let mut wrong = Wrong(Vec::new());
    match (case.op, &case.expect) {
        (Op::Verify | Op::Webhook, Expect::Judgements(expect)) => {
            verify(case, folder, expect, &mut wrong);
        }
        (Op::Decrypt, Expect::Word(word)) if word == "plaintext" => {
            decrypt(case, folder, &mut wrong);
        }
        (Op::Parse, Expect::Word(kind)) => parse(case, folder, kind, &mut wrong),
        _ => wrong.say("this test knows no such case", ""),
    }
    wrong.0
}

struct Wrong(Vec<String>);

impl Wrong {
    fn say(&mut self, what: &str, said: &str) {
        self.0.push(format!("{what}\n{said}"));
    }

    fn unless(&mut self, holds: bool, what: &str, run: &Opened) {
        if !holds {
            self.say(what, &run.said());
        }
    }

    /// Whether the run did not panic, gave a report, and ended as its verdict has it.
    fn sound<'a>(&mut self, run: &'a Opened) -> Option<&'a Report> {
        let Some(report) = &run.report else {
            self.say("no report", &run.said());
            return None;
        };
        self.unless(report.version == 1, "a version other than 1", run);
        let stderr = &run.outcome.stderr;
        self.unless(!stderr.contains("panicked"), "a panic", run);
        Some(report)
    }
}

/// `mailseal COMMAND`, with what the case gives to verify with.
fn command(case: &Case, folder: &Path, command: &str, allow_legacy: bool) -> Mailseal {
    // The suites lie there readable to everybody.
    let keys = if case.key.is_some() {
        "--allow-insecure-keys"
    } else {
        ""
    };
    let run = Mailseal::new(command).args(keys.split_whitespace());
    let mut run = run.arg(folder.join(&case.message));
    for path in &case.trust {
        run = run.arg("--trust").arg(folder.join(path));
    }
    for path in case.intermediates.iter().chain(&case.signer_certs) {
        run = run.arg("--intermediates").arg(folder.join(path));
    }
    for (flag, path) in [
        ("--content", &case.content),
        ("--key", &case.key),
        ("--cert", &case.cert),
    ] {
        if let Some(path) = path {
            run = run.arg(flag).arg(folder.join(path));
        }
    }
    if let Some(at) = &case.at {
        run = run.args(["--at", at]);
    }
    if allow_legacy {
        run = run.arg("--allow-legacy");
    }
    run
}

fn verify(case: &Case, folder: &Path, expect: &Judgements, wrong: &mut Wrong) {
    let run = command(case, folder, "verify", case.is_legacy()).verified();
    let Some(report) = wrong.sound(&run) else {
        return;
    };
    let valid = report.verdict == "valid";
    wrong.unless(
        run.outcome.status == Some(i32::from(!valid)),
        "the exit code is not the verdict's",
        &run,
    );
    judgements(expect, report, &run, wrong);
    if let Some(allowed) = &case.expect_sha1_allowed {
        judgements(allowed, report, &run, wrong);
    }
    if case.is_legacy() {
        legacy_is_refused(case, folder, expect, wrong);
    }
    if let Some(text) = &case.contains
        && expect.signature.as_deref() == Some("valid")
    {
        // `open` on the same message gives the same judgements, and the content that was signed.
        let run = command(case, folder, "open", case.is_legacy()).opened();
        if let Some(report) = wrong.sound(&run) {
            judgements(expect, report, &run, wrong);
        }
        wrong.unless(
            contains(&run, text),
            "not the content that was signed",
            &run,
        );
    }
}

/// Without `--allow-legacy` the same signature is not valid, and the reason says what it takes.
fn legacy_is_refused(case: &Case, folder: &Path, expect: &Judgements, wrong: &mut Wrong) {
    let run = command(case, folder, "verify", false).verified();
    let Some(report) = wrong.sound(&run) else {
        return;
    };
    wrong.unless(report.verdict == "invalid", "legacy, and not invalid", &run);
    let signers = report.signers();
    let none_is_valid = signers.iter().all(|signer| signer.signature == "invalid");
    wrong.unless(none_is_valid, "a legacy signature is valid", &run);
    if expect.signature.as_deref() == Some("valid") {
        let because = signers.iter().any(|signer| {
            let reason = signer.reason.as_deref().unwrap_or_default();
            reason.contains("legacy")
        });
        wrong.unless(because, "no reason that says legacy", &run);
    }
}

fn decrypt(case: &Case, folder: &Path, wrong: &mut Wrong) {
    let then = case.then.clone().unwrap_or_default();
    let text = case.contains.as_deref().unwrap_or_default();
    let is_signed = then.signature.is_some_and(|signature| signature != "none");
    let run = command(case, folder, "open", case.is_legacy());
    let run = if is_signed {
        run
    } else {
        run.arg("--allow-unauthenticated")
    };
    let run = run.opened();
    let Some(report) = wrong.sound(&run) else {
        return;
    };
    wrong.unless(run.outcome.status == Some(0), "not opened", &run);
    wrong.unless(
        contains(&run, text),
        "not the content that was sealed",
        &run,
    );
    let kind = report.layers.first().map(|layer| layer.kind.as_str());
    wrong.unless(kind == Some("enveloped-data"), "no enveloped-data", &run);
    judgements(&case.then.clone().unwrap_or_default(), report, &run, wrong);

    // The nearest refusals: no leave for what nobody vouches for, or for legacy algorithms, …
    if !is_signed || case.is_legacy() {
        let run = command(case, folder, "open", !is_signed && case.is_legacy()).opened();
        wrong.unless(run.outcome.status == Some(1), "opened without leave", &run);
        wrong.unless(run.content.is_none(), "written without leave", &run);
    }
    // … and no key.
    let keyless = Case {
        key: None,
        cert: None,
        ..case.clone()
    };
    let run = command(&keyless, folder, "open", true).opened();
    wrong.unless(run.outcome.status == Some(66), "opened without a key", &run);
    wrong.unless(run.content.is_none(), "written without a key", &run);
}

fn contains(run: &Opened, text: &str) -> bool {
    run.content
        .as_deref()
        .is_some_and(|content| String::from_utf8_lossy(content).contains(text))
}

/// Every signer is judged as expected, and the verdict claims no more than that.
fn judgements(expect: &Judgements, report: &Report, run: &Opened, wrong: &mut Wrong) {
    let signers = report.signers();
    let mut valid = true;
    match expect.signature.as_deref() {
        Some("none") => {
            wrong.unless(signers.is_empty(), "a signer, but there is none", run);
            wrong.unless(
                report.verdict == "unsigned",
                "the verdict is not unsigned",
                run,
            );
            return;
        }
        Some("partial") => {
            let partial = |coverage: &Option<String>| coverage.as_deref() == Some("partial");
            let found = report.layers.iter().any(|layer| partial(&layer.coverage));
            wrong.unless(found, "coverage is not partial", run);
            valid = false;
        }
        Some(signature) => {
            wrong.unless(!signers.is_empty(), "no signer", run);
            let as_expected = signers.iter().all(|signer| signer.signature == signature);
            wrong.unless(
                as_expected,
                &format!("the signature is not {signature}"),
                run,
            );
            valid &= signature == "valid";
        }
        None => {}
    }
    if let Some(chain) = &expect.chain {
        let word = if chain == "accept" {
            "valid"
        } else {
            "invalid"
        };
        let as_expected = signers.iter().all(|signer| signer.chain == word);
        wrong.unless(as_expected, &format!("the chain is not {word}"), run);
        valid &= word == "valid";
    }
    if let Some(address) = &expect.address {
        let as_expected = signers.iter().all(|signer| &signer.address == address);
        wrong.unless(as_expected, &format!("the address is not {address}"), run);
        valid &= address == "match";
    }
    // RFC 8551 and RFC 8550 know no rule about the header's Date beside signingTime, and Date is
    // not signed; that it must lie within an hour is Thunderbird's own policy. Here it is told,
    // and changes no judgement.
    if expect.policy.as_deref() == Some("reject-date") {
        let told = report.text.contains("signing time") && report.text.contains("Date");
        wrong.unless(told, "nothing is said of Date and the signing time", run);
    }
    if expect.signature.is_some() && expect.chain.is_some() && expect.address.is_some() {
        let verdict = if valid { "valid" } else { "invalid" };
        let as_expected = report.verdict == verdict;
        wrong.unless(as_expected, &format!("the verdict is not {verdict}"), run);
    }
}

/// No message with a signature or recipients: what it is, is told, and nothing is claimed of it.
fn parse(case: &Case, folder: &Path, kind: &str, wrong: &mut Wrong) {
    let run = command(case, folder, "verify", true).verified();
    let name = match kind {
        "digested" => "digested-data",
        other => other,
    };
    wrong.unless(
        run.outcome.status != Some(0),
        "an exit code of success",
        &run,
    );
    wrong.unless(
        run.said().contains(name),
        &format!("{name} is not named"),
        &run,
    );
    if let Some(report) = &run.report {
        wrong.unless(
            report.verdict != "valid",
            "valid, without a signature",
            &run,
        );
        let unsigned = report.signers().is_empty();
        wrong.unless(unsigned, "a signer, but there is none", &run);
    }
}
