//! What DNS does: dnsmasq as it should, and a server of ours that is slow, lying, broken or absent.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use mailseal::dkim::resolver::{ResolveError, Resolver};
use mailseal::dkim::{DnsResolver, MAX_TIME};

use super::{dkim, is_accepted, is_refused, json, lab_record, signed};
use crate::support::dns_server::{Answer, DnsServer};
use crate::support::peer::{Peer, free_port, peers};
use crate::support::{Mailseal, project};

const LAB: &str = "lab._domainkey.example.com";

/// `dkim` that asks this server about a message.
fn asking(server: SocketAddr, name: &str) -> Mailseal {
    dkim("--dns-server")
        .arg(server.to_string())
        .arg(signed(name))
}

/// dnsmasq with these records, up while this value is.
pub fn dnsmasq(records: &[(&str, &str)]) -> (Peer, SocketAddr) {
    let mut command = Command::new(project("tests/peers/dns.sh"));
    command.arg(free_port().to_string());
    for (name, text) in records {
        let strings = text.as_bytes().chunks(200).map(String::from_utf8_lossy);
        let strings: Vec<_> = strings.collect();
        command.arg(format!("--txt-record={name},{}", strings.join(",")));
    }
    // A name with an address and no text.
    command.arg("--host-record=strict._domainkey.example.com,127.0.0.1");
    let (peer, port) = Peer::start(&mut command);
    (peer, SocketAddr::from(([127, 0, 0, 1], port)))
}

#[test]
fn a_real_server_has_the_key_or_says_that_there_is_none() {
    if !peers(&["dnsmasq"]) {
        return;
    }
    let wrong = lab_record().replace("MIIBIjAN", "MIIBIjAn");
    let table = fs::read(super::table()).expect("testdata");
    let table: serde_json::Value = serde_json::from_slice(&table).expect("JSON");
    let other = table["k1024._domainkey.example.com"]
        .as_str()
        .expect("a record");
    let (_dnsmasq, server) = dnsmasq(&[
        (LAB, &lab_record()),
        ("bare._domainkey.example.com", other),
        ("broken._domainkey.example.com", &wrong),
        ("revoked._domainkey.example.com", "v=DKIM1; p="),
    ]);
    is_accepted(asking(server, "signed.eml"));
    is_accepted(asking(server, "bad-good.eml"));
    // Lying: the key is another than that of the signer.
    is_refused(asking(server, "bare-key.eml"), 1, "fail", "signature");
    is_refused(
        asking(server, "key-broken.eml"),
        1,
        "permerror",
        "key-record",
    );
    is_refused(asking(server, "revoked.eml"), 1, "permerror", "key-revoked");
    // NXDOMAIN.
    is_refused(asking(server, "no-key.eml"), 1, "permerror", "no-key");
    // NODATA.
    is_refused(
        asking(server, "identity-strict.eml"),
        1,
        "permerror",
        "no-key",
    );
}

#[test]
fn a_record_too_long_for_udp_comes_over_tcp() {
    if !peers(&["dnsmasq"]) {
        return;
    }
    let long = format!("{}; n={}", lab_record(), "a note ".repeat(400));
    let (_dnsmasq, server) = dnsmasq(&[(LAB, &long)]);
    is_accepted(asking(server, "signed.eml"));
}

#[test]
fn what_dns_fails_to_say_is_said_later() {
    for (answer, word) in [
        (Answer::Code(2), "Server Failure"),
        (Answer::Code(5), "refused"),
        (Answer::Code(4), "DNS failed"),
        (Answer::Noise, "did not answer in time"),
        (Answer::Silence, "did not answer in time"),
    ] {
        let server = DnsServer::start(move |_| answer.clone());
        let (status, report) = json(asking(server.address, "signed.eml"));
        assert_eq!(
            (status, &report["verdict"]),
            (Some(75), &"temperror".into())
        );
        assert_eq!(
            (&report["reason"], &report["aligned"]),
            (&"dns".into(), &false.into())
        );
        let detail = report["detail"].as_str().expect("a sentence");
        assert!(detail.contains(word) && detail.contains(LAB), "{detail}");
    }
    // Nobody there at all.
    let nobody = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    is_refused(asking(address, "signed.eml"), 75, "temperror", "dns");
}

#[test]
fn what_dns_says_is_no_for_good() {
    for answer in [Answer::Code(3), Answer::Empty] {
        let server = DnsServer::start(move |_| answer.clone());
        is_refused(
            asking(server.address, "signed.eml"),
            1,
            "permerror",
            "no-key",
        );
    }
}

/// Attack 19: whoever signs beside the author cannot keep the author's key from being asked for.
#[test]
fn a_slow_domain_does_not_stand_in_the_way_of_another() {
    let server = DnsServer::start(|name| match name {
        LAB => Answer::Text(lab_record(), 60),
        _ => Answer::Silence,
    });
    is_accepted(asking(server.address, "list-author.eml"));
    // And the other way round it is the author's that may yet come.
    let server = DnsServer::start(|name| match name {
        LAB => Answer::Silence,
        _ => Answer::Text(lab_record(), 60),
    });
    is_refused(
        asking(server.address, "list-author.eml"),
        75,
        "temperror",
        "dns",
    );
}

#[test]
fn the_next_server_is_asked_where_one_is_silent() {
    let silent = DnsServer::start(|_| Answer::Silence);
    let good = DnsServer::start(|_| Answer::Text(lab_record(), 60));
    let run = dkim("--dns-server").arg(silent.address.to_string());
    let run = run.arg("--dns-server").arg(good.address.to_string());
    is_accepted(run.arg(signed("signed.eml")));
}

/// Attack 19.
#[test]
fn for_hundreds_of_signatures_few_questions_are_asked() {
    let server = DnsServer::start(|_| Answer::Silence);
    let own = fs::read_to_string(signed("signed.eml")).expect("ASCII");
    let (signature, _) = own.split_once("\r\nFrom:").expect("a header");
    let many: String = (0..400)
        .map(|number| signature.replace("s=lab", &format!("s=s{number}")) + "\r\n")
        .collect();
    let run = dkim("--dns-server").arg(server.address.to_string());
    is_refused(run.stdin(many + &own), 75, "temperror", "dns");
    let mut asked = server.asked();
    asked.sort();
    asked.dedup();
    let first: Vec<String> = (0..8)
        .map(|number| format!("s{number}._domainkey.example.com"))
        .collect();
    assert_eq!(asked, first);
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_answer_is_remembered_for_its_time_to_live() {
    let server = DnsServer::start(|name| match name {
        "long.example" => Answer::Text("long".to_owned(), 3600),
        "none.example" => Answer::Text("none".to_owned(), 0),
        _ => Answer::Code(2),
    });
    let resolver = DnsResolver::with_servers(&[server.address]).expect("a resolver");
    let asked = names(&["long.example", "none.example", "failing.example"]);
    let answers: Vec<_> = (0..3)
        .map(|_| resolver.text_records(&asked, MAX_TIME))
        .collect();
    for answers in answers {
        assert_eq!(answers[0], Ok(vec![b"long".to_vec()]));
        assert_eq!(answers[1], Ok(vec![b"none".to_vec()]));
        assert!(matches!(answers[2], Err(ResolveError::Failed(_))));
    }
    let count = |name: &str| server.asked().iter().filter(|it| *it == name).count();
    assert_eq!(count("long.example"), 1);
    assert_eq!(count("none.example"), 3);
    assert!(count("failing.example") >= 3);
}

#[test]
fn the_callers_time_is_kept_and_what_came_within_it_counts() {
    let server = DnsServer::start(|name| match name {
        "quick.example" => Answer::Text("quick".to_owned(), 60),
        _ => Answer::Silence,
    });
    let resolver = DnsResolver::with_servers(&[server.address]).expect("a resolver");
    let asked = names(&["slow.example", "quick.example", "slow.example"]);
    let answers = resolver.text_records(&asked, Duration::from_millis(800));
    let quick = Ok(vec![b"quick".to_vec()]);
    let slow = Err(ResolveError::TimedOut);
    assert_eq!(answers, [slow.clone(), quick, slow]);
}

#[test]
fn threads_share_one_resolver() {
    let server = DnsServer::start(|name| Answer::Text(name.to_owned(), 60));
    let resolver = DnsResolver::with_servers(&[server.address]).expect("a resolver");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let resolver = &resolver;
            scope.spawn(move || {
                for number in 0..20 {
                    let name = format!("{thread}.{number}.example");
                    let answers = resolver.text_records(&names(&[&name]), MAX_TIME);
                    assert_eq!(answers, [Ok(vec![name.into_bytes()])]);
                }
            });
        }
    });
}
