//! What becomes of a leaf: the rules by which content is kept, labelled anew or encoded anew.

use std::io::{self, Write};

use super::Error;
use super::canonical::Coding;
use super::structure::{Part, Stretch, Structure};
use super::transfer_encoding::{Base64Decoder, QuotedPrintableDecoder, TransferEncoding};
use crate::spool::Spool;

/// What happens to a leaf.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing.
    Keep,
    /// Only the label is wrong.
    Relabel,
    /// It has this label and this content.
    Recode(TransferEncoding, Coding),
}

/// What has to be done, judged by the header and by what stands out in the content.
pub(super) fn plan(part: &Part, body: Stretch) -> Result<Plan, Error> {
    let line = body.start.line;
    let is_clean = body.facts.is_seven_bit();
    let media_type = part.media_type();
    match part.structure {
        _ if is_clean && part.structure != Structure::Leaf => return Ok(relabelled(part)),
        Structure::Sealed => return Err(Error::SealedPartNotSevenBit { media_type, line }),
        Structure::NoBoundary => return Err(Error::NoBoundary { line }),
        Structure::Encoded => {
            let encoding = part.encoding.as_ref().map_or("", TransferEncoding::name);
            return Err(Error::EncodedComposite {
                media_type,
                encoding: encoding.to_owned(),
                line,
            });
        }
        _ => {}
    }
    let has_bare_line_feed = body.start.bare_line_feeds != body.end.bare_line_feeds;
    let is_text = is_text(part) && !body.facts.nul;
    Ok(match &part.encoding {
        // RFC 2045 6.2: line ends of binary content are content.
        Some(TransferEncoding::Binary) if has_bare_line_feed && !is_text => {
            Plan::Recode(TransferEncoding::Base64, Coding::OctetsToBase64)
        }
        _ if is_clean => relabelled(part),
        Some(TransferEncoding::QuotedPrintable) => {
            Plan::Recode(TransferEncoding::QuotedPrintable, Coding::QuotedPrintable)
        }
        Some(TransferEncoding::Base64) => Plan::Recode(TransferEncoding::Base64, Coding::Base64),
        Some(TransferEncoding::Other(name)) => {
            let encoding = name.clone();
            return Err(Error::UnknownTransferEncoding { encoding, line });
        }
        _ if is_text => Plan::Recode(
            TransferEncoding::QuotedPrintable,
            Coding::TextToQuotedPrintable,
        ),
        _ => Plan::Recode(TransferEncoding::Base64, Coding::OctetsToBase64),
    })
}

fn relabelled(part: &Part) -> Plan {
    match part.encoding {
        Some(TransferEncoding::EightBit | TransferEncoding::Binary) => Plan::Relabel,
        _ => Plan::Keep,
    }
}

/// Whether content consists of lines (RFC 2046 4.1.1). Reports and notifications, message/* but
/// for whole messages, do as well.
fn is_text(part: &Part) -> bool {
    let Some(content_type) = &part.content_type else {
        // A type that cannot be read may be anything.
        return part.header.first("Content-Type").is_none();
    };
    let charset = content_type.parameter("charset").unwrap_or_default();
    let wide = ["utf-16", "utf-32", "ucs-2", "ucs-4", "iso-10646-ucs"];
    let charset = String::from_utf8_lossy(charset).to_ascii_lowercase();
    matches!(&content_type.media_type[..], "text" | "message")
        && !wide.iter().any(|name| charset.starts_with(name))
}

/// RFC 2045 5.2 and RFC 1428: what text without a label is in.
pub(super) fn charset(source: &Spool, part: &Part, body: Stretch) -> Result<&'static str, Error> {
    let mut check = Utf8Check::default();
    let range = body.start.offset..body.end.offset;
    let reader = source.range(range);
    match part.encoding {
        Some(TransferEncoding::QuotedPrintable) => {
            let mut decoder = QuotedPrintableDecoder::new(&mut check);
            reader.write_to(&mut decoder)?;
            decoder.finish()?;
        }
        Some(TransferEncoding::Base64) => {
            let mut decoder = Base64Decoder::new(&mut check);
            reader.write_to(&mut decoder)?;
            // What follows an error nobody can read.
            let _ = decoder.finish();
        }
        _ if body.facts.eight_bit => {
            reader.write_to(&mut check)?;
        }
        _ => {}
    }
    Ok(check.charset())
}

/// Looks whether what is written is ASCII or UTF-8.
#[derive(Debug, Default)]
struct Utf8Check {
    eight_bit: bool,
    invalid: bool,
    /// A character that has begun.
    held: Vec<u8>,
}

impl Utf8Check {
    fn charset(&self) -> &'static str {
        match (self.eight_bit, self.invalid || !self.held.is_empty()) {
            (false, _) => "us-ascii",
            (true, false) => "utf-8",
            // RFC 1428 3.
            (true, true) => "unknown-8bit",
        }
    }
}

impl Write for Utf8Check {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.eight_bit |= !bytes.is_ascii();
        if !self.invalid && (!self.held.is_empty() || !bytes.is_ascii()) {
            self.held.extend_from_slice(bytes);
            match std::str::from_utf8(&self.held) {
                Ok(_) => self.held.clear(),
                Err(error) => {
                    self.invalid = error.error_len().is_some();
                    self.held.drain(..error.valid_up_to());
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
