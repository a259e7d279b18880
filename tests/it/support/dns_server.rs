//! A DNS server over UDP that answers as a test tells it to and counts the questions: for the answers that
//! no honest server gives on demand. The honest one is dnsmasq, `tests/peers/dns.sh`.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

/// What the server says to a question.
#[derive(Clone)]
pub enum Answer {
    /// This TXT record, good for so many seconds.
    Text(String, u32),
    /// No answer but this RCODE: 2 is SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    Code(u8),
    /// The name exists, and has no such record.
    Empty,
    /// Octets that are no DNS.
    Noise,
    /// Nothing, ever.
    Silence,
}

/// The server; it ends with the process of the test.
pub struct DnsServer {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl DnsServer {
    /// A server that asks `behaviour`, which gets the name, in lower case and without a dot at its end.
    pub fn start(behaviour: impl Fn(&str) -> Answer + Send + 'static) -> DnsServer {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                let query = &buffer[..length];
                let Some((name, end)) = question(query) else {
                    continue;
                };
                let answer = behaviour(&name);
                shared
                    .lock()
                    .expect("no thread panics with the lock")
                    .push(name);
                if let Some(reply) = reply(query, end, &answer) {
                    // A client that has gone needs no answer.
                    let _ = socket.send_to(&reply, client);
                }
            }
        });
        DnsServer { address, asked }
    }

    /// The names so far.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no thread panics with the lock");
        asked.clone()
    }
}

/// The name of the first question (RFC 1035 4.1.2), and where the question ends.
fn question(query: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_lowercase());
        at += length;
    }
    Some((labels.join("."), at + 4))
}

/// The message that answers (RFC 1035 4.1), without EDNS.
fn reply(query: &[u8], end: usize, answer: &Answer) -> Option<Vec<u8>> {
    let (code, records) = match answer {
        Answer::Silence => return None,
        Answer::Noise => return Some(vec![0xff; 40]),
        Answer::Code(code) => (*code, 0),
        Answer::Empty => (0, 0),
        Answer::Text(..) => (0, 1),
    };
    let mut reply = query[..2].to_vec();
    // A response with recursion; one question; so many answers.
    reply.extend([0x81, 0x80 | code, 0, 1, 0, records, 0, 0, 0, 0]);
    reply.extend(&query[12..end]);
    if let Answer::Text(text, ttl) = answer {
        let strings = text.as_bytes().chunks(255).flat_map(|chunk| {
            let length = u8::try_from(chunk.len()).expect("at most 255");
            [&[length], chunk].concat()
        });
        let data: Vec<u8> = strings.collect();
        // The name of the question, TXT, IN.
        reply.extend([0xc0, 12, 0, 16, 0, 1]);
        reply.extend(ttl.to_be_bytes());
        reply.extend(
            u16::try_from(data.len())
                .expect("a short record")
                .to_be_bytes(),
        );
        reply.extend(data);
    }
    Some(reply)
}
