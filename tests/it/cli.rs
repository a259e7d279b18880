//! What users see: one small file a behaviour in `tests/cli`, each with arguments, standard input, standard
//! output, standard error and status.
//!
//! Each runs in a directory that holds the keys and the mails of testdata, sealed ones too,
//! `root.crt` and `stranger.crt`, in `dkim` what is signed for DKIM, and in `collect` what certificates are
//! collected from. In what is expected, `[..]` stands for anything within a line, and a last line of `[...]` for any lines at all.
//! `MAILSEAL_BLESS=1` prints what came instead, ready to be pasted.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{Keys, Mailseal, mail, manifest, project};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Behaviour {
    /// What is shown, in a sentence.
    about: String,
    arguments: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    stdin: String,
    status: i32,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
}

#[test]
fn what_users_see() {
    let mut paths: Vec<_> = fs::read_dir(project("tests/cli"))
        .expect("tests/cli is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    assert!(paths.len() > 10, "only {} behaviours", paths.len());
    let mut wrong = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a file of tests/cli");
        let behaviour: Behaviour =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let differences = differences(&behaviour);
        if !differences.is_empty() {
            wrong.push(format!(
                "{} ({}):\n{differences}",
                path.display(),
                behaviour.about
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What came otherwise than the behaviour says.
fn differences(behaviour: &Behaviour) -> String {
    let directory = Keys::new();
    for mail_of_testdata in manifest() {
        let to = directory.file(&mail_of_testdata.name);
        fs::copy(mail(&mail_of_testdata.name), to).expect("our own directory");
    }
    let sealed = fs::read_dir(project("testdata/sealed")).expect("testdata/sealed is there");
    let sealed = sealed.map(|entry| entry.expect("an entry").path());
    for path in
        sealed.chain(["root.crt", "stranger.crt"].map(|name| project("testdata/pki").join(name)))
    {
        let name = path.file_name().expect("a file has a name");
        fs::copy(&path, directory.path().join(name)).expect("our own directory");
    }
    for (folder, files) in [
        ("dkim", "testdata/dkim/messages"),
        ("collect", "testdata/collect/messages"),
    ] {
        let folder = directory.path().join(folder);
        fs::create_dir(&folder).expect("our own directory");
        for entry in fs::read_dir(project(files)).expect("testdata is there") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a file has a name");
            fs::copy(&path, folder.join(name)).expect("our own directory");
        }
    }
    let records = project("testdata/collect/dns.json");
    fs::copy(records, directory.path().join("collect/dns.json")).expect("our own directory");
    let mut run = Mailseal::new("")
        .args(&behaviour.arguments)
        .stdin(behaviour.stdin.clone());
    run = run.directory(directory.path());
    for (name, value) in &behaviour.environment {
        run = run.env(name, value);
    }
    let outcome = run.run();
    let mut text = String::new();
    if outcome.status != Some(behaviour.status) {
        text += &format!(
            "status: {:?} and not {}\n",
            outcome.status, behaviour.status
        );
    }
    for (name, expected, came) in [
        (
            "stdout",
            &behaviour.stdout,
            String::from_utf8_lossy(&outcome.stdout).replace("\r\n", "\n"),
        ),
        ("stderr", &behaviour.stderr, outcome.stderr),
    ] {
        if !matches(expected, &came) || std::env::var_os("MAILSEAL_BLESS").is_some() {
            text += &format!("{name} = '''\n{came}'''\n");
        }
    }
    text
}

/// Whether `came` is as `pattern` says, line by line.
fn matches(pattern: &str, came: &str) -> bool {
    let (mut patterns, mut lines) = (pattern.lines().peekable(), came.lines());
    loop {
        match (patterns.next(), lines.next()) {
            (Some("[...]"), _) if patterns.peek().is_none() => return true,
            (Some(pattern), Some(line)) if matches_line(pattern, line) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

fn matches_line(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.split("[..]");
    let first = pieces.next().expect("split gives one piece");
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(position) => rest = &rest[position + piece.len()..],
            None => return false,
        }
    }
    true
}

#[test]
fn patterns_match_what_they_say() {
    assert!(matches("a\nb[..]d\n", "a\nbcd\n"));
    assert!(matches("a\n[...]\n", "a\nb\nc\n"));
    assert!(matches("[..] in [..] s", "ok in 0.1 s"));
    assert!(!matches("a\nb[..]d\n", "a\nbc\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("a\nb\n", "a\n"));
    assert!(!matches("", "anything"));
}
