//! The request's body: JSON around the message, which is escaped as it is read.

use std::io::{self, BufRead, Read};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::send::Outgoing;

use super::substitution::breaks_signature;
use super::{Error, Options};

// From the API's reference: content is at most 20 MB.
const LARGEST_CONTENT: u64 = 20 << 20;

/// A transmission, ready to be sent as often as it takes.
pub(super) struct Request<'a> {
    outgoing: &'a Outgoing,
    before: Vec<u8>,
    escaped_length: u64,
}

#[derive(Serialize)]
struct Transmission<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Map<String, Value>>,
    options: TransmissionOptions<'a>,
    recipients: Vec<Recipient>,
}

#[derive(Serialize)]
struct TransmissionOptions<'a> {
    open_tracking: bool,
    click_tracking: bool,
    // Without it the service adds List-Unsubscribe.
    transactional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_pool: Option<&'a str>,
}

#[derive(Serialize)]
struct Recipient {
    address: RecipientAddress,
}

#[derive(Serialize)]
struct RecipientAddress {
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_to: Option<String>,
}

const AFTER: &[u8] = b"\"}}";

impl<'a> Request<'a> {
    /// Reads the message through once: it must be UTF-8, not too large, and nothing that the
    /// service rewrites may be signed.
    pub fn new(outgoing: &'a Outgoing, options: &Options) -> Result<Self, Error> {
        if outgoing.len() > LARGEST_CONTENT {
            return Err(Error::TooLarge {
                size: outgoing.len(),
                limit: LARGEST_CONTENT,
            });
        }
        if breaks_signature(outgoing).map_err(Error::Read)? {
            return Err(Error::SubstitutionInSigned);
        }
        let tracking = options.tracking.is_on();
        let transmission = Transmission {
            campaign_id: options.campaign_id.as_deref(),
            return_path: options.return_path.as_ref().map(ToString::to_string),
            metadata: options.metadata.as_ref(),
            options: TransmissionOptions {
                open_tracking: tracking,
                click_tracking: tracking,
                transactional: true,
                ip_pool: options.ip_pool.as_deref(),
            },
            recipients: recipients(outgoing),
        };
        let mut before = serde_json::to_vec(&transmission)
            .map_err(|error| Error::Read(io::Error::other(error)))?;
        // The message goes last, so that all before it is one piece.
        before.pop();
        before.extend_from_slice(b",\"content\":{\"email_rfc822\":\"");
        Ok(Self {
            outgoing,
            before,
            escaped_length: escaped_length(outgoing)?,
        })
    }

    /// Octets of the body.
    pub fn length(&self) -> u64 {
        self.before.len() as u64 + self.escaped_length + AFTER.len() as u64
    }

    /// The body, from its first octet.
    pub fn body(&self) -> RequestBody<'_> {
        let message = JsonString {
            inner: Box::new(self.outgoing.reader()),
            escaped: Vec::new(),
            taken: 0,
        };
        RequestBody {
            parts: Box::new(self.before.as_slice().chain(message).chain(AFTER)),
            left: self.length(),
            failure: None,
        }
    }
}

// For a recipient outside of the To field the service would write its own To.
fn recipients(outgoing: &Outgoing) -> Vec<Recipient> {
    let to = outgoing.header_to();
    let shown: Vec<_> = to.iter().map(ToString::to_string).collect();
    let recipient = |address: &crate::address::Address| Recipient {
        address: RecipientAddress {
            email: address.to_string(),
            header_to: (!to.is_empty() && !to.contains(address)).then(|| shown.join(", ")),
        },
    };
    outgoing
        .envelope()
        .recipients()
        .iter()
        .map(recipient)
        .collect()
}

fn escaped_length(outgoing: &Outgoing) -> Result<u64, Error> {
    let mut reader = outgoing.reader();
    let (mut length, mut offset) = (0, 0);
    // The beginning of a character whose end is in the next block.
    let mut cut: Vec<u8> = Vec::new();
    loop {
        let block = match reader.fill_buf() {
            Ok(block) => block,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::Read(error)),
        };
        if block.is_empty() {
            return match cut.is_empty() {
                true => Ok(length),
                false => Err(Error::NotUtf8 { offset }),
            };
        }
        let size = block.len();
        length += block
            .iter()
            .map(|&octet| escape(octet).length())
            .sum::<u64>();
        let rest = finish_character(&mut cut, block, &mut offset)?;
        match std::str::from_utf8(rest) {
            Ok(_) => offset += rest.len() as u64,
            Err(error) => {
                offset += error.valid_up_to() as u64;
                match error.error_len() {
                    Some(_) => return Err(Error::NotUtf8 { offset }),
                    None => cut.extend_from_slice(&rest[error.valid_up_to()..]),
                }
            }
        }
        reader.consume(size);
    }
}

/// Completes a character that the block before began; what of this block remains.
fn finish_character<'b>(
    cut: &mut Vec<u8>,
    block: &'b [u8],
    offset: &mut u64,
) -> Result<&'b [u8], Error> {
    let mut rest = block;
    while let (false, Some((&octet, after))) = (cut.is_empty(), rest.split_first()) {
        cut.push(octet);
        rest = after;
        match std::str::from_utf8(cut) {
            Ok(_) => {
                *offset += cut.len() as u64;
                cut.clear();
            }
            Err(error) if error.error_len().is_some() => {
                return Err(Error::NotUtf8 { offset: *offset });
            }
            Err(_) => {}
        }
    }
    Ok(rest)
}

/// How an octet is written in a JSON string: RFC 8259 7.
enum Escape {
    AsIs,
    Short(u8),
    Unicode,
}

fn escape(octet: u8) -> Escape {
    match octet {
        b'"' | b'\\' => Escape::Short(octet),
        b'\r' => Escape::Short(b'r'),
        b'\n' => Escape::Short(b'n'),
        b'\t' => Escape::Short(b't'),
        0..=0x1f => Escape::Unicode,
        _ => Escape::AsIs,
    }
}

impl Escape {
    fn length(&self) -> u64 {
        match self {
            Self::AsIs => 1,
            Self::Short(_) => 2,
            Self::Unicode => 6,
        }
    }

    fn write(&self, octet: u8, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        match *self {
            Self::AsIs => out.push(octet),
            Self::Short(letter) => out.extend_from_slice(&[b'\\', letter]),
            Self::Unicode => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(octet >> 4)]);
                out.push(HEX[usize::from(octet & 15)]);
            }
        }
    }
}

/// Reads a message as the inside of a JSON string.
struct JsonString<'a> {
    inner: Box<dyn BufRead + 'a>,
    escaped: Vec<u8>,
    taken: usize,
}

impl Read for JsonString<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const BLOCK: usize = 16 << 10;
        if self.taken == self.escaped.len() {
            let block = self.inner.fill_buf()?;
            let block = &block[..block.len().min(BLOCK)];
            self.escaped.clear();
            self.taken = 0;
            for &octet in block {
                escape(octet).write(octet, &mut self.escaped);
            }
            let length = block.len();
            self.inner.consume(length);
        }
        let count = (&self.escaped[self.taken..]).read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

/// The body, and how much of it was taken.
pub(super) struct RequestBody<'a> {
    parts: Box<dyn Read + 'a>,
    left: u64,
    /// Why reading stopped, if it did on this side.
    pub failure: Option<io::Error>,
}

impl RequestBody<'_> {
    /// Whether the last octet was handed over, so that the service may have all.
    pub fn is_whole(&self) -> bool {
        self.left == 0
    }
}

impl Read for RequestBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.parts.read(buffer) {
            Ok(count) => {
                self.left = self.left.saturating_sub(count as u64);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let told = io::Error::from(error.kind());
                self.failure = Some(error);
                Err(told)
            }
        }
    }
}
