//! Those who take their time, or all of the connections.

use std::time::Instant;

use super::*;

fn impatient() -> Settings {
    limited(Limits {
        header_timeout: Duration::from_millis(500),
        body_timeout: Duration::from_millis(1500),
        keep_alive: Duration::from_millis(300),
        ..Limits::default()
    })
}

/// Sends one octet after another until the other side has had enough, and returns its answer.
fn drip(mut client: TcpStream, octets: &[u8]) -> String {
    let reader = client.try_clone().unwrap();
    let answer = thread::spawn(move || rest(reader));
    for octet in octets {
        if client.write_all(&[*octet]).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    answer.join().unwrap()
}

#[test]
fn head_that_drips_is_not_waited_for() {
    let running = Running::start(impatient());
    let begin = Instant::now();
    let head = format!("POST / HTTP/1.1\r\nX: {}", "x".repeat(500));
    assert_eq!(status(&drip(running.connect(), head.as_bytes())), "408");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn body_that_drips_is_not_waited_for_however_it_is_framed() {
    let running = Running::start(impatient());
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{JSON}\r\n");
    for framing in ["Content-Length: 500", "Transfer-Encoding: chunked"] {
        let begin = Instant::now();
        let mut client = running.connect();
        client
            .write_all(format!("{head}{framing}\r\n\r\n").as_bytes())
            .unwrap();
        let answer = drip(client, "1\r\n[\r\n".repeat(200).as_bytes());
        assert_eq!(status(&answer), "408", "{framing}");
        // Its end is not waited for either.
        assert!(
            begin.elapsed() < LINGER + Duration::from_secs(2),
            "{framing}"
        );
    }
    let told = running.told();
    assert!(told.contains("TooSlow("), "{told}");
}

#[test]
fn body_that_comes_at_a_tolerable_pace_has_its_time_and_no_more() {
    let running = Running::start(impatient());
    let relayed = format!("{RELAY}{}", " ".repeat(8 << 10));
    // A fifth of it every 150 ms, longer than a head may take; then every 600 ms.
    for (pause, expected) in [(150, "200"), (600, "408")] {
        let mut client = running.connect();
        let reader = client.try_clone().unwrap();
        let answer = thread::spawn(move || rest(reader));
        for piece in post("/", &[JSON], &relayed).chunks(relayed.len() / 5) {
            let _refused_already = client.write_all(piece);
            thread::sleep(Duration::from_millis(pause));
        }
        assert_eq!(status(&answer.join().unwrap()), expected);
    }
}

#[test]
fn connection_without_a_request_ends() {
    let running = Running::start(impatient());
    let begin = Instant::now();
    assert_eq!(status(&rest(running.connect())), "408");
    let mut kept = running.connect();
    kept.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert_eq!(status(&rest(kept)), "405");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn who_stops_in_the_middle_of_a_second_request_does_not_take_all_connections() {
    let mut settings = impatient();
    settings.limits.connections = 8;
    let running = Running::start(settings);
    let stalled: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut client = running.connect();
            client
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nPOST / HT")
                .unwrap();
            let mut first = [0; 12];
            client.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 405");
            client
        })
        .collect();
    assert_eq!(status(&running.post("/", &[JSON], RELAY)), "200");
    drop(stalled);
}

#[test]
fn bodies_share_a_memory() {
    let running = Running::start(limited(Limits {
        body: 1 << 20,
        ..Limits::default()
    }));
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{JSON}\r\nContent-Length: 1048576\r\n\r\n");
    let nearly = vec![b' '; (1 << 20) - 1];
    let mut waiting: Vec<TcpStream> = (0..4)
        .map(|_| {
            let mut client = running.connect();
            client.write_all(head.as_bytes()).unwrap();
            client.write_all(&nearly).unwrap();
            client
        })
        .collect();
    thread::sleep(Duration::from_millis(300));
    let answer = running.exchange([head.as_bytes(), &nearly].concat());
    assert_eq!(status(&answer), "503");
    assert!(answer.contains("\r\nretry-after: 30\r\n"), "{answer}");
    waiting.pop();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(status(&running.post("/", &[JSON], RELAY)), "200");
}
