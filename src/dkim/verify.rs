//! Whether a signature verifies (RFC 6376 6.1): its key has signed these header fields and this body.
//! Whether that is enough is for [`policy`](super::policy) to say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use mail_auth::dkim::Canonicalization as HeaderCanonicalization;

use super::canonical;
use super::key_record::KeyRecord;
use super::refusal::Refusal;
use super::signature::{Algorithm, Canonicalization, Signature};
use crate::crypto::{self, DigestAlgorithm, SignatureAlgorithm};
use crate::mime::{Field, Message};

/// A signature that its key has made over the header and the body of the message it stands in. Only
/// [`verify`](VerifiedSignature::verify) makes one.
#[derive(Debug)]
pub(super) struct VerifiedSignature<'a> {
    signature: &'a Signature,
    key: KeyRecord,
}

impl<'a> VerifiedSignature<'a> {
    /// Verifies the signature that stands in `field` of the message.
    pub(super) fn verify(
        signature: &'a Signature,
        field: &Field,
        message: &Message,
        bodies: &Bodies,
        key: KeyRecord,
    ) -> Result<VerifiedSignature<'a>, Refusal> {
        bodies.compare(signature)?;
        let own = unsigned_value(field, signature);
        let fields = signed_fields(signature, field, message)
            .map(name_and_value)
            .chain([(name_and_value(field).0, &*own)]);
        let canonicalization = match signature.header_canonicalization {
            Canonicalization::Simple => HeaderCanonicalization::Simple,
            Canonicalization::Relaxed => HeaderCanonicalization::Relaxed,
        };
        let mut header = Vec::new();
        canonicalization.canonicalize_headers(fields, &mut header);
        let public_key = key.key().ok_or(Refusal::WeakKey(key.bits()))?;
        let outcome = match signature.algorithm {
            Algorithm::RsaSha256 => {
                let algorithm = SignatureAlgorithm::RsaPkcs1v15(DigestAlgorithm::Sha256);
                public_key.verify(algorithm, &header, &signature.octets)
            }
            // RFC 8463 3: the digest is what is signed.
            Algorithm::Ed25519Sha256 => {
                let digest = DigestAlgorithm::Sha256.digest(&header);
                public_key.verify(SignatureAlgorithm::Ed25519, &digest, &signature.octets)
            }
            // RFC 8301 3.1: MUST NOT. The policy has refused it before.
            Algorithm::RsaSha1 => return Err(Refusal::RsaSha1),
        };
        match outcome {
            Ok(()) => Ok(VerifiedSignature { signature, key }),
            Err(crypto::Error::KeyMismatch { .. }) => Err(Refusal::KeyType),
            Err(_) => Err(Refusal::Signature),
        }
    }

    /// What was verified.
    pub(super) fn signature(&self) -> &'a Signature {
        self.signature
    }

    /// Whose key has made it.
    pub(super) fn key(&self) -> &KeyRecord {
        &self.key
    }
}

/// The hashes of a message's body, each made once however many signatures ask for it.
#[derive(Debug)]
pub(super) struct Bodies(BTreeMap<Canonicalization, Vec<u8>>);

impl Bodies {
    /// Hashes the body for these signatures. It is read once, and never wholly in memory.
    pub(super) fn of<'a>(
        message: &Message,
        signatures: impl Iterator<Item = &'a Signature>,
    ) -> io::Result<Bodies> {
        let forms: BTreeSet<Canonicalization> = signatures
            .map(|signature| signature.body_canonicalization)
            .collect();
        let forms: Vec<Canonicalization> = forms.into_iter().collect();
        let raw = message.raw();
        let end = raw.spool().len();
        let mut body = raw.spool().range(end - message.body_length()..end);
        let hashes = canonical::body_hashes(&mut body, &forms)?;
        Ok(Bodies(forms.into_iter().zip(hashes).collect()))
    }

    /// Compares with `bh=` (RFC 6376 6.1.3).
    pub(super) fn compare(&self, signature: &Signature) -> Result<(), Refusal> {
        match self.0.get(&signature.body_canonicalization) {
            Some(hash) if *hash == signature.body_hash => Ok(()),
            _ => Err(Refusal::BodyHash),
        }
    }
}

/// The fields that `h=` names (RFC 6376 5.4.2): each time a name occurs there the next of its fields,
/// from the last to the first, and nothing when there are no more.
fn signed_fields<'a>(
    signature: &'a Signature,
    own: &'a Field,
    message: &'a Message,
) -> impl Iterator<Item = &'a Field> {
    let mut by_name: HashMap<String, Vec<&Field>> = HashMap::new();
    for field in message.header().fields() {
        // RFC 6376 3.5: "MUST NOT include the DKIM-Signature header field that is being verified".
        if !std::ptr::eq(field, own) {
            let name = field.name().to_ascii_lowercase();
            by_name.entry(name).or_default().push(field);
        }
    }
    signature
        .signed_headers
        .iter()
        .filter_map(move |name| by_name.get_mut(&name.to_ascii_lowercase())?.pop())
}

/// What stands before the colon and what behind, line ends included.
fn name_and_value(field: &Field) -> (&[u8], &[u8]) {
    let value = field.raw_value();
    let name = field.raw().len().saturating_sub(value.len() + 1);
    (&field.raw()[..name], value)
}

/// RFC 6376 3.7: the signature's own field with an empty b= and without its last line end.
fn unsigned_value(field: &Field, signature: &Signature) -> Vec<u8> {
    let value = field.raw_value();
    let (before, after) = (
        &value[..signature.place.start],
        &value[signature.place.end..],
    );
    let after = after.strip_suffix(b"\r\n").unwrap_or(after);
    [before, after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::RawMessage;

    const SIGNATURE: &str = "v=1; a=rsa-sha256; d=a.b; s=c; bh=AAAA;";

    fn message(header: &str) -> Message {
        Message::parse(RawMessage::from_bytes(format!("{header}\n").into())).unwrap()
    }

    #[test]
    fn fields_are_taken_from_the_last_to_the_first() {
        let message = message(&format!(
            "X: 1\nFrom: a@b\nx: 2\nDKIM-Signature: {SIGNATURE} h=other; b=AAAA\n\
             X : 3\nDKIM-Signature: {SIGNATURE} h=x:From:X:x:x:y:dkim-signature:dkim-signature; b=AAAA\n"
        ));
        let own = message.header().all("DKIM-Signature").nth(1).unwrap();
        let signature = Signature::parse(own).unwrap();
        let fields: Vec<_> = signed_fields(&signature, own, &message)
            .map(|field| String::from_utf8_lossy(field.raw()).into_owned())
            .collect();
        let other = format!("DKIM-Signature: {SIGNATURE} h=other; b=AAAA\r\n");
        assert_eq!(
            fields,
            ["X : 3\r\n", "From: a@b\r\n", "x: 2\r\n", "X: 1\r\n", &other]
        );
        let three = signed_fields(&signature, own, &message).next().unwrap();
        assert_eq!(name_and_value(three), (&b"X "[..], &b" 3\r\n"[..]));
    }

    #[test]
    fn a_signature_does_not_cover_itself() {
        for (tags, unsigned) in [
            ("h=From; b=AA\n AA", " h=From; b="),
            ("b = AAAA\n\t; h=From;", " b =; h=From;"),
            ("bh=AAAA; b=AAAA;h=From", " bh=AAAA; b=;h=From"),
            ("x=1;b=AAAA ;\n h=From", " x=1;b=;\r\n h=From"),
        ] {
            let rest = if tags.contains("bh=") { "" } else { "bh=AAAA;" };
            let header = format!("DKIM-Signature: {tags}; {rest} v=1; a=rsa-sha256; d=a.b; s=c\n");
            let message = message(&header);
            let field = &message.header().fields()[0];
            let value = unsigned_value(field, &Signature::parse(field).unwrap());
            let value = String::from_utf8(value).unwrap();
            assert!(value.starts_with(unsigned), "{value:?}");
            assert!(value.ends_with("s=c"), "{value:?}");
        }
    }
}
