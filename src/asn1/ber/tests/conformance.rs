//! The messages of the public suites: all that is CMS in there has to be readable.

use std::path::{Path, PathBuf};

use cms::enveloped_data::EnvelopedData;
use cms::signed_data::SignedData;
use mail_parser::{MessageParser, MimeHeaders};

use super::*;
use crate::asn1::oid;

/// Messages whose ContentInfo is read, but not what it holds, and why.
const UNREADABLE: [(&str, &str); 2] = [
    (
        "4.4.bin",
        "a CRL of version 1, which x509-cert wants a version of",
    ),
    (
        "4.11.bin",
        "a CRL of version 1, which x509-cert wants a version of",
    ),
];

/// Where the suites lie, unless they are missing.
fn suites() -> Option<PathBuf> {
    let folder = std::env::var_os("MAILSEAL_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "NOT RUN: no conformance suites in {}; MAILSEAL_CONFORMANCE says where they are",
        folder.display()
    );
    None
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The CMS in a file: itself, or each S/MIME part of a message.
fn messages(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    match path.extension().and_then(|extension| extension.to_str()) {
        // The detached content of the others: text.
        Some("bin") if path.ends_with("ExContent.bin") => Vec::new(),
        Some("bin" | "p7m" | "p7s" | "p12" | "pfx") => vec![bytes],
        Some("eml") => {
            let message = MessageParser::default().parse(&bytes).unwrap();
            let is_smime = |part: &&mail_parser::MessagePart| {
                part.content_type()
                    .and_then(|field| field.subtype())
                    .is_some_and(|subtype| {
                        matches!(
                            subtype.to_ascii_lowercase().trim_start_matches("x-"),
                            "pkcs7-mime" | "pkcs7-signature"
                        )
                    })
            };
            let parts = message.parts.iter().filter(is_smime);
            parts.map(|part| part.contents().to_vec()).collect()
        }
        _ => Vec::new(),
    }
}

fn parse(der: &[u8]) -> der::Result<()> {
    // PKCS #12 has an INTEGER first, ContentInfo an OBJECT IDENTIFIER.
    if der::asn1::AnyRef::from_der(der)?.value().first() == Some(&crate::asn1::tag::INTEGER) {
        return Ok(());
    }
    let content_info = ContentInfo::from_der(der)?;
    match content_info.content_type {
        oid::ID_SIGNED_DATA => content_info.content.decode_as::<SignedData>().map(drop),
        oid::ID_ENVELOPED_DATA => content_info.content.decode_as::<EnvelopedData>().map(drop),
        _ => Ok(()),
    }
}

#[test]
fn every_message_becomes_der() {
    let Some(folder) = suites() else { return };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let (mut read, mut changed) = (0, 0);
    for path in paths {
        for ber in messages(&path) {
            let (der, _) = first_to_der(&ber).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            let parsed = parse(&der).map_err(|error| error.to_string());
            match UNREADABLE.iter().find(|(name, _)| path.ends_with(name)) {
                None => assert_eq!(parsed, Ok(()), "{path:?}"),
                Some((_, why)) => assert!(parsed.is_err(), "{path:?} is read, in spite of {why}"),
            }
            assert!(matches!(to_der(&der), Ok(Cow::Borrowed(_))), "{path:?}");
            read += 1;
            changed += usize::from(matches!(der, Cow::Owned(_)));
        }
    }
    eprintln!("{read} read, {changed} of them were not DER");
    assert!(read > 0 && changed > 0);
}
