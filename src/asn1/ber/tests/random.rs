//! Values drawn by lot, each encoded in DER and in whatever forms BER has for it.

use super::*;

/// SplitMix64: a failure names its seed and can be had again.
struct Lot(u64);

impl Lot {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ number >> 31) as usize % bound
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Octets, of any number about which lengths change their form.
    fn octets(&mut self) -> Vec<u8> {
        let bound = self.pick(&[1, 4, 20, 140, 300, 3000]);
        let length = self.below(bound);
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

/// No OBJECT IDENTIFIER among them: that might make one value look like another.
enum Value {
    Primitive(&'static [u8], Vec<u8>),
    /// Its tag, and what it holds.
    String(u8, Vec<u8>),
    /// How many bits are unused, and all of them.
    Bits(u8, Vec<u8>),
    Constructed(&'static [u8], Vec<Value>),
    EncryptedContentInfo(Vec<u8>),
}

const CONTENT_TYPE: &[u8] = b"\x06\x03\x2a\x03\x04";
const ALGORITHM: &[u8] = b"\x30\x07\x06\x03\x2a\x03\x05\x04\x00";

impl Value {
    fn draw(lot: &mut Lot, depth: usize) -> Value {
        match lot.below(if depth < 9 { 9 } else { 4 }) {
            0 => Value::Primitive(lot.pick(&[b"\x02", b"\x80", b"\xc1"]), lot.octets()),
            1 => Value::Primitive(lot.pick(&[b"\x9f\x1f", b"\xdf\x81\x00"]), lot.octets()),
            2 => Value::String(lot.pick(&[0x04, 0x0c, 0x13, 0x17, 0x1e]), lot.octets()),
            3 => match lot.octets() {
                bits if bits.is_empty() => Value::Bits(0, bits),
                bits => Value::Bits(lot.below(8) as u8, bits),
            },
            4 => Value::EncryptedContentInfo(lot.octets()),
            _ => {
                let identifier: &[u8] =
                    lot.pick(&[b"\x30", b"\x31", b"\xa0", b"\xa1", b"\xbf\x1f"]);
                let children = (0..lot.below(6)).map(|_| Value::draw(lot, depth + 1));
                Value::Constructed(identifier, children.collect())
            }
        }
    }

    fn der(&self) -> Vec<u8> {
        match self {
            Value::Primitive(identifier, content) => definite(identifier, content),
            Value::String(tag, content) => definite(&[*tag], content),
            Value::Bits(unused, bits) => {
                definite(&[tag::BIT_STRING], &[&[*unused], &bits[..]].concat())
            }
            Value::Constructed(identifier, children) => {
                let children: Vec<_> = children.iter().map(Value::der).collect();
                definite(identifier, &children.concat())
            }
            Value::EncryptedContentInfo(content) => tlv::sequence(&[
                CONTENT_TYPE,
                ALGORITHM,
                &definite(&[tag::CONTEXT_0], content),
            ]),
        }
    }

    fn ber(&self, lot: &mut Lot) -> Vec<u8> {
        match self {
            Value::Primitive(identifier, content) => any_length(lot, identifier, content),
            Value::String(tag, content) => {
                let chunks = octet_chunks(lot, content);
                string(lot, *tag, tag::OCTET_STRING, &chunks)
            }
            Value::Bits(unused, bits) => {
                let chunks = bit_chunks(lot, *unused, bits);
                string(lot, tag::BIT_STRING, tag::BIT_STRING, &chunks)
            }
            Value::Constructed(identifier, children) => {
                let children: Vec<_> = children.iter().map(|child| child.ber(lot)).collect();
                any_length(lot, identifier, &children.concat())
            }
            Value::EncryptedContentInfo(content) => {
                let chunks = octet_chunks(lot, content);
                let content = string(lot, tag::CONTEXT_0, tag::OCTET_STRING, &chunks);
                let fields = [CONTENT_TYPE, ALGORITHM, &content].concat();
                any_length(lot, &[tag::SEQUENCE], &fields)
            }
        }
    }
}

fn definite(identifier: &[u8], content: &[u8]) -> Vec<u8> {
    let mut der = Vec::new();
    write_header(&mut der, identifier, content.len());
    [der, content.to_vec()].concat()
}

/// With a minimal length, one with zeros before it, or none.
fn any_length(lot: &mut Lot, identifier: &[u8], content: &[u8]) -> Vec<u8> {
    match lot.below(4) {
        0 => definite(identifier, content),
        1 => {
            let length = content.len().to_be_bytes();
            let zeros = vec![0; lot.pick(&[0, 0, 1, 118])];
            let count = 0x80 | (zeros.len() + length.len()) as u8;
            [identifier, &[count], &zeros, &length, content].concat()
        }
        _ if identifier[0] & tag::CONSTRUCTED == 0 => definite(identifier, content),
        _ => [identifier, b"\x80", content, b"\0\0"].concat(),
    }
}

/// What each chunk holds; some hold nothing.
fn octet_chunks(lot: &mut Lot, content: &[u8]) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut rest = content;
    while !rest.is_empty() || lot.one_in(3) {
        let (chunk, after) = rest.split_at(lot.below(rest.len() + 1));
        chunks.push(chunk.to_vec());
        rest = after;
    }
    chunks
}

/// Each with its count of unused bits, which only the last may have.
fn bit_chunks(lot: &mut Lot, unused: u8, bits: &[u8]) -> Vec<Vec<u8>> {
    let mut chunks = octet_chunks(lot, bits);
    if !bits.is_empty() {
        chunks.retain(|chunk| !chunk.is_empty());
    }
    let last = chunks.len().saturating_sub(1);
    for (index, chunk) in chunks.iter_mut().enumerate() {
        chunk.insert(0, if index == last { unused } else { 0 });
    }
    chunks
}

/// Primitive if there is but one chunk and the lot falls so.
fn string(lot: &mut Lot, tag: u8, chunk_tag: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    match chunks {
        [all] if lot.one_in(2) => any_length(lot, &[tag], all),
        _ => {
            let chunks = nest(lot, chunk_tag, chunks, 0);
            any_length(lot, &[tag | tag::CONSTRUCTED], &chunks)
        }
    }
}

/// Chunks one after another, or some of them inside a chunk.
fn nest(lot: &mut Lot, tag: u8, mut chunks: &[Vec<u8>], depth: usize) -> Vec<u8> {
    let mut ber = Vec::new();
    while let [first, rest @ ..] = chunks {
        if depth < 6 && lot.one_in(4) {
            let (inner, after) = chunks.split_at(lot.below(chunks.len() + 1));
            let inner = nest(lot, tag, inner, depth + 1);
            ber.extend(any_length(lot, &[tag | tag::CONSTRUCTED], &inner));
            chunks = after;
        } else {
            ber.extend(any_length(lot, &[tag], first));
            chunks = rest;
        }
    }
    ber
}

#[test]
fn every_form_of_a_value_has_one_der() {
    for seed in 0..1_000 {
        let mut lot = Lot(seed);
        let value = Value::draw(&mut lot, 0);
        let der = value.der();
        assert!(
            matches!(to_der(&der), Ok(Cow::Borrowed(same)) if same == der),
            "seed {seed}"
        );
        for _ in 0..4 {
            let ber = value.ber(&mut lot);
            assert!(*to_der(&ber).unwrap() == der, "seed {seed}");
            assert!(der.len() <= ber.len() * 3 / 2, "seed {seed}");
        }
    }
}

/// Whatever is changed in it, what comes out is DER or an error.
#[test]
fn a_damaged_value_is_der_or_an_error() {
    let (mut read, mut refused) = (0, 0);
    for seed in 0..1_000 {
        let mut lot = Lot(seed);
        let mut ber = Value::draw(&mut lot, 0).ber(&mut lot);
        for _ in 0..20 {
            let at = lot.below(ber.len());
            let was = std::mem::replace(&mut ber[at], lot.pick(&[0, 0x24, 0x30, 0x80, 0xa0, 0xff]));
            match first_to_der(&ber) {
                Ok((der, consumed)) => {
                    read += 1;
                    assert!(consumed <= ber.len() && der.len() <= consumed * 3 / 2);
                    assert!(matches!(to_der(&der), Ok(Cow::Borrowed(_))), "seed {seed}");
                }
                Err(_) => refused += 1,
            }
            if lot.one_in(2) {
                ber[at] = was;
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} {refused}");
}
