//! SparkPost's template language in messages whose text is signed.
//!
//! The service replaces what stands between `{{` and `}}` in the text parts of `email_rfc822`,
//! with nothing where it knows no such name. In the readable part of a multipart/signed message
//! that breaks the signature. Text within an opaque signature or an envelope is base64, in which
//! no brace occurs.

use std::io::{self, BufRead};

use crate::send::Outgoing;

/// Whether the service would rewrite what is signed.
pub(super) fn breaks_signature(outgoing: &Outgoing) -> io::Result<bool> {
    let (header, body) = outgoing.divided()?;
    let is_readable = header.first("Content-Type").is_some_and(|field| {
        let value = field.value().to_ascii_lowercase();
        value.starts_with("multipart/signed")
    });
    Ok(is_readable && holds_braces(body)?)
}

fn holds_braces(mut reader: impl BufRead) -> io::Result<bool> {
    let mut previous = 0;
    loop {
        let block = match reader.fill_buf() {
            Ok([]) => return Ok(false),
            Ok(block) => block,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for &octet in block {
            if (previous, octet) == (b'{', b'{') {
                return Ok(true);
            }
            previous = octet;
        }
        let length = block.len();
        reader.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};
    use std::sync::Arc;

    use super::*;
    use crate::send::Envelope;
    use crate::spool::Spool;

    fn breaks(message: &str) -> bool {
        let envelope = Envelope::new(None, vec!["bob@example.org".parse().unwrap()]).unwrap();
        let spool = Spool::from_bytes(message.as_bytes().to_vec());
        breaks_signature(&Outgoing::new(envelope, Arc::new(spool))).unwrap()
    }

    #[test]
    fn braces_matter_in_the_readable_text_of_a_signed_message_alone() {
        let signed = "X: y\r\ncontent-type:\r\n Multipart/Signed; boundary=b\r\n\r\n";
        assert!(breaks(&format!("{signed}--b\r\n\r\nDear {{{{name}}}}\r\n")));
        assert!(!breaks(&format!(
            "{signed}--b\r\n\r\nDear {{name}} }}}}\r\n"
        )));
        assert!(!breaks("Content-Type: text/plain\r\n\r\n{{name}}\r\n"));
        assert!(!breaks("Subject: {{name}}\r\n\r\nmultipart/signed\r\n"));
        assert!(!breaks(&format!(
            "Subject: {{{{name}}}}\r\n{signed}--b\r\n"
        )));
        assert!(!breaks("Subject: x\r\n"));
    }

    #[test]
    fn braces_are_found_across_blocks() {
        let blocks = BufReader::with_capacity(1, Cursor::new(b"ab{{c"));
        assert!(holds_braces(blocks).unwrap());
    }
}
