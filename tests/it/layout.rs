//! Imports run one way only, as the design has it:
//!
//! address, secret < asn1 < crypto, mime < x509 < keys, trust < cms, path, dkim < smime, fetch
//! < collect < report < store, send < inbound < cli.
//!
//! `spool` stands beside `address` and `secret`; `config` and `logging` use only those. The
//! configuration is the command line's alone, since library code takes values; the log is also
//! that of `inbound`, where requests come in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::project;

/// Each layer may use those above it in this table, and nothing beside or below it.
const LAYERS: [&[&str]; 12] = [
    &["address", "printable", "secret", "spool"],
    &["asn1"],
    &["crypto", "mime"],
    &["x509"],
    &["keys", "trust"],
    &["cms", "path", "dkim"],
    &["smime", "fetch"],
    &["collect"],
    &["report"],
    &["store", "send"],
    &["inbound"],
    &["cli"],
];

/// What is wrong with `source`, a file of `module`, as far as its imports go.
fn violations(module: &str, source: &str) -> Vec<String> {
    imports(source)
        .into_iter()
        .filter(|import| import != module && !allowed(module, import))
        .map(|import| format!("{module} uses crate::{import}"))
        .collect()
}

fn allowed(module: &str, import: &str) -> bool {
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    match (module, import) {
        // The crate's root names everything; so does the one that runs it.
        ("lib" | "main", _) => true,
        ("cli", "config" | "logging") | ("inbound", "logging") => true,
        ("config" | "logging", _) => layer(import) == Some(0),
        _ => match (layer(module), layer(import)) {
            (Some(module), Some(import)) => import < module,
            _ => false,
        },
    }
}

/// The top-level modules that the `crate::` paths of a source name, comments apart.
fn imports(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        // `$crate::` of a macro is the same crate; `some_crate::` is another.
        if code[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        found.extend(roots(&code[start + "crate::".len()..]));
    }
    found.sort();
    found.dedup();
    // `crate::Thing`: a re-export of the root, no module.
    found.retain(|name| name.starts_with(|first: char| first.is_ascii_lowercase()));
    found
}

/// The first names of a path or, at `{`, of each path in the braces.
fn roots(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let (mut depth, mut begin, mut names) = (0, true, Vec::new());
    for (position, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begin = true,
            c if begin && !c.is_whitespace() => {
                names.push(name(&group[position..]));
                begin = false;
            }
            _ => {}
        }
    }
    names
}

/// Every Rust file under `directory`.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("src is there") {
        let path = entry.expect("a directory entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn imports_run_one_way() {
    let root = project("src");
    let mut wrong = Vec::new();
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).expect("found under src");
        let first = inside.iter().next().expect("a file has a name");
        let module = Path::new(first).with_extension("");
        let source = fs::read_to_string(&path).expect("sources are UTF-8");
        let module = module.to_str().expect("module names are ASCII");
        wrong.extend(
            violations(module, &source)
                .iter()
                .map(|what| format!("{}: {what}", inside.display())),
        );
    }
    assert!(
        wrong.is_empty(),
        "against the order of design.md:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_module_has_its_place() {
    let library = fs::read_to_string(project("src/lib.rs")).expect("src/lib.rs is there");
    for line in library.lines().map(str::trim) {
        let module = line
            .strip_prefix("pub mod ")
            .or_else(|| line.strip_prefix("mod "));
        if let Some(module) = module.and_then(|rest| rest.strip_suffix(';')) {
            let known = LAYERS.iter().any(|layer| layer.contains(&module));
            assert!(
                known || module == "config" || module == "logging",
                "{module} has no layer"
            );
        }
    }
}

#[test]
fn planted_violation_is_found() {
    let upwards = "use std::io;\nuse crate::{address::Address, smime::{sign, Error}, spool};\n";
    assert_eq!(violations("cms", upwards), ["cms uses crate::smime"]);
    assert_eq!(
        violations("mime", "use crate::crypto::Digest;"),
        ["mime uses crate::crypto"]
    );
    assert_eq!(
        violations("send", "use crate::config::Config;"),
        ["send uses crate::config"]
    );
    assert_eq!(
        violations("inbound", "use crate::config::Config;"),
        ["inbound uses crate::config"]
    );
    assert_eq!(
        violations("store", "use crate::logging::Log;"),
        ["store uses crate::logging"]
    );
    assert_eq!(
        violations("config", "use crate::mime;"),
        ["config uses crate::mime"]
    );
    assert_eq!(
        violations("x509", "fn f() { crate::keys::pem::read() }"),
        ["x509 uses crate::keys"]
    );
    assert_eq!(
        violations("keys", "use crate::novel::Thing;"),
        ["keys uses crate::novel"]
    );
}

#[test]
fn nearest_lawful_imports_are_not() {
    assert!(violations("smime", "use crate::{cms, mime::Entity, keys::Signer};").is_empty());
    assert!(violations("cms", "use crate::cms::recipient;\n// see crate::smime\n").is_empty());
    assert!(violations("cli", "use crate::config::Config;").is_empty());
    assert!(violations("inbound", "use crate::logging::Log;").is_empty());
    assert!(violations("crypto", "use other_crate::smime;").is_empty());
}
