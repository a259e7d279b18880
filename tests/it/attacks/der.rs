//! DER taken apart and put together again, to make of a small message a large one.

/// An element with its children, or with its octets where it has none.
#[derive(Clone)]
pub struct Element {
    pub tag: u8,
    pub value: Value,
}

#[derive(Clone)]
pub enum Value {
    Octets(Vec<u8>),
    Children(Vec<Element>),
}

impl Element {
    pub fn octets(tag: u8, octets: Vec<u8>) -> Element {
        let value = Value::Octets(octets);
        Element { tag, value }
    }

    /// Reads one element of DER that a test has made.
    pub fn parse(der: &[u8]) -> Element {
        let (element, rest) = parse(der);
        assert!(rest.is_empty(), "one element and no more");
        element
    }

    pub fn encode(&self) -> Vec<u8> {
        let value = match &self.value {
            Value::Octets(octets) => octets.clone(),
            Value::Children(children) => children.iter().flat_map(Element::encode).collect(),
        };
        let mut der = vec![self.tag];
        match u8::try_from(value.len()) {
            Ok(length) if length < 0x80 => der.push(length),
            _ => {
                let length = (value.len() as u64).to_be_bytes();
                let skipped = length.iter().take_while(|octet| **octet == 0).count();
                der.push(0x80 | (8 - skipped) as u8);
                der.extend_from_slice(&length[skipped..]);
            }
        }
        der.extend(value);
        der
    }

    pub fn children(&mut self) -> &mut Vec<Element> {
        match &mut self.value {
            Value::Children(children) => children,
            Value::Octets(_) => panic!("a primitive element has no children"),
        }
    }

    /// The element at the end of a path of positions.
    pub fn at(&mut self, path: &[usize]) -> &mut Element {
        path.iter()
            .fold(self, |element, position| &mut element.children()[*position])
    }
}

fn parse(der: &[u8]) -> (Element, &[u8]) {
    let (tag, first) = (der[0], usize::from(der[1]));
    let (length, begin) = match first {
        0..0x80 => (first, 2),
        _ => {
            let end = 2 + (first & 0x7f);
            let length = der[2..end]
                .iter()
                .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
            (length, end)
        }
    };
    let (mut value, rest) = der[begin..].split_at(length);
    if tag & 0x20 == 0 {
        return (Element::octets(tag, value.to_vec()), rest);
    }
    let mut children = Vec::new();
    while !value.is_empty() {
        let (child, after) = parse(value);
        children.push(child);
        value = after;
    }
    let value = Value::Children(children);
    (Element { tag, value }, rest)
}
