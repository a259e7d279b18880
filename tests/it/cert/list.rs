//! `mailseal cert list`: which certificates, in which order, and when cron is told.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::made::Made;
use super::{Files, PASSWORD, key_file, p12, pki};
use crate::support::peer::peers;
use crate::support::{Keys, Mailseal, project};

/// Thirty days before the certificates of testdata end.
const AT: &str = "2199-12-01T00:00:00Z";

fn list(arguments: &str) -> Mailseal {
    Mailseal::new("cert list --at")
        .arg(AT)
        .args(arguments.split_whitespace())
}

/// Exit code, and the objects.
fn objects(run: Mailseal) -> (Option<i32>, Vec<Value>) {
    let outcome = run.arg("--json").run();
    let text = String::from_utf8(outcome.stdout).expect("JSON is UTF-8");
    let object = |line: &str| -> Value {
        let object: Value = serde_json::from_str(line).expect("an object a line");
        assert_eq!(object["version"], 1);
        object
    };
    (outcome.status, text.lines().map(object).collect())
}

fn subjects(objects: &[Value]) -> Vec<&str> {
    let subject = |object: &Value| object["subject"].as_str().map(str::len).is_some();
    let listed = objects.iter().filter(|object| subject(object));
    listed
        .map(|object| object["subject"].as_str().expect("a subject"))
        .collect()
}

#[test]
fn what_expires_first_comes_first_and_each_certificate_once() {
    let keys = Keys::new();
    fs::remove_file(keys.file("garbage@example.com.crt")).expect("our own directory");
    let (status, listed) = objects(keys.mailseal("cert list --at").arg(AT));
    assert_eq!(status, Some(0));
    let days: Vec<i64> = listed
        .iter()
        .filter_map(|it| it["days_left"].as_i64())
        .collect();
    assert!(days.is_sorted(), "{days:?}");
    assert!(days.contains(&30) && days.first() < Some(&0));
    let all = subjects(&listed);
    let intermediate = all
        .iter()
        .filter(|it| **it == "CN=Intermediate,O=mailseal tests");
    assert_eq!(intermediate.count(), 1);
    assert_eq!(
        all.iter()
            .filter(|it| **it == "CN=second,O=mailseal tests")
            .count(),
        1
    );
    // All that openssl would find, but for the one in a container.
    assert!(all.len() > 30, "{all:?}");
    let locked: Vec<&Value> = listed
        .iter()
        .filter(|it| it["outcome"] == "locked")
        .collect();
    assert_eq!(locked.len(), 1);
    assert!(
        locked[0]["file"]
            .as_str()
            .is_some_and(|it| it.ends_with("container@example.com.p12"))
    );
}

#[test]
fn cron_is_told_of_what_expires_within_so_many_days() {
    let bob = key_file("bob@example.com.crt");
    let within = |days: &str| list("--expires-within").arg(days).arg(&bob).run();
    let quiet = within("29");
    assert_eq!(
        (quiet.status, &*quiet.stdout, &*quiet.stderr),
        (Some(0), &b""[..], "")
    );
    let due = within("30");
    assert_eq!((due.status, &*due.stderr), (Some(1), ""));
    let due = String::from_utf8(due.stdout).expect("UTF-8");
    assert!(
        due.starts_with("30 days  2199-12-31  bob@example.com  sign, receive"),
        "{due}"
    );
    // Both, the intermediate too.
    assert_eq!(due.lines().count(), 2);
    let expired = list("--expires-within 0")
        .arg(key_file("expired@example.com.crt"))
        .run();
    assert_eq!(expired.status, Some(1));
    let before = list("--expires-within -1").arg(&bob).run();
    assert_eq!(before.status, Some(64));
}

#[test]
fn days_are_counted_as_openssl_counts_them() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    made.person("bob", &["bob@example.com"]);
    for (days, expected) in [("28", 0), ("30", 1)] {
        let run = Mailseal::new("cert list --expires-within")
            .arg(days)
            .arg(made.path("bob.crt"));
        assert_eq!(run.run().status, Some(expected));
        let seconds = days.parse::<u32>().expect("digits") * 24 * 60 * 60;
        let file = made.path("bob.crt");
        let checkend = std::process::Command::new("openssl")
            .args(["x509", "-noout", "-checkend", &seconds.to_string(), "-in"])
            .arg(file)
            .output()
            .expect("openssl can be run");
        assert_eq!(checkend.status.code(), Some(expected));
    }
}

#[test]
fn all_formats_are_listed() {
    if !peers(&["openssl"]) {
        return;
    }
    let made = Made::new();
    made.person("bob", &["bob@example.com"]);
    made.write("password", PASSWORD);
    made.make("der.cer", "x509 -in @bob.crt -outform DER");
    made.make(
        "bundle.p7b",
        "crl2pkcs7 -nocrl -certfile @bob.crt -certfile @ca.crt",
    );
    made.make(
        "bundle.p7c",
        "crl2pkcs7 -nocrl -certfile @bob.crt -outform DER",
    );
    let exported = "pkcs12 -export -in @bob.crt -inkey @bob.key -passout file:";
    made.make(
        "bob.p12",
        &format!("{exported}{}", made.path("password").display()),
    );
    made.make(
        "trusted.pem",
        "x509 -in @bob.crt -trustout -addtrust emailProtection",
    );
    for name in [
        "bob.crt",
        "der.cer",
        "bundle.p7b",
        "bundle.p7c",
        "bob.p12",
        "trusted.pem",
    ] {
        let run = Mailseal::new("cert list --password-file").arg(made.path("password"));
        let (status, listed) = objects(run.arg(made.path(name)));
        assert_eq!(status, Some(0), "{name}");
        assert!(subjects(&listed).contains(&"CN=bob"), "{name}: {listed:?}");
    }
    // The same certificate in all of them.
    let run = Mailseal::new("cert list --password-file").arg(made.path("password"));
    let (status, listed) = objects(run.arg(made.path("")));
    assert_eq!(status, Some(0));
    let bob: Vec<&Value> = listed
        .iter()
        .filter(|it| it["subject"] == "CN=bob")
        .collect();
    assert_eq!(bob.len(), 1);
    assert_eq!(bob[0]["files"].as_array().map(Vec::len), Some(6));
    assert_eq!(bob[0]["private_key"]["matches"], true);
}

#[test]
fn the_private_key_beside_is_looked_at() {
    let keys = Keys::new();
    let key = |name: &str| {
        let (status, listed) = objects(list("").arg(keys.file(&format!("{name}@example.com.crt"))));
        assert_eq!(status, Some(0));
        let leaf = listed
            .iter()
            .find(|it| !it["emails"].as_array().expect("a list").is_empty());
        leaf.expect("a leaf")["private_key"].clone()
    };
    assert_eq!(key("bob")["matches"], true);
    assert!(
        key("bob")["file"]
            .as_str()
            .is_some_and(|it| it.ends_with("bob@example.com.pem"))
    );
    assert_eq!(key("mismatch")["matches"], false);
    assert!(key("encrypted")["matches"].is_null() && key("encrypted")["file"].is_string());
    fs::remove_file(keys.file("bob@example.com.pem")).expect("our own directory");
    assert!(key("bob").is_null());
    // The password tells.
    let run = list("--password-file").arg(keys.file("encrypted@example.com.password"));
    let (_, listed) = objects(run.arg(keys.file("encrypted@example.com.crt")));
    let leaf = listed
        .iter()
        .find(|it| it["emails"][0] == "encrypted@example.com");
    assert_eq!(leaf.expect("a leaf")["private_key"]["matches"], true);
}

#[test]
fn pkcs12_without_its_password_is_mentioned() {
    let keys = Keys::new();
    let container = keys.file("container@example.com.p12");
    let closed = list("").arg(&container).run();
    assert_eq!((closed.status, &*closed.stdout), (Some(0), &b""[..]));
    assert!(
        closed.stderr.contains("--password-file FILE"),
        "{}",
        closed.stderr
    );
    let password = keys.file("encrypted@example.com.password");
    let (status, listed) = objects(list("--password-file").arg(&password).arg(&container));
    assert_eq!((status, listed.len()), (Some(0), 2));
    assert_eq!(listed[0]["private_key"]["matches"], true);
    let wrong = Files::new();
    let wrong_password = wrong.write("wrong", "guess");
    let run = list("--password-file")
        .arg(&wrong_password)
        .arg(&container)
        .run();
    run.refused(77, &["password"]);
    // In a directory others may have other passwords.
    let directory = Files::new();
    directory.write("a.p12", fs::read(&container).expect("testdata"));
    let run = list("--password-file")
        .arg(&wrong_password)
        .arg(directory.0.path())
        .run();
    assert_eq!(run.status, Some(0));
    assert!(
        run.stderr.contains("a.p12 has another password"),
        "{}",
        run.stderr
    );
    let legacy = list("--password-file")
        .arg(&password)
        .arg(p12("legacy.p12"))
        .run();
    legacy.refused(66, &["RC2", "--allow-legacy"]);
    let legacy = list("--allow-legacy --password-file")
        .arg(&password)
        .arg(p12("legacy.p12"));
    assert_eq!(objects(legacy).0, Some(0));
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other() {
    let (status, listed) = objects(
        list("nowhere.crt")
            .arg(key_file("garbage@example.com.crt"))
            .arg(key_file("bob@example.com.crt")),
    );
    assert_eq!(status, Some(66));
    let failed: Vec<&Value> = listed
        .iter()
        .filter(|it| it["outcome"] == "failed")
        .collect();
    let codes: Vec<&Value> = failed.iter().map(|it| &it["exit_code"]).collect();
    assert_eq!(codes, [66, 65]);
    assert_eq!(subjects(&listed).len(), 2);
    let outcome = list("nowhere.crt")
        .arg(key_file("bob@example.com.crt"))
        .run();
    outcome.failed(66, &["nowhere.crt", "hint: "]);
    assert!(!outcome.stdout.is_empty());
    // What is due and what is broken: the worse of the two.
    let both = list("--expires-within 99999 nowhere.crt").arg(key_file("bob@example.com.crt"));
    assert_eq!(both.run().status, Some(66));
}

#[test]
fn a_directory_is_listed_without_those_inside_it() {
    let files = Files::new();
    let folder = files.0.path().join("history/bob@example.com");
    fs::create_dir_all(&folder).expect("our own directory");
    fs::copy(key_file("expired@example.com.crt"), folder.join("old.crt")).expect("testdata");
    fs::copy(
        key_file("bob@example.com.crt"),
        files.0.path().join("bob@example.com.crt"),
    )
    .expect("testdata");
    files.write("README", "nothing");
    files.write("bob@example.com.json", "{\"version\":1}");
    fs::copy(
        project("testdata/sealed/signed.eml"),
        files.0.path().join("mail.eml"),
    )
    .expect("testdata");
    let (status, listed) = objects(list("").arg(files.0.path()));
    assert_eq!((status, listed.len()), (Some(0), 2));
    // As it is given when nothing is named.
    let by_environment = Mailseal::new("cert list").env("MAILSEAL_KEYS", files.0.path());
    assert_eq!(objects(by_environment).1.len(), 2);
    assert_eq!(
        objects(Mailseal::new("cert list").directory(files.0.path()))
            .1
            .len(),
        2
    );
    let flag = Mailseal::new("cert list --keys").arg(files.0.path());
    assert_eq!(objects(flag.env("MAILSEAL_KEYS", "/nowhere")).1.len(), 2);
    // A certificate that is cut off is no file to be passed over.
    files.write("cut.crt", "");
    let cut = list("").arg(files.0.path()).run();
    cut.failed(65, &["cut.crt"]);
}

#[test]
fn a_directory_that_is_not_there_or_empty_is_told() {
    let missing = Mailseal::new("cert list --keys /nowhere/keys").run();
    missing.refused(66, &["/nowhere/keys is no directory", "--keys"]);
    let empty = Files::new();
    let outcome = list("--keys").arg(empty.0.path()).run();
    assert_eq!((outcome.status, &*outcome.stdout), (Some(0), &b""[..]));
    assert!(
        outcome.stderr.contains("there is no certificate in"),
        "{}",
        outcome.stderr
    );
    let both = list("--keys . x.crt").run();
    assert_eq!(both.status, Some(64));
}

#[test]
fn authorities_are_listed_as_such() {
    let (_, listed) = objects(list("").arg(pki("root.crt")));
    assert_eq!(listed[0]["purposes"], serde_json::json!(["ca"]));
    assert!(
        listed[0]["private_key"].is_object(),
        "root.pem lies beside it"
    );
    let purposes = |name: &str| {
        let (_, listed) = objects(list("").arg(key_file(&format!("{name}@example.com.crt"))));
        let leaf = listed
            .iter()
            .find(|it| it["purposes"] != serde_json::json!(["ca"]));
        leaf.expect("a leaf")["purposes"].clone()
    };
    assert_eq!(purposes("bob"), serde_json::json!(["sign", "receive"]));
    assert_eq!(purposes("sign-only"), serde_json::json!(["sign"]));
    assert_eq!(purposes("encrypt-only"), serde_json::json!(["receive"]));
    assert_eq!(purposes("server-only"), serde_json::json!([]));
    assert!(Path::new(&pki("root.pem")).exists());
}
