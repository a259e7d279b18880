//! Which addresses may be connected to.
//!
//! A name is resolved once, and its addresses are judged; the connection goes to those that pass
//! and nowhere else. A name that leads elsewhere at the second look (DNS rebinding) is not looked
//! at twice.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::{Arc, mpsc};
use std::thread;

use crate::fetch::Error;
use crate::fetch::deadline::Deadline;
use crate::fetch::location::{self, Host, Location, Problem};
use crate::fetch::special_purpose::block_of;

/// Where the public serves lists of revoked certificates.
const PORTS: [u16; 2] = [80, 443];

/// Whoever turns a name into addresses. Nothing it says has to be trusted.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The addresses of a host.
    ///
    /// # Errors
    ///
    /// When it has none, or nobody knows.
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver: /etc/hosts, DNS, and what else getaddrinfo(3) asks.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = (name, 0).to_socket_addrs()?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// A host that may be reached wherever it is, because the operator says so.
///
/// ```
/// use mailseal::fetch::AllowedHost;
///
/// let allowed: AllowedHost = "pki.corp.example:8080".parse()?;
/// assert_eq!(allowed.to_string(), "pki.corp.example:8080");
/// # Ok::<(), mailseal::fetch::location::Problem>(())
/// ```
///
/// With a port it may be reached at that one; without, at 80 and 443. It is the host as a URI
/// spells it that counts: a stranger's name for an allowed address is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host,
    port: Option<u16>,
}

impl AllowedHost {
    fn is_of(&self, location: &Location) -> bool {
        let is_port = match self.port {
            Some(port) => port == location.port(),
            None => PORTS.contains(&location.port()),
        };
        is_port && self.host == *location.host()
    }
}

/// `host` or `host:port`; an IPv6 address with a port stands in brackets.
impl FromStr for AllowedHost {
    type Err = Problem;

    fn from_str(text: &str) -> Result<AllowedHost, Problem> {
        let (host, port) = match text.parse::<Ipv6Addr>() {
            Ok(address) => (Host::Address(address.into()), None),
            Err(_) => location::divide_authority(text)?,
        };
        Ok(AllowedHost { host, port })
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => self.host.fmt(f),
        }
    }
}

/// The addresses that stand for a location and may be connected to: at least one.
pub(super) fn addresses(
    location: &Location,
    allowed: &[AllowedHost],
    resolver: &Arc<dyn Resolve>,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, Error> {
    let is_allowed = allowed.iter().any(|host| host.is_of(location));
    if !is_allowed && !PORTS.contains(&location.port()) {
        return Err(Error::Port {
            location: location.clone(),
        });
    }
    let mut addresses = match location.host() {
        Host::Address(address) => vec![*address],
        Host::Name(name) => resolve(location, name, resolver, deadline)?,
    };
    if !is_allowed {
        let refused = addresses
            .iter()
            .find_map(|address| Some((*address, block_of(*address)?)));
        addresses.retain(|address| block_of(*address).is_none());
        if let (true, Some((address, block))) = (addresses.is_empty(), refused) {
            return Err(Error::NotPublic {
                location: location.clone(),
                address,
                what: block.what,
            });
        }
    }
    let at_port = |address: IpAddr| SocketAddr::new(address, location.port());
    Ok(addresses.into_iter().map(at_port).collect())
}

/// Asks the resolver, which knows of no time limit, in a thread of its own. One that is late is
/// left to itself.
fn resolve(
    location: &Location,
    name: &str,
    resolver: &Arc<dyn Resolve>,
    deadline: Deadline,
) -> Result<Vec<IpAddr>, Error> {
    let unresolved = |source| Error::Name {
        location: location.clone(),
        source,
    };
    let (answer, answered) = mpsc::channel();
    let (resolver, name) = (Arc::clone(resolver), name.to_owned());
    let ask = move || drop(answer.send(resolver.resolve(&name)));
    thread::Builder::new().spawn(ask).map_err(unresolved)?;
    match answered.recv_timeout(deadline.left(location)?) {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(Ok(_)) => Err(unresolved(io::ErrorKind::NotFound.into())),
        Ok(Err(source)) => Err(unresolved(source)),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(deadline.passed(location)),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(unresolved(io::Error::other("the resolver gave up")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    /// Answers in turn.
    #[derive(Debug)]
    struct Script(Mutex<Vec<Vec<IpAddr>>>);

    impl Resolve for Script {
        fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.0.lock().unwrap().remove(0))
        }
    }

    fn judged(location: &str, allowed: &[&str], answer: &[&str]) -> Result<Vec<SocketAddr>, Error> {
        let answer = answer.iter().map(|text| text.parse().unwrap()).collect();
        let resolver: Arc<dyn Resolve> = Arc::new(Script(Mutex::new(vec![answer])));
        let allowed: Vec<_> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        let location = Location::parse(location).unwrap();
        let deadline = Deadline::after(Duration::from_secs(60));
        addresses(&location, &allowed, &resolver, deadline)
    }

    fn refusal(location: &str, allowed: &[&str], answer: &[&str]) -> String {
        judged(location, allowed, answer).unwrap_err().to_string()
    }

    #[test]
    fn only_public_addresses_are_left() {
        let mixed = ["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"];
        assert_eq!(
            judged("http://a.example/", &[], &mixed).unwrap(),
            ["1.1.1.1:80", "[2606:4700::1111]:80"].map(|text| text.parse().unwrap())
        );
        assert_eq!(
            refusal("http://a.example/x", &[], &["10.0.0.1", "::1"]),
            "http://a.example/x leads to 10.0.0.1, which is private; \
             --fetch-allow a.example lets it be asked all the same"
        );
    }

    #[test]
    fn an_address_is_judged_without_being_resolved() {
        for (host, shown) in [
            ("127.0.0.1", "127.0.0.1, which is this host's own"),
            ("169.254.169.254", "169.254.169.254, which is link-local"),
            (
                "[::ffff:127.0.0.1]",
                "::ffff:127.0.0.1, which is this host's own",
            ),
            ("[fd00:ec2::254]", "fd00:ec2::254, which is private"),
        ] {
            let refused = refusal(&format!("http://{host}/"), &[], &[]);
            assert!(refused.contains(shown), "{refused}");
        }
        assert_eq!(
            judged("https://1.1.1.1/", &[], &[]).unwrap(),
            ["1.1.1.1:443".parse().unwrap()]
        );
    }

    // Whatever the system makes of these, it is judged.
    #[test]
    fn other_spellings_of_loopback_lead_nowhere() {
        let resolver: Arc<dyn Resolve> = Arc::new(SystemResolver);
        for host in ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "LocalHost."] {
            let location = Location::parse(&format!("http://{host}/")).unwrap();
            let deadline = Deadline::after(Duration::from_secs(60));
            let refused = addresses(&location, &[], &resolver, deadline).unwrap_err();
            assert!(
                matches!(refused, Error::NotPublic { .. } | Error::Name { .. }),
                "{host}: {refused}"
            );
        }
    }

    #[test]
    fn an_allowed_host_may_be_anywhere_at_its_ports() {
        let own = ["127.0.0.1"];
        for (location, allowed) in [
            ("http://pki.corp/", "pki.corp"),
            ("https://PKI.corp./", "pki.corp"),
            ("http://pki.corp:8080/", "PKI.corp:8080"),
            ("http://10.0.0.1/", "10.0.0.1"),
            ("http://[fd00::1]/", "fd00::1"),
            ("http://[fd00::1]:8080/", "[fd00::1]:8080"),
        ] {
            assert!(
                judged(location, &["x", allowed], &own).is_ok(),
                "{location}"
            );
        }
        for (location, allowed) in [
            ("http://www.pki.corp/", "pki.corp"),
            ("http://corp/", "pki.corp"),
            ("http://pki.corp/", "pki.corp:8080"),
            ("http://pki.corp:8080/", "pki.corp"),
            ("http://pki.corp:8081/", "pki.corp:8080"),
            // A stranger's name for an allowed address.
            ("http://a.example/", "127.0.0.1"),
            ("http://2130706433/", "127.0.0.1"),
        ] {
            assert!(judged(location, &[allowed], &own).is_err(), "{location}");
        }
    }

    #[test]
    fn other_ports_are_for_allowed_hosts() {
        assert_eq!(
            refusal("http://a.example:22/", &[], &["1.1.1.1"]),
            "http://a.example:22/ is at port 22, not 80 or 443; \
             --fetch-allow a.example:22 lets it be asked all the same"
        );
        assert!(judged("http://a.example:443/", &[], &["1.1.1.1"]).is_ok());
    }

    #[test]
    fn what_is_allowed_is_a_host() {
        for text in ["", "a b", "http://a/", "10.0.0.0/8", "*.corp", "u@a", "a:0"] {
            assert!(text.parse::<AllowedHost>().is_err(), "{text}");
        }
        for text in ["a.example", "a.example:8080", "[fd00::1]:80", "[fd00::1]"] {
            assert_eq!(text.parse::<AllowedHost>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_name_without_addresses_is_told() {
        assert_eq!(
            refusal("http://a.example/x", &[], &[]),
            "the host of http://a.example/x is not found"
        );
    }

    #[derive(Debug)]
    struct Never;

    impl Resolve for Never {
        fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            loop {
                thread::park();
            }
        }
    }

    #[test]
    fn a_resolver_that_does_not_answer_is_not_waited_for() {
        let location = Location::parse("http://a.example/").unwrap();
        let deadline = Deadline::after(Duration::from_millis(1));
        let resolver: Arc<dyn Resolve> = Arc::new(Never);
        let refused = addresses(&location, &[], &resolver, deadline).unwrap_err();
        assert!(matches!(refused, Error::Timeout { .. }));
    }
}
