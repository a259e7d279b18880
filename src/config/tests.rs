use std::fs::Permissions;

use super::*;

const SAMPLE: &str = include_str!("../../packaging/mailseal.toml");

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("/etc/mailseal/mailseal.toml"))
}

/// What is said of a text that is wrong, without the directory.
fn complaint(text: &str) -> String {
    let complaint = parse(text).unwrap_err().to_string();
    complaint.replace("/etc/mailseal/", "")
}

/// The sample with the keys that it only shows; of a secret, the one or the other way to have it.
fn sample_in_full(with_files: bool) -> String {
    let has_twin = |line: &str| {
        let key = line.split(" =").next().unwrap_or_default().to_owned();
        SAMPLE.contains(&format!("\n{key}-file =")) || key.ends_with("-file")
    };
    let mut text = String::new();
    for line in SAMPLE.lines() {
        let is_file = line
            .split(" =")
            .next()
            .is_some_and(|key| key.ends_with("-file"));
        match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') && (!has_twin(line) || is_file == with_files) => {
                text.push_str(key);
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_sample_is_a_configuration_and_names_every_key() {
    let shipped = parse(SAMPLE).unwrap();
    assert_eq!(shipped.spool_dir, Some("/var/lib/mailseal/spool".into()));
    let mut written = Vec::new();
    for with_files in [false, true] {
        let text = sample_in_full(with_files);
        parse(&text).unwrap();
        let table: toml::Table = text.parse().unwrap();
        for (key, value) in &table {
            written.push(key.clone());
            for inner in value.as_table().into_iter().flat_map(toml::Table::keys) {
                written.push(format!("{key}.{inner}"));
            }
        }
    }
    let path = Path::new("mailseal.toml");
    let document = Document::new("", path);
    Config::of(&document).unwrap();
    for key in document.known_keys() {
        assert!(written.contains(&key), "the sample does not name {key}");
    }
}

#[test]
fn keys_become_values() {
    let config = parse(&sample_in_full(false)).unwrap();
    let Some(SecretSource::Inline(token)) = &config.webhook_token else {
        panic!("{:?}", config.webhook_token);
    };
    assert_eq!(token.expose(), b"t0p s3cr3t t0k3n");
    assert_eq!(config.trusted_certs.unwrap().len(), 2);
    assert_eq!(config.listen.unwrap()[1].to_string(), "[::1]:8855");
    assert_eq!(
        (config.replacement, config.alignment),
        (Some("always"), Some("strict"))
    );
    assert_eq!(config.trusted_proxies.unwrap()[1].1, 8);
    assert_eq!(config.allow_legacy, Some(false));
    assert_eq!(
        config.tls.unwrap().key,
        Path::new("/etc/mailseal/server.key")
    );
    assert_eq!(config.dns.servers.unwrap()[0].port(), 53);
    assert_eq!(
        (config.log.format, config.log.stderr),
        (Some("text"), Some(true))
    );
    assert_eq!(config.limits.header_timeout, Some(Duration::from_secs(10)));
    assert_eq!(config.limits.spool_octets, Some(4 << 30));
    assert_eq!(config.postmark.unwrap().user, "postmark");
    assert_eq!(config.revocation.mode, Some("off"));
    assert_eq!(config.reply.unwrap().via, Via::Smtp);
}

#[test]
fn nothing_need_be_said() {
    let config = parse("").unwrap();
    assert!(config.webhook_token.is_none() && config.tls.is_none() && config.reply.is_none());
    assert!(config.listen.is_none() && config.limits.body.is_none());
}

#[test]
fn one_value_stands_for_a_list_of_one() {
    let config = parse("listen = \"127.0.0.1:1\"\ntrusted-certs = \"/ca\"\n").unwrap();
    assert_eq!(config.listen.unwrap().len(), 1);
    assert_eq!(config.trusted_certs.unwrap(), [Path::new("/ca")]);
}

#[test]
fn paths_are_relative_to_the_file() {
    let text = "user-certs-dir = \".\"\ntrusted-certs = [\"ca.pem\", \"/ca\"]\n[raw]\ntoken-file = \"raw\"\n\
                [reply]\nfrom = \"a@example.com\"\nvia = \"pickup:out\"\n";
    let config = parse(text).unwrap();
    assert_eq!(config.user_certs_dir.unwrap(), Path::new("/etc/mailseal"));
    let trusted = config.trusted_certs.unwrap();
    assert_eq!(
        trusted,
        [Path::new("/etc/mailseal/ca.pem"), Path::new("/ca")]
    );
    assert!(
        matches!(config.raw, Some(SecretSource::File(path)) if path == Path::new("/etc/mailseal/raw"))
    );
    assert_eq!(
        config.reply.unwrap().via,
        Via::Pickup("/etc/mailseal/out".into())
    );
    let beside = Config::parse("spool-dir = \"spool\"\n", Path::new("mailseal.toml")).unwrap();
    assert_eq!(beside.spool_dir.unwrap(), Path::new("spool"));
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_nearest() {
    for (text, said) in [
        (
            "x = 1\nlisen = \"\"\n",
            "mailseal.toml:1:1: there is no key x",
        ),
        (
            "\n  lisen = \"\"\n",
            "mailseal.toml:2:3: there is no key lisen; did you mean listen?",
        ),
        (
            "[limits]\nbdy = 1\n",
            "mailseal.toml:2:1: there is no key limits.bdy; did you mean limits.body?",
        ),
        (
            "body = 1\n",
            "mailseal.toml:1:1: there is no key body; did you mean limits.body?",
        ),
        (
            "[limit]\nbody = 1\n",
            "mailseal.toml:1:2: there is no key limit; did you mean limits?",
        ),
        (
            "user_certs_dir = \"\"\n",
            "mailseal.toml:1:1: there is no key user_certs_dir; did you mean user-certs-dir?",
        ),
        (
            "x-messagesystems-webhook-tokn = \"\"\n",
            "mailseal.toml:1:1: there is no key x-messagesystems-webhook-tokn; did you mean x-messagesystems-webhook-token?",
        ),
        (
            "\"\\u001b[2J\" = 1\n",
            "mailseal.toml:1:1: there is no key \\u{1b}[2J",
        ),
    ] {
        assert_eq!(complaint(text), said);
    }
}

#[test]
fn a_wrong_value_is_an_error_that_says_what_is_wanted() {
    for (text, said) in [
        (
            "listen = 8855\n",
            "mailseal.toml:1:10: listen wants an IP address with a port, in quotes, or several in brackets, as in: listen = \"127.0.0.1:8855\"",
        ),
        (
            "listen = [\"127.0.0.1:1\", 2]\n",
            "mailseal.toml:1:10: listen wants an IP address with a port, in quotes, or several in brackets, as in: listen = \"127.0.0.1:8855\"",
        ),
        (
            "replacement = \"allways\"\n",
            "mailseal.toml:1:15: replacement wants one of the words always, same-issuer, manual, as in: replacement = \"always\"",
        ),
        (
            "# ä\n[limits]\nbody = \"40 lots\"\n",
            "mailseal.toml:3:8: limits.body wants a size from 1 octet, in quotes unless it is in octets, as in: body = \"40MiB\"",
        ),
        (
            "tls = true\n",
            "mailseal.toml:1:7: tls wants to be a table: [tls] on a line of its own, its keys below it, as in: tls = {}",
        ),
        (
            "allow-legacy = \"no\"\n",
            "mailseal.toml:1:16: allow-legacy wants true or false, as in: allow-legacy = false",
        ),
        (
            "[admin]\ntoken = \"\"\n",
            "mailseal.toml:2:9: admin.token wants the secret in quotes, which is not empty, as in: token = \"…\"",
        ),
    ] {
        assert_eq!(complaint(text), said);
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let said = complaint("listen = \"127.0.0.1:1\"\nspool-dir = /var\n");
    assert!(said.starts_with("mailseal.toml:2:13: "), "{said}");
    assert!(complaint("a = 1\na = 2\n").starts_with("mailseal.toml:2:1: "));
    assert!(complaint("x-messagesystems-webhook-token = s3cr3t\n").starts_with("mailseal.toml:1:"));
}

#[test]
fn no_error_repeats_a_secret() {
    for text in [
        "x-messagesystems-webhook-token = s3cr3t\n",
        "x-messagesystems-webhook-token = [\"s3cr3t\"]\n",
        "x-messagesystems-webhook-token = \"s3cr3t\"\nx-messagesystems-webhook-token-file = \"t\"\n",
        "x-messagesystems-webhook-token = \"s3cr3t\n",
        "[raw]\ntoken = \"s3cr3t\"\nuser = 1\n",
    ] {
        let error = parse(text).unwrap_err();
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
    let config = parse("x-messagesystems-webhook-token = \"s3cr3t\"\n").unwrap();
    assert!(!format!("{config:?}").contains("s3cr3t"));
}

#[test]
fn a_secret_is_here_or_there_and_not_twice() {
    let twice = "[raw]\ntoken = \"a\"\ntoken-file = \"b\"\n";
    assert_eq!(
        complaint(twice),
        "mailseal.toml:3:1: raw.token and raw.token-file are both given, and only one of them can hold"
    );
    assert!(parse("[raw]\ntoken = \"a\"\n").is_ok());
    assert!(parse("[raw]\ntoken-file = \"b\"\n").is_ok());
}

#[test]
fn a_table_without_what_it_is_for_is_an_error() {
    for (text, said) in [
        (
            "[tls]\ncert = \"a\"\n",
            "mailseal.toml:1:2: [tls] needs key",
        ),
        ("\n[raw]\n", "mailseal.toml:2:2: [raw] needs token"),
        (
            "[mailgun]\n",
            "mailseal.toml:1:2: [mailgun] needs signing-key",
        ),
        (
            "[postmark]\nuser = \"a\"\n",
            "mailseal.toml:1:2: [postmark] needs password",
        ),
        (
            "[reply]\nfrom = \"a@example.com\"\n",
            "mailseal.toml:1:2: [reply] needs via",
        ),
    ] {
        assert_eq!(complaint(text), said);
    }
    assert!(parse("[admin]\n[limits]\n[log]\n[dns]\n[revocation]\n").is_ok());
}

#[test]
fn secrets_that_anybody_may_read_are_warned_of() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mailseal.toml");
    let token = directory.path().join("token");
    fs::write(&token, "s3cr3t").unwrap();
    fs::write(
        &path,
        "[raw]\ntoken-file = \"token\"\n[admin]\ntoken = \"s3cr3t\"\n",
    )
    .unwrap();
    let permit =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    permit(&path, 0o640);
    permit(&token, 0o400);
    assert_eq!(Config::read(&path).unwrap().1, []);
    permit(&token, 0o444);
    let warning = Warning::ReadableByAll {
        path: token.clone(),
    };
    assert_eq!(
        Config::read(&path).unwrap().1,
        std::slice::from_ref(&warning)
    );
    assert!(warning.to_string().contains("chmod o-r"));
    permit(&path, 0o644);
    assert_eq!(Config::read(&path).unwrap().1.len(), 2);
    // A configuration without a secret may be read by anybody.
    fs::write(&path, "[raw]\ntoken-file = \"nowhere\"\n").unwrap();
    assert_eq!(Config::read(&path).unwrap().1, []);
}

#[test]
fn a_file_that_is_not_there_or_endless_is_told() {
    let missing = Config::read(Path::new("/nowhere/mailseal.toml")).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "cannot read the configuration /nowhere/mailseal.toml"
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mailseal.toml");
    fs::write(&path, "#".repeat(MAX_FILE as usize)).unwrap();
    assert!(Config::read(&path).is_ok());
    fs::write(&path, "#".repeat(MAX_FILE as usize + 1)).unwrap();
    assert!(matches!(Config::read(&path), Err(Error::TooLarge { .. })));
}
