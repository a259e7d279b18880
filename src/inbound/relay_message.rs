//! The body that SparkPost's relay webhook posts: a JSON array of messages.
//!
//! ```
//! use mailseal::inbound::relay_message::{Refusal, parse};
//!
//! let body = r#"[
//!   {"msys":{"relay_message":{"content":{"email_rfc822":"From: bob@example.com\r\n\r\nhi"},
//!                             "msg_from":"bob@example.com","rcpt_to":"in@example.net"}}},
//!   {"msys":{"relay_message":{"content":{"subject":"hi"}}}}
//! ]"#;
//! let items = parse(body.as_bytes())?;
//! let relay_message = items[0].as_ref().unwrap();
//! assert_eq!(relay_message.msg_from.as_deref(), Some("bob@example.com"));
//! assert_eq!(items[1].as_ref().unwrap_err(), &Refusal::Missing("email_rfc822"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **The JSON's structure holds** when the body is an array: text in JSON (RFC 8259, so UTF-8),
//! closed, with nothing behind it. What its items are is judged for each alone, whatever it is:
//! one that is no relay message is refused, and the others are none the worse for it. An empty
//! array holds; an object, even that of a message, does not.
//!
//! Members that we do not read may have any value, and so may ones that are new. Of two members of
//! one name the last one counts, as in JavaScript.
//!
//! A number too large for a double, such as 1e999, is passed over inside of what we do not read,
//! and is no JSON where we look for something.
//!
//! The text of a message is borrowed from the body where JSON escapes nothing in it, and otherwise
//! decoded once; the rest of the body is passed over.
//!
//! # Not supported
//!
//! Lone surrogates (RFC 8259 8.2) in what we read: such a text has no octets, and the whole body is
//! refused. Content that the service has taken apart already (`html`, `text`, `headers`): a
//! signature is over the message as it was.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The service posts one at a time. Ten times as many as anybody is known to try.
pub const MOST_ITEMS: usize = 100_000;

/// One message of the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayMessage<'a> {
    /// The envelope's sender.
    pub msg_from: Option<Cow<'a, str>>,
    /// The envelope's recipient.
    pub rcpt_to: Option<Cow<'a, str>>,
    email_rfc822: Cow<'a, str>,
    email_rfc822_is_base64: bool,
}

/// Why an item is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// An object that should be there is not, or is something else; or a string.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A member has a value of another type than is known of it.
    #[error("{0} is of another type than it should be")]
    Type(&'static str),
    /// The message is said to be base64, and is not.
    #[error("email_rfc822 is not base64, though email_rfc822_is_base64 says so")]
    Base64,
}

/// Why a body does not have the structure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// JSON is UTF-8 (RFC 8259 8.1). Mail that is not comes in base64.
    #[error("the body is not UTF-8")]
    NotUtf8(#[source] std::str::Utf8Error),
    /// The body is not JSON.
    #[error("the body is not JSON")]
    Json(#[source] serde_json::Error),
    /// The body is JSON, and something else than an array.
    #[error("the body is not an array")]
    NotAnArray,
    /// The array has more than [`MOST_ITEMS`] items.
    #[error("the array has {0} items, more than {MOST_ITEMS}")]
    TooMany(usize),
}

/// Reads a body.
///
/// # Errors
///
/// When the structure does not hold.
pub fn parse(body: &[u8]) -> Result<Vec<Result<RelayMessage<'_>, Refusal>>, Error> {
    let text = std::str::from_utf8(body).map_err(Error::NotUtf8)?;
    let Any(array) = serde_json::from_str(text).map_err(Error::Json)?;
    match array {
        Array::Items { count, .. } if count > MOST_ITEMS => Err(Error::TooMany(count)),
        Array::Items { items, .. } => Ok(items),
        Array::SomethingElse => Err(Error::NotAnArray),
    }
}

impl RelayMessage<'_> {
    /// The message itself.
    ///
    /// # Errors
    ///
    /// It should be base64 (RFC 4648 4) and is not. White space in it, and padding that is left
    /// out, do no harm.
    pub fn into_message(self) -> Result<Vec<u8>, Refusal> {
        match self.email_rfc822_is_base64 {
            true => base64_simd::forgiving_decode_to_vec(self.email_rfc822.as_bytes())
                .map_err(|_| Refusal::Base64),
            false => Ok(self.email_rfc822.into_owned().into_bytes()),
        }
    }
}

type Item<'a> = Result<RelayMessage<'a>, Refusal>;

enum Array<'a> {
    /// All that there are are counted, and no more kept than [`MOST_ITEMS`].
    Items {
        items: Vec<Item<'a>>,
        count: usize,
    },
    SomethingElse,
}

impl<'de> Lenient<'de> for Array<'de> {
    const OTHER: Self = Array::SomethingElse;

    fn array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        let (mut items, mut count) = (Vec::new(), 0);
        while let Some(Any(Object(item))) = array.next_element::<Any<Object<Webhook<'de>>>>()? {
            count += 1;
            if count <= MOST_ITEMS {
                items.push(item.unwrap_or_default().relay_message());
            }
        }
        Ok(Array::Items { items, count })
    }
}

/// An item. It is read into what it may have, and judged when all of it was read.
#[derive(Default)]
struct Webhook<'a> {
    msys: Object<Msys<'a>>,
}

#[derive(Default)]
struct Msys<'a> {
    relay_message: Object<Members<'a>>,
}

#[derive(Default)]
struct Members<'a> {
    content: Object<Content<'a>>,
    msg_from: Scalar<'a>,
    rcpt_to: Scalar<'a>,
}

#[derive(Default)]
struct Content<'a> {
    email_rfc822: Scalar<'a>,
    email_rfc822_is_base64: Scalar<'a>,
}

impl<'a> Webhook<'a> {
    fn relay_message(self) -> Item<'a> {
        let msys = self.msys.0.ok_or(Refusal::Missing("msys"))?;
        let members = msys.relay_message.0;
        let members = members.ok_or(Refusal::Missing("relay_message"))?;
        let content = members.content.0.ok_or(Refusal::Missing("content"))?;
        let email_rfc822 = content.email_rfc822.text("email_rfc822")?;
        Ok(RelayMessage {
            // No message depends on what the envelope is said to be.
            msg_from: members.msg_from.text("msg_from").unwrap_or_default(),
            rcpt_to: members.rcpt_to.text("rcpt_to").unwrap_or_default(),
            email_rfc822: email_rfc822.ok_or(Refusal::Missing("email_rfc822"))?,
            email_rfc822_is_base64: match content.email_rfc822_is_base64 {
                Scalar::Null | Scalar::Boolean(false) => false,
                Scalar::Boolean(true) => true,
                _ => return Err(Refusal::Type("email_rfc822_is_base64")),
            },
        })
    }
}

impl<'de> Named<'de> for Webhook<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "msys" => self.msys = value.next_value::<Any<_>>()?.0,
            _ => drop(value.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Named<'de> for Msys<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "relay_message" => self.relay_message = value.next_value::<Any<_>>()?.0,
            _ => drop(value.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Named<'de> for Members<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "content" => self.content = value.next_value::<Any<_>>()?.0,
            "msg_from" => self.msg_from = value.next_value::<Any<_>>()?.0,
            "rcpt_to" => self.rcpt_to = value.next_value::<Any<_>>()?.0,
            _ => drop(value.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Named<'de> for Content<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "email_rfc822" => self.email_rfc822 = value.next_value::<Any<_>>()?.0,
            "email_rfc822_is_base64" => {
                self.email_rfc822_is_base64 = value.next_value::<Any<_>>()?.0;
            }
            _ => drop(value.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// An object whose members are looked at by their names, or something else.
struct Object<T>(Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Object(None)
    }
}

trait Named<'de>: Default {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error>;
}

impl<'de, T: Named<'de>> Lenient<'de> for Object<T> {
    const OTHER: Self = Object(None);

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut members = T::default();
        while let Some(Name(name)) = object.next_key()? {
            members.member(&name, &mut object)?;
        }
        Ok(Object(Some(members)))
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A value without others in it.
#[derive(Default)]
enum Scalar<'a> {
    Text(Cow<'a, str>),
    Boolean(bool),
    /// Or not there.
    #[default]
    Null,
    SomethingElse,
}

impl<'a> Scalar<'a> {
    fn text(self, name: &'static str) -> Result<Option<Cow<'a, str>>, Refusal> {
        match self {
            Scalar::Text(text) => Ok(Some(text)),
            Scalar::Null => Ok(None),
            _ => Err(Refusal::Type(name)),
        }
    }
}

impl<'de> Lenient<'de> for Scalar<'de> {
    const OTHER: Self = Scalar::SomethingElse;

    fn null() -> Self {
        Scalar::Null
    }

    fn boolean(value: bool) -> Self {
        Scalar::Boolean(value)
    }

    fn text(text: Cow<'de, str>) -> Self {
        Scalar::Text(text)
    }
}

/// What can be made of any value, without an error unless it is not JSON: what stops at an item of
/// another type than expected would not come to the ones behind it.
trait Lenient<'de>: Sized {
    /// What all other values come to.
    const OTHER: Self;

    fn null() -> Self {
        Self::OTHER
    }

    fn boolean(_: bool) -> Self {
        Self::OTHER
    }

    fn text(_: Cow<'de, str>) -> Self {
        Self::OTHER
    }

    fn array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::OTHER)
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::OTHER)
    }
}

struct Any<T>(T);

impl<'de, T: Lenient<'de>> Deserialize<'de> for Any<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyVisitor(PhantomData))
            .map(Any)
    }
}

struct AnyVisitor<T>(PhantomData<T>);

impl<'de, T: Lenient<'de>> Visitor<'de> for AnyVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::null())
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::boolean(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::OTHER)
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::OTHER)
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::OTHER)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<T, A::Error> {
        T::array(array)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: bob@example.com\r\n\r\nhello\r\n";

    /// An item with this as its content.
    fn item(content: &str) -> String {
        format!(
            r#"{{"msys":{{"relay_message":{{"content":{content},"msg_from":"b@example.com"}}}}}}"#
        )
    }

    fn plain() -> String {
        item(&format!(
            r#"{{"email_rfc822":{}}}"#,
            serde_json::to_string(MAIL).unwrap()
        ))
    }

    fn messages(body: &str) -> Vec<Result<Vec<u8>, Refusal>> {
        let items = parse(body.as_bytes()).unwrap().into_iter();
        items
            .map(|item| item.and_then(RelayMessage::into_message))
            .collect()
    }

    #[test]
    fn message_is_taken_as_it_was_whatever_stands_around_it() {
        let body = format!(
            r#" [ {{"msys":{{"relay_message":{{
                "rcpt_to":"in@example.net","friendly_from":"bob@example.com","customer_id":"1026",
                "content":{{"subject":"h\u00e9","headers":[{{"To":"x"}}],"to":["x"],"html":null,
                    "email_rfc822":{mail},"email_rfc822_is_base64":false,"text":"\ud800"}},
                "msg_from":"bob@example.com","webhook_id":"4839201967643219","protocol":"smtp"}},
                "new":[[{{}}]]}},"also new":-1.5e3}} ] "#,
            mail = serde_json::to_string(MAIL).unwrap()
        );
        let item = parse(body.as_bytes()).unwrap().remove(0).unwrap();
        assert_eq!(item.msg_from.as_deref(), Some("bob@example.com"));
        assert_eq!(item.rcpt_to.as_deref(), Some("in@example.net"));
        assert_eq!(item.into_message().unwrap(), MAIL.as_bytes());
    }

    #[test]
    fn base64_is_decoded_where_it_is_said_to_be() {
        for (text, is_base64, message) in [
            ("aGVsbG8=", "true", Ok(&b"hello"[..])),
            ("aGVs\\r\\nbG8=\\n", "true", Ok(b"hello")),
            ("aGVsbG8", "true", Ok(b"hello")),
            ("gP8=", "true", Ok(b"\x80\xff")),
            ("aGVsbG8=", "false", Ok(b"aGVsbG8=")),
            ("aGVsbG8=", "null", Ok(b"aGVsbG8=")),
            ("aGVsbG8!", "true", Err(Refusal::Base64)),
            (
                "aGVsbG8=",
                "\"true\"",
                Err(Refusal::Type("email_rfc822_is_base64")),
            ),
            (
                "aGVsbG8=",
                "1",
                Err(Refusal::Type("email_rfc822_is_base64")),
            ),
        ] {
            let content =
                format!(r#"{{"email_rfc822":"{text}","email_rfc822_is_base64":{is_base64}}}"#);
            let found = messages(&format!("[{}]", item(&content))).remove(0);
            assert_eq!(found, message.map(<[u8]>::to_vec), "{content}");
        }
    }

    #[test]
    fn item_that_is_no_message_is_refused_and_its_neighbours_are_taken() {
        for (odd, refusal) in [
            ("null", Refusal::Missing("msys")),
            ("[[]]", Refusal::Missing("msys")),
            ("\"msys\"", Refusal::Missing("msys")),
            ("{}", Refusal::Missing("msys")),
            (r#"{"msys":{}}"#, Refusal::Missing("relay_message")),
            (
                r#"{"msys":{"track_event":{}}}"#,
                Refusal::Missing("relay_message"),
            ),
            (
                r#"{"msys":{"relay_message":[]}}"#,
                Refusal::Missing("relay_message"),
            ),
            (
                r#"{"msys":{"relay_message":{}}}"#,
                Refusal::Missing("content"),
            ),
            (&item("\"\""), Refusal::Missing("content")),
            (&item("{}"), Refusal::Missing("email_rfc822")),
            (
                &item(r#"{"email_rfc822":null}"#),
                Refusal::Missing("email_rfc822"),
            ),
            (
                &item(r#"{"email_rfc822":["x"]}"#),
                Refusal::Type("email_rfc822"),
            ),
        ] {
            let found = messages(&format!("[{},{odd},{}]", plain(), plain()));
            let mail = || Ok(MAIL.as_bytes().to_vec());
            assert_eq!(found, [mail(), Err(refusal), mail()], "{odd}");
        }
    }

    #[test]
    fn envelope_of_another_type_harms_no_message() {
        let body = r#"[{"msys":{"relay_message":{"content":{"email_rfc822":"x"},"msg_from":7}}}]"#;
        let item = parse(body.as_bytes()).unwrap().remove(0).unwrap();
        assert_eq!(item.msg_from, None);
        assert_eq!(item.into_message().unwrap(), b"x");
    }

    #[test]
    fn last_of_two_members_counts() {
        let content = r#"{"email_rfc822":"one","email_rfc822":"two"}"#;
        assert_eq!(
            messages(&format!("[{}]", item(content))),
            [Ok(b"two".to_vec())]
        );
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        let body = format!("[{}]", item(r#"{"email_rfc822":"aGVsbG8="}"#));
        let item = parse(body.as_bytes()).unwrap().remove(0).unwrap();
        assert!(matches!(item.email_rfc822, Cow::Borrowed(_)));
    }

    #[test]
    fn empty_array_holds() {
        assert!(messages("[]").is_empty());
    }

    #[test]
    fn what_is_no_array_does_not_hold() {
        let of = |body: &[u8]| parse(body).unwrap_err().to_string();
        for body in [
            "",
            "[",
            "[1",
            "[]]",
            "[] x",
            "[{]",
            "hello",
            "\u{feff}[]",
            "[1,]",
        ] {
            assert_eq!(of(body.as_bytes()), "the body is not JSON", "{body}");
        }
        for body in ["{}", "null", "\"[]\"", "1", &plain()] {
            assert_eq!(of(body.as_bytes()), "the body is not an array", "{body}");
        }
        assert_eq!(of(b"[\"\xff\"]"), "the body is not UTF-8");
    }

    #[test]
    fn nesting_without_end_is_no_stack_overflow() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"{"msys":"#, "}")] {
            let nested = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
            let _passed_over_or_refused = parse(format!("[{nested}]").as_bytes());
        }
    }

    #[test]
    fn ten_thousand_items_are_judged_each() {
        let body = format!("[{}]", vec![plain(); 10_000].join(","));
        let found = messages(&body);
        assert_eq!(found.len(), 10_000);
        assert!(found.iter().all(Result::is_ok));
    }

    #[test]
    fn more_items_than_anybody_sends_are_refused() {
        let zeros = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        assert_eq!(
            parse(zeros(MOST_ITEMS).as_bytes()).unwrap().len(),
            MOST_ITEMS
        );
        let refused = parse(zeros(MOST_ITEMS + 1).as_bytes()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the array has 100001 items, more than 100000"
        );
    }
}
