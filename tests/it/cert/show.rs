//! `mailseal cert show`: what it tells, and what it does not open.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Files, PASSWORD, der, json, key_file, p12, pki};
use crate::support::peer::{peers, skipped};
use crate::support::{Mailseal, project, tool};

#[test]
fn fingerprints_serials_and_dates_are_those_of_openssl() {
    if !peers(&["openssl"]) {
        return;
    }
    let mut count = 0;
    for entry in fs::read_dir(project("testdata/keys")).expect("testdata/keys is there") {
        let path = entry.expect("an entry").path();
        let is_certificate = path.extension() == Some(OsStr::new("crt"));
        if !is_certificate || path.ends_with("garbage@example.com.crt") {
            continue;
        }
        count += 1;
        let (_, shown) = json(Mailseal::new("cert show").arg(&path));
        let shown = &shown["certificates"][0];
        for (options, field) in [
            ("-fingerprint -sha1", "sha1"),
            ("-fingerprint -sha256", "sha256"),
            ("-serial", "serial"),
        ] {
            let mut arguments = vec![OsStr::new("x509"), OsStr::new("-noout")];
            arguments.extend(options.split(' ').map(OsStr::new));
            arguments.extend([OsStr::new("-in"), path.as_os_str()]);
            let told = tool("openssl", &arguments, b"");
            let told = String::from_utf8(told).expect("openssl writes ASCII");
            let (_, told) = told.trim().split_once('=').expect("NAME=VALUE");
            let told = told.replace(':', "").to_lowercase();
            assert_eq!(shown[field].as_str(), Some(&*told), "{}", path.display());
        }
    }
    assert!(count > 20, "only {count} certificates");
}

/// A certificate with every extension that has a line of its own, and two that have none.
const EVERYTHING: &str = "\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = Everything
[extensions]
basicConstraints = critical,CA:TRUE,pathlen:3
keyUsage = critical,keyCertSign,cRLSign,digitalSignature
extendedKeyUsage = emailProtection,1.2.3.4.5
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:a@example.com,DNS:example.com,IP:192.0.2.1,URI:https://example.com/,RID:1.2.3,\
dirName:name,otherName:1.2.3.4;UTF8:x
certificatePolicies = 2.5.29.32.0,1.2.3.9
nameConstraints = critical,permitted;email:example.com,permitted;IP:10.0.0.0/255.0.0.0,\
excluded;DNS:bad.example.com
crlDistributionPoints = URI:http://crl.example.com/a.crl,URI:http://crl.example.com/b.crl
authorityInfoAccess = OCSP;URI:http://ocsp.example.com/,caIssuers;URI:http://ca.example.com/ca.cer
inhibitAnyPolicy = 2
1.2.3.4.6 = critical,DER:0500
";

#[test]
fn every_extension_is_told() {
    if !peers(&["openssl"]) {
        return;
    }
    let files = Files::new();
    let (config, key) = (
        files.write("config", EVERYTHING),
        key_file("carol@example.com.pem"),
    );
    let mut arguments: Vec<&OsStr> = ["req", "-x509", "-new", "-days", "9", "-config"]
        .into_iter()
        .map(OsStr::new)
        .collect();
    arguments.extend([config.as_os_str(), OsStr::new("-key"), key.as_os_str()]);
    let everything = files.write("everything.crt", tool("openssl", &arguments, b""));

    let (_, shown) = json(Mailseal::new("cert show").arg(&everything));
    let shown = &shown["certificates"][0];
    for (field, expected) in [
        ("emails", r#"["a@example.com"]"#),
        (
            "key_usage",
            r#"["digitalSignature","keyCertSign","cRLSign"]"#,
        ),
        ("extended_key_usage", r#"["emailProtection","1.2.3.4.5"]"#),
        ("is_ca", "true"),
        ("path_length", "3"),
        ("policies", r#"["1.2.3.9","2.5.29.32.0"]"#),
        (
            "other_names",
            r#"["dNSName example.com","iPAddress 192.0.2.1",
                "uniformResourceIdentifier https://example.com/","the registeredID 1.2.3",
                "directoryName CN=Everything","an otherName of 1.2.3.4"]"#,
        ),
        (
            "permitted_names",
            r#"["rfc822Name example.com","iPAddress 10.0.0.0/255.0.0.0"]"#,
        ),
        ("excluded_names", r#"["dNSName bad.example.com"]"#),
        (
            "crls",
            r#"["http://crl.example.com/a.crl","http://crl.example.com/b.crl"]"#,
        ),
        ("ocsp", r#"["http://ocsp.example.com/"]"#),
        ("ca_issuers", r#"["http://ca.example.com/ca.cer"]"#),
        ("malformed_extensions", "[]"),
    ] {
        let expected: Value = serde_json::from_str(expected).expect("JSON");
        assert_eq!(shown[field], expected, "{field}");
    }
    assert!(shown["days_left"] == 8 || shown["days_left"] == 9);
    let own = serde_json::json!({"id": "1.2.3.4.6", "critical": true, "length": 2});
    let extensions = shown["extensions"].as_array().expect("a list");
    assert!(extensions.contains(&own), "{extensions:?}");

    let lines = Mailseal::new("cert show").arg(&everything).run().success();
    let lines = String::from_utf8(lines).expect("UTF-8");
    for line in [
        "  key usage            digitalSignature, keyCertSign, cRLSign (critical)",
        "  extended key usage   emailProtection, 1.2.3.4.5",
        "  basic constraints    a CA, with at most 3 CAs below it (critical)",
        "                       2.5.29.32.0 (any)",
        "  permitted names      rfc822Name example.com",
        "                       http://crl.example.com/b.crl",
        "  OCSP                 http://ocsp.example.com/",
        "  issuer's certificate http://ca.example.com/ca.cer",
        "  other extensions     2.5.29.54 (id-ce-inhibitAnyPolicy), 3 octets",
        "                       1.2.3.4.6, 2 octets, critical",
        "  also critical        id-ce-nameConstraints",
    ] {
        assert!(lines.lines().any(|it| it == line), "no {line:?} in {lines}");
    }
}

#[test]
fn an_extension_that_cannot_be_read_is_named() {
    let files = Files::new();
    let mut der = der(&pki("intermediate.crt"));
    // basicConstraints, its cA an INTEGER for a BOOLEAN.
    let is_ca = b"\x30\x03\x01\x01\xff";
    let position = der.windows(is_ca.len()).position(|window| window == is_ca);
    der[position.expect("the extension") + 2] = 0x04;
    let file = files.write("malformed.der", der);
    let (status, shown) = json(Mailseal::new("cert show").arg(&file));
    assert_eq!(status, Some(0));
    let shown = &shown["certificates"][0];
    assert_eq!(shown["malformed_extensions"][0], "basicConstraints");
    assert_eq!(shown["is_ca"], false);
}

#[test]
fn keys_are_shown_as_far_as_the_password_goes() {
    let show = |name: &str| Mailseal::new("cert show").arg(key_file(name));
    let (_, plain) = json(show("bob@example.com.pem"));
    let key = &plain["keys"][0];
    assert_eq!((&key["kind"], &key["bits"]), (&"RSA".into(), &3072.into()));
    assert_eq!(key["encrypted"], false);
    assert_eq!(plain["certificates"], Value::Array(Vec::new()));

    let encrypted = "encrypted@example.com.pem";
    let (status, locked) = json(show(encrypted));
    assert_eq!(status, Some(0));
    let key = &locked["keys"][0];
    assert!(key["kind"].is_null() && key["encrypted"] == true, "{key}");
    let password = key_file("encrypted@example.com.password");
    let (_, opened) = json(show(encrypted).arg("--password-file").arg(password));
    assert!(opened["keys"][0]["bits"].is_number(), "{opened}");
    let files = Files::new();
    let wrong = files.write("wrong", "guess");
    let refused = show(encrypted).arg("--password-file").arg(wrong).run();
    refused.refused(77, &["password"]);

    let password = files.write("password", PASSWORD);
    let opened = Mailseal::new("cert show --password-file").arg(&password);
    let (_, opened) = json(opened.arg(p12("alice.p12")));
    let own = &opened["certificates"][0]["sha256"];
    assert_eq!(&opened["keys"][0]["certificate"], own);
}

#[test]
fn old_encryption_opens_with_the_flag_alone() {
    let files = Files::new();
    let password = files.write("password", PASSWORD);
    let show = |flags: &str| {
        let run = Mailseal::new("cert show").args(flags.split_whitespace());
        run.arg("--password-file")
            .arg(&password)
            .arg(p12("rc2-40.p12"))
    };
    show("")
        .run()
        .refused(66, &["rc2-40.p12", "--allow-legacy"]);
    let (status, shown) = json(show("--allow-legacy"));
    assert_eq!(status, Some(0), "{shown}");
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let files = Files::new();
    let mut der = der(&key_file("bob@example.com.crt"));
    let name = b"\x0c\x03bob";
    let position = der.windows(name.len()).position(|window| window == name);
    let position = position.expect("the subject has a UTF8String");
    der[position + 2..position + 5].copy_from_slice(b"\x1b[m");
    let file = files.write("steering.der", der);
    for command in ["cert show", "cert show --json", "cert check"] {
        let outcome = Mailseal::new(command).arg(&file).run();
        let said = [outcome.stdout, outcome.stderr.into_bytes()].concat();
        assert!(!said.contains(&0x1b), "{command}");
        assert!(!said.is_empty());
    }
}

/// The public suite of PKCS#12 files, through the command line.
#[test]
fn pkcs12_of_the_public_suite_is_shown() {
    #[derive(serde::Deserialize)]
    struct Manifest {
        cases: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        id: String,
        op: String,
        file: PathBuf,
        password: String,
        cert_sha1: Vec<String>,
    }
    /// Its MAC is that of another file: it opens nowhere (see the tests of PKCS#12).
    const REFUSED: &str = "p12/t5793-test.pfx";

    let folder = std::env::var_os("MAILSEAL_CONFORMANCE")
        .map_or_else(|| project("../shared/conformance"), PathBuf::from)
        .join("misc");
    let Ok(manifest) = fs::read(folder.join("manifest.json")) else {
        return skipped(&format!("PKCS#12: {} is not there", folder.display()));
    };
    let manifest: Manifest = serde_json::from_slice(&manifest).expect("as described");
    let files = Files::new();
    let mut shown = 0;
    for case in manifest.cases.iter().filter(|case| case.op == "p12") {
        println!("{}", case.id);
        let password = files.write("password", &case.password);
        let run = || {
            let run = Mailseal::new("cert show --allow-legacy --password-file");
            run.arg(&password).arg(folder.join(&case.file))
        };
        if case.id == REFUSED {
            run().run().refused(77, &["password"]);
            continue;
        }
        let (status, report) = json(run());
        assert_eq!(status, Some(0), "{report}");
        let certificates = report["certificates"].as_array().expect("certificates");
        let found: Vec<&str> = certificates
            .iter()
            .filter_map(|certificate| certificate["sha1"].as_str())
            .collect();
        for expected in &case.cert_sha1 {
            assert!(
                found.contains(&expected.as_str()),
                "{found:?} lacks {expected}"
            );
        }
        shown += 1;
    }
    assert_eq!(shown, 9);
}
