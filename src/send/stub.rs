//! A [`Sender`] that keeps what it is given, for tests and dry runs.

use std::io::{self, Read};
use std::time::Duration;

use super::{Delivery, Envelope, Error, Opened, Outcome, Outgoing, Receipt, Sender, smtp};

/// Accepts everything and remembers it.
#[derive(Debug, Default)]
pub struct Stub {
    /// What was sent, in order.
    pub sent: Vec<Sent>,
}

/// One message as it would have left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its envelope.
    pub envelope: Envelope,
    /// Its octets.
    pub message: Vec<u8>,
}

impl Sender for Stub {
    fn open(&mut self) -> Result<Option<Opened>, Error> {
        Ok(None)
    }

    fn send(&mut self, outgoing: &Outgoing) -> Result<Receipt, Error> {
        let message = read(outgoing).map_err(smtp::Error::Read)?;
        let envelope = outgoing.envelope().clone();
        let accepted = |recipient: &crate::address::Address| Delivery {
            recipient: recipient.clone(),
            outcome: Outcome::Accepted(String::new()),
        };
        let receipt = Receipt {
            deliveries: envelope.recipients().iter().map(accepted).collect(),
            id: Some(self.sent.len().to_string()),
            warnings: Vec::new(),
            opened: Vec::new(),
            attempts: 1,
            elapsed: Duration::ZERO,
        };
        self.sent.push(Sent { envelope, message });
        Ok(receipt)
    }
}

fn read(outgoing: &Outgoing) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    outgoing.reader().read_to_end(&mut message)?;
    Ok(message)
}
