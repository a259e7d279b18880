//! ContentInfo (RFC 5652 3) and the lengths that lead up to it, for content that is streamed.

use der::Encode;
use der::asn1::ObjectIdentifier;

use super::Error;
use crate::asn1::{tag, tlv};

/// What stands before and after content whose length is known and whose octets are not here.
///
/// It grows from the inside out: each [`wrap`](Surrounding::wrap) puts one more type around it.
#[derive(Clone, Debug)]
pub(super) struct Surrounding {
    before: Vec<u8>,
    content_length: u64,
    after: Vec<u8>,
    /// Octets that will follow `after` once the content has gone by.
    owed: u64,
}

impl Surrounding {
    pub(super) fn content(length: u64) -> Surrounding {
        Surrounding {
            before: Vec::new(),
            content_length: length,
            after: Vec::new(),
            owed: 0,
        }
    }

    /// Puts `head`, what is there, and `tail` into one value with this tag.
    pub(super) fn wrap(mut self, tag: u8, head: &[u8], tail: &[u8]) -> Result<Surrounding, Error> {
        debug_assert!(
            self.owed == 0 || tail.is_empty(),
            "nothing can follow what is owed"
        );
        self.after.extend_from_slice(tail);
        let length = (head.len() as u64)
            .checked_add(self.total().ok_or(Error::TooLong)?)
            .ok_or(Error::TooLong)?;
        self.before = [&tlv::header(tag, length), head, &self.before].concat();
        Ok(self)
    }

    /// The same, where the tail is known by its length alone until the content has been written:
    /// the authentication tag. Only values without a tail of their own can go around it.
    pub(super) fn wrap_owing(
        mut self,
        tag: u8,
        head: &[u8],
        tail_length: u64,
    ) -> Result<Surrounding, Error> {
        self.owed = tail_length;
        self.wrap(tag, head, &[])
    }

    /// ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT ANY }
    pub(super) fn content_info(self, content_type: ObjectIdentifier) -> Result<Framing, Error> {
        let info = self.wrap(tag::context_constructed(0), &[], &[])?.wrap(
            tag::SEQUENCE,
            &content_type.to_der()?,
            &[],
        )?;
        Ok(Framing {
            prefix: info.before,
            content_length: info.content_length,
            suffix: info.after,
        })
    }

    fn total(&self) -> Option<u64> {
        (self.before.len() as u64)
            .checked_add(self.content_length)?
            .checked_add(self.after.len() as u64)?
            .checked_add(self.owed)
    }
}

/// A complete ContentInfo without the octets of its content: `prefix`, then `content_length`
/// octets of content, then `suffix`.
#[derive(Clone, Debug)]
pub struct Framing {
    /// Everything before the content, DER.
    pub prefix: Vec<u8>,
    /// How many octets of content belong between the two.
    pub content_length: u64,
    /// Everything after the content, DER.
    pub suffix: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::oid;

    #[test]
    fn every_length_includes_what_follows_the_content() {
        for length in [0_u64, 1, 127, 128, 255, 256, 65_535, 65_536, 1 << 24] {
            let framing = Surrounding::content(length)
                .wrap(tag::OCTET_STRING, &[], &[])
                .unwrap()
                .wrap(tag::SEQUENCE, &[5, 0], &[1, 1, 0])
                .unwrap()
                .content_info(oid::ID_DATA)
                .unwrap();
            let mut whole = framing.prefix.clone();
            whole.resize(whole.len() + length as usize, b'x');
            whole.extend_from_slice(&framing.suffix);
            let parsed: cms::content_info::ContentInfo = der::Decode::from_der(&whole).unwrap();
            let inner = parsed.content.value();
            assert_eq!(
                inner[inner.len() - 3..],
                [1, 1, 0],
                "for a content of {length} octets"
            );
        }
    }

    #[test]
    fn a_content_past_64_bits_is_an_error() {
        let result = Surrounding::content(u64::MAX - 4).wrap(tag::SEQUENCE, &[0; 5], &[]);
        assert!(matches!(result, Err(Error::TooLong)));
    }
}
