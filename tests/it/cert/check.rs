//! `mailseal cert check`: each path that holds beside its nearest neighbour that does not.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Files, PASSWORD, der, json, key_file, p12, pki};
use crate::support::peer::peers;
use crate::support::{Mailseal, Outcome, tool};

/// `cert check` of a file under the root of testdata.
fn check(arguments: &str, file: &Path) -> Mailseal {
    Mailseal::new("cert check --at 2026-11-21T12:00:00Z --trust")
        .arg(pki("root.crt"))
        .args(arguments.split_whitespace())
        .arg(file)
}

/// Exit code and reason; none stands for a valid path.
#[track_caller]
fn verdict(run: Mailseal) -> (Option<i32>, Option<String>) {
    let (status, report) = json(run);
    let is_valid = report["verdict"] == "valid";
    assert_eq!(is_valid, status == Some(0), "{report}");
    assert_eq!(is_valid, report["reason"].is_null(), "{report}");
    assert_eq!(is_valid, report["detail"].is_null(), "{report}");
    let reason = report["reason"].as_str().map(str::to_owned);
    (status, reason)
}

#[track_caller]
fn is_valid(run: Mailseal) {
    assert_eq!(verdict(run), (Some(0), None));
}

#[track_caller]
fn is_refused(run: Mailseal, reason: &str) {
    assert_eq!(verdict(run), (Some(1), Some(reason.to_owned())));
}

#[test]
fn a_path_is_reported_from_the_leaf_to_the_anchor() {
    let bob = key_file("bob@example.com.crt");
    let (status, report) = json(check("", &bob));
    assert_eq!(status, Some(0));
    assert_eq!(report["verdict"], "valid");
    let path = report["path"].as_array().expect("a path");
    let subjects: Vec<&str> = path
        .iter()
        .filter_map(|certificate| certificate["subject"].as_str())
        .collect();
    assert_eq!(
        subjects,
        [
            "CN=bob,O=mailseal tests",
            "CN=Intermediate,O=mailseal tests",
            "CN=Root,O=mailseal tests"
        ]
    );
    assert_eq!(path[0]["emails"][0], "bob@example.com");
    assert_eq!(report["certificate"], path[0]);
    assert_eq!(report["policies"], Value::Array(Vec::new()));

    let (status, report) = json(check("", &key_file("expired@example.com.crt")));
    assert_eq!((status, &report["verdict"]), (Some(1), &"invalid".into()));
    assert_eq!(report["path"], Value::Array(Vec::new()));
    assert_eq!(report["certificate"]["not_after"], "2020-12-31T23:59:59Z");
}

#[test]
fn the_flags_of_trust_count() {
    let bob = key_file("bob@example.com.crt");
    is_valid(check("", &bob));
    is_refused(check("--purpose server", &bob), "extended-key-usage");
    is_valid(check("--purpose any", &bob));
    is_refused(check("--require-explicit-policy", &bob), "no-valid-policy");

    let at = |time: &str| {
        let run = Mailseal::new("cert check --trust").arg(pki("root.crt"));
        run.arg("--at").arg(time).arg(&bob)
    };
    is_valid(at("2199-12-31T23:59:59Z"));
    is_refused(at("2200-01-01T00:00:00Z"), "expired");
    is_valid(at("2025-01-01T00:00:00Z"));
    is_refused(at("2024-12-31T23:59:59Z"), "not-yet-valid");

    let partial = |flag: &str| {
        let run = Mailseal::new("cert check --trust").arg(pki("intermediate.crt"));
        run.args(flag.split_whitespace()).arg(&bob)
    };
    is_refused(partial(""), "no-trusted-issuer");
    is_valid(partial("--partial-chain"));

    let short = key_file("rsa1024@example.com.crt");
    is_refused(check("", &short), "weak-key");
    is_valid(check("--allow-legacy", &short));

    let stranger = Mailseal::new("cert check --trust").arg(pki("stranger.crt"));
    is_refused(stranger.arg(&bob), "no-trusted-issuer");
}

#[test]
fn what_the_file_lacks_comes_from_intermediates() {
    let files = Files::new();
    let bob = files.write("bob.der", der(&key_file("bob@example.com.crt")));
    is_refused(check("", &bob), "no-trusted-issuer");
    let with = |file: PathBuf| check("--intermediates", &file).arg(&bob);
    is_valid(with(pki("intermediate.crt")));
    is_valid(with(files.write("ca.der", der(&pki("intermediate.crt")))));
    is_valid(with(key_file("alice@example.com.crt")));
    is_refused(with(pki("stranger.crt")), "no-trusted-issuer");
    with(files.write("none.crt", "nothing"))
        .run()
        .refused(66, &["none.crt"]);
    with(PathBuf::from("nowhere.crt"))
        .run()
        .refused(66, &["nowhere.crt"]);
}

#[test]
fn a_crl_that_is_given_has_to_speak() {
    let bob = key_file("bob@example.com.crt");
    let files = Files::new();
    let wrong = files.write("wrong.crl", "no list");
    check("--crl", &wrong)
        .arg(&bob)
        .run()
        .refused(66, &["wrong.crl"]);
    check("--crl", Path::new("nowhere.crl"))
        .arg(&bob)
        .run()
        .refused(66, &["nowhere.crl"]);
}

#[test]
fn the_format_is_found_by_looking() {
    if !peers(&["openssl"]) {
        return;
    }
    let files = Files::new();
    let pem = key_file("bob@example.com.crt");
    let bundle = |form: &str| {
        let words = ["crl2pkcs7", "-nocrl", "-outform", form, "-certfile"];
        let mut arguments: Vec<&OsStr> = words.into_iter().map(OsStr::new).collect();
        arguments.push(pem.as_os_str());
        tool("openssl", &arguments, b"")
    };
    let both = [der(&pem), der(&pki("intermediate.crt"))].concat();
    let base64 = base64_simd::STANDARD.encode_to_string(bundle("DER"));
    let message = format!(
        "From: a@example.com\r\nMIME-Version: 1.0\r\n\
         Content-Type: application/pkcs7-mime; smime-type=certs-only; name=smime.p7c\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{base64}\r\n"
    );
    let crlf = String::from_utf8(fs::read(&pem).expect("testdata")).expect("PEM is text");
    for (name, octets) in [
        ("crlf.pem", crlf.replace('\n', "\r\n").into_bytes()),
        ("both.der", both.clone()),
        (
            "base64",
            base64_simd::STANDARD.encode_to_string(&both).into_bytes(),
        ),
        ("bob.p7b", bundle("PEM")),
        ("bob.p7c", bundle("DER")),
        ("p7c.base64", base64.into_bytes()),
        ("certs.eml", message.into_bytes()),
    ] {
        println!("{name}");
        let file = files.write(name, &octets);
        is_valid(check("", &file));
        is_valid(check("", Path::new("-")).stdin(octets.clone()));
        let (status, shown) = json(Mailseal::new("cert show").arg(&file));
        assert_eq!(status, Some(0));
        assert_eq!(shown["certificates"].as_array().map(Vec::len), Some(2));
        let cut = files.write("cut", &octets[..octets.len() * 2 / 3]);
        let refused = Mailseal::new("cert show").arg(&cut).run();
        refused.refused(65, &["cut"]);
    }
}

#[test]
fn where_there_is_no_order_the_leaf_is_found() {
    if !peers(&["openssl"]) {
        return;
    }
    let (ca, bob) = (pki("intermediate.crt"), key_file("bob@example.com.crt"));
    let words = ["crl2pkcs7", "-nocrl", "-outform", "DER", "-certfile"];
    let mut arguments: Vec<&OsStr> = words.into_iter().map(OsStr::new).collect();
    arguments.extend([ca.as_os_str(), OsStr::new("-certfile"), bob.as_os_str()]);
    let files = Files::new();
    let bundle = files.write("bundle.p7c", tool("openssl", &arguments, b""));
    let (_, shown) = json(Mailseal::new("cert show").arg(&bundle));
    let first = &shown["certificates"][0]["subject"];
    assert_eq!(first, "CN=Intermediate,O=mailseal tests");
    let subject = |file: &Path| {
        let (status, report) = json(check("", file));
        assert_eq!(status, Some(0), "{report}");
        report["path"][0]["subject"].clone()
    };
    assert_eq!(subject(&bundle), "CN=bob,O=mailseal tests");

    // In PEM and DER the order counts, as everywhere.
    let both = [fs::read(&ca), fs::read(&bob)].map(|text| text.expect("testdata"));
    let pem = files.write("both.pem", both.concat());
    assert_eq!(subject(&pem), "CN=Intermediate,O=mailseal tests");
}

#[test]
fn the_certificate_of_the_key_is_judged_in_pkcs12() {
    let files = Files::new();
    let password = files.write("password", PASSWORD);
    let wrong = files.write("wrong", "correct horse battery stable");
    let alice = p12("alice.p12");
    let with = |password: &Path| check("--password-file", password).arg(&alice);
    let (status, report) = json(with(&password));
    assert_eq!(status, Some(0), "{report}");
    assert_eq!(report["path"][0]["emails"][0], "alice@example.com");
    with(&wrong).run().refused(77, &["password"]);
    check("", &alice).run().refused(77, &["password"]);
}

#[test]
fn what_is_no_certificate_is_malformed() {
    let (status, report) = json(check("", &key_file("garbage@example.com.crt")));
    assert_eq!(status, Some(65));
    assert_eq!(report["verdict"], "invalid");
    assert_eq!(report["reason"], "malformed");
    for name in ["garbage@example.com.crt", "bob@example.com.pem"] {
        let refused = check("", &key_file(name)).run();
        refused.refused(65, &[name]);
    }
    check("", Path::new("nowhere.crt"))
        .run()
        .refused(66, &["nowhere.crt"]);
    let trust = Mailseal::new("cert check --trust nowhere.crt");
    let trust = trust.arg(key_file("bob@example.com.crt")).run();
    trust.refused(66, &["nowhere.crt"]);
}

#[test]
fn of_several_files_the_worst_counts() {
    let (good, expired) = (
        key_file("bob@example.com.crt"),
        key_file("expired@example.com.crt"),
    );
    let run = |files: &[&Path]| -> Outcome {
        let run = check("--json", files[0]);
        run.args(&files[1..]).run()
    };
    assert_eq!(
        run(&[&good, &key_file("alice@example.com.crt")]).status,
        Some(0)
    );
    let both = run(&[&expired, &good]);
    assert_eq!(both.status, Some(1));
    let lines = String::from_utf8(both.stdout).expect("JSON is UTF-8");
    let verdicts: Vec<Value> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).expect("an object a line")["verdict"].clone()
        })
        .collect();
    assert_eq!(verdicts, ["invalid", "valid"]);
    let missing = run(&[Path::new("nowhere.crt"), &expired, &good]);
    assert_eq!(missing.status, Some(66));
    let lines = String::from_utf8(missing.stdout).expect("JSON is UTF-8");
    assert_eq!(lines.lines().count(), 2);
}
