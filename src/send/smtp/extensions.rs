//! What the server offers in its answer to EHLO.

use super::Reply;

/// The service extensions this client has a use for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    /// STARTTLS, RFC 3207.
    pub start_tls: bool,
    /// AUTH, RFC 4954: the mechanisms.
    pub authentication: Vec<String>,
    /// 8BITMIME, RFC 6152.
    pub eight_bit_mime: bool,
    /// SMTPUTF8, RFC 6531.
    pub smtp_utf8: bool,
    /// SIZE, RFC 1870.
    pub size: Option<SizeLimit>,
    /// PIPELINING, RFC 2920.
    pub pipelining: bool,
    /// DSN, RFC 3461.
    pub dsn: bool,
}

/// RFC 1870 4: a missing or zero number is no fixed limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SizeLimit {
    Unstated,
    Octets(u64),
}

impl Extensions {
    /// Reads the lines after the first, which greets. Keywords have no case (RFC 5321 2.4).
    pub fn from_hello(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines().iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "STARTTLS" => extensions.start_tls = true,
                "8BITMIME" => extensions.eight_bit_mime = true,
                "SMTPUTF8" => extensions.smtp_utf8 = true,
                "PIPELINING" => extensions.pipelining = true,
                "DSN" => extensions.dsn = true,
                "SIZE" => {
                    let octets = words.next().and_then(|word| word.parse().ok());
                    extensions.size = Some(match octets {
                        None | Some(0) => SizeLimit::Unstated,
                        Some(octets) => SizeLimit::Octets(octets),
                    });
                }
                "AUTH" => extensions.add_mechanisms(words),
                // Servers of the nineties wrote `AUTH=LOGIN`, and some still do.
                _ => {
                    if let Some(first) = keyword.strip_prefix("AUTH=") {
                        extensions.add_mechanisms(std::iter::once(first).chain(words));
                    }
                }
            }
        }
        extensions
    }

    fn add_mechanisms<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names.map(str::to_ascii_uppercase) {
            if !self.authentication.contains(&name) {
                self.authentication.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read_in_any_case() {
        let mut reply = Reply::new(250);
        for line in [
            "mx.example starttls",
            "Size 1000",
            "auth PLAIN",
            "AUTH=LOGIN plain",
            "dsn",
        ] {
            reply.push_line(line.as_bytes());
        }
        let extensions = Extensions::from_hello(&reply);
        assert_eq!(extensions.size, Some(SizeLimit::Octets(1000)));
        assert_eq!(extensions.authentication, ["PLAIN", "LOGIN"]);
        assert!(extensions.dsn);
        assert!(!extensions.start_tls, "the greeting line is not a keyword");
    }
}
