//! Why a message is refused.

use std::io;

use super::{MAX_CMS_OBJECT, MAX_DEPTH, MAX_HEADER, MAX_PARTS, MAX_REWRITTEN, address_list};

/// Why a message cannot be read or sealed. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The spool could not be read.
    #[error("the message cannot be read")]
    Read(#[from] io::Error),
    /// There is not one octet.
    #[error("the message is empty")]
    Empty,
    /// The first line holds what no mail message begins with.
    #[error("this does not look like a mail message: it begins with binary data")]
    Binary,
    /// A line in the header is neither a field nor the continuation of one.
    #[error("this does not look like a mail message: line {line} is not a header field")]
    NotAField {
        /// Where.
        line: u64,
    },
    /// A NUL in a header: readers stop at it or pass over it.
    #[error("line {line}: a NUL octet in the header")]
    NulInHeader {
        /// Where.
        line: u64,
    },
    /// A carriage return alone in a header: some readers see a line end.
    #[error("line {line}: a carriage return without line feed in the header")]
    BareCarriageReturnInHeader {
        /// Where.
        line: u64,
    },
    /// More than [`MAX_HEADER`].
    #[error("the header that begins at line {line} exceeds {MAX_HEADER} octets")]
    HeaderTooLarge {
        /// Where it begins.
        line: u64,
    },
    /// More than [`MAX_REWRITTEN`].
    #[error("line {line}: headers of more than {MAX_REWRITTEN} octets need rewriting")]
    RewrittenHeadersTooLarge {
        /// Where the part begins that was one too many.
        line: u64,
    },
    /// More than [`MAX_CMS_OBJECT`].
    #[error("the CMS object in the message exceeds {MAX_CMS_OBJECT} octets")]
    CmsObjectTooLarge,
    /// More than [`MAX_DEPTH`].
    #[error("line {line}: parts are nested more than {MAX_DEPTH} deep")]
    TooDeep {
        /// Where.
        line: u64,
    },
    /// More than [`MAX_PARTS`].
    #[error("line {line}: the message has more than {MAX_PARTS} parts")]
    TooManyParts {
        /// Where.
        line: u64,
    },
    /// A field that may be there once is there again: readers disagree about which counts.
    #[error("line {line}: a second {name} field")]
    DuplicateField {
        /// Its name.
        name: &'static str,
        /// Where the second one is.
        line: u64,
    },
    /// Several boundary parameters in one Content-Type.
    #[error("line {line}: the Content-Type has more than one boundary")]
    DuplicateBoundary {
        /// Where the field is.
        line: u64,
    },
    /// One line delimits two multiparts.
    #[error("line {line}: this boundary belongs to more than one multipart")]
    AmbiguousBoundary {
        /// Where.
        line: u64,
    },
    /// A multipart without a boundary, whose content would have to be changed.
    #[error("line {line}: a multipart without boundary has content that is not 7-bit text")]
    NoBoundary {
        /// Where its content begins.
        line: u64,
    },
    /// A multipart whose parts never begin, and whose content would have to be changed.
    #[error(
        "line {line}: a multipart whose boundary never occurs has content that is not 7-bit text"
    )]
    BoundaryNeverOccurs {
        /// Where its content begins.
        line: u64,
    },
    /// A multipart or embedded message with a transfer encoding it must not have (RFC 2045 6.4),
    /// and whose content would have to be changed.
    #[error("line {line}: {media_type} in {encoding} has content that is not 7-bit text", encoding = .encoding.escape_debug())]
    EncodedComposite {
        /// Such as `multipart/mixed`.
        media_type: String,
        /// The value of its Content-Transfer-Encoding.
        encoding: String,
        /// Where its content begins.
        line: u64,
    },
    /// A signed or encrypted multipart that is not 7-bit: mending it would break its signature.
    #[error("line {line}: {media_type} has content that is not 7-bit text and must not be changed")]
    SealedPartNotSevenBit {
        /// `multipart/signed` or `multipart/encrypted`.
        media_type: String,
        /// Where its content begins.
        line: u64,
    },
    /// A parameter of Content-Type that counts is there twice, or written so that readers part ways.
    #[error("line {line}: readers disagree about the {name} parameter of the Content-Type")]
    AmbiguousParameter {
        /// Its name.
        name: &'static str,
        /// Where the field is.
        line: u64,
    },
    /// A multipart/signed without a boundary that could delimit anything.
    #[error("line {line}: a signed multipart without boundary")]
    SignedNoBoundary {
        /// Where its content begins.
        line: u64,
    },
    /// A multipart/signed with a transfer encoding it must not have (RFC 2045 6.4): some readers
    /// take it off.
    #[error("line {line}: a signed multipart in {}", .encoding.escape_debug())]
    SignedEncoded {
        /// The value of its Content-Transfer-Encoding.
        encoding: String,
        /// Where its content begins.
        line: u64,
    },
    /// RFC 1847 2.1: content and signature, exactly two parts.
    #[error("line {line}: a signed multipart with {count} parts, not two")]
    SignedNotTwoParts {
        /// How many.
        count: usize,
        /// Where its content begins.
        line: u64,
    },
    /// A multipart/signed that stops before its closing delimiter: something may be missing.
    #[error("line {line}: the closing boundary of the signed multipart is missing")]
    SignedNotClosed {
        /// Where its content begins.
        line: u64,
    },
    /// Outside the signed part, a line that begins as a delimiter does and goes on: RFC 2046 5.1.1
    /// calls it one, and hardly any reader does. Or one behind the closing delimiter.
    #[error("line {line}: readers disagree whether this line is a boundary")]
    LikeBoundary {
        /// Where.
        line: u64,
    },
    /// NUL or a bare carriage return around the parts of a multipart/signed, where some readers
    /// would see an end of line, and so perhaps another part.
    #[error("line {line}: a NUL or a bare carriage return beside the signed part")]
    ControlBesideSigned {
        /// Where the stretch begins that has it.
        line: u64,
    },
    /// The file is PEM, but of something else.
    #[error("this is PEM of \"{}\", neither a message nor a CMS object", .label.escape_debug())]
    OtherPem {
        /// What stands behind BEGIN.
        label: String,
    },
    /// A PEM block without its END line, or not base64.
    #[error("the PEM block is malformed")]
    MalformedPem,
    /// More than one PEM block: which counts?
    #[error("line {line}: a second PEM block")]
    SeveralPem {
        /// Where it begins.
        line: u64,
    },
    /// DER or its base64, but no ContentInfo (RFC 5652 3), which begins with an object identifier.
    #[error("this is DER, but neither a message nor a CMS object: a certificate or key, perhaps")]
    OtherDer,
    /// A part that has to be encoded anew is not base64 as it says.
    #[error("the part that begins at line {line} is not valid base64")]
    MalformedBase64 {
        /// Where its content begins.
        line: u64,
    },
    /// A part that has to be encoded anew has an encoding nobody knows.
    #[error("line {line}: unknown Content-Transfer-Encoding \"{}\"", .encoding.escape_debug())]
    UnknownTransferEncoding {
        /// The value.
        encoding: String,
        /// Where its content begins.
        line: u64,
    },
    /// A field inside the entity with more than 998 octets (RFC 5322 2.1.1) and no place to fold.
    #[error("line {line}: the {name} field has a line of over 998 octets that cannot be folded")]
    UnfoldableField {
        /// Its name.
        name: String,
        /// Where it begins.
        line: u64,
    },
    /// A header field of ours was given a line end or another control character.
    #[error("the {name} field cannot hold the value {value:?}")]
    FieldValue {
        /// Its name.
        name: String,
        /// What it was to hold.
        value: String,
    },
    /// There is no From field.
    #[error("the message has no From field")]
    NoFrom,
    /// RFC 5322 3.6: one From field. Readers disagree about which of several counts.
    #[error("line {line}: a second From field")]
    SeveralFrom {
        /// Where the second one is.
        line: u64,
    },
    /// Whose certificate is to sign is only clear when From names one mailbox.
    #[error("the From field names {count} mailboxes, not one")]
    FromNotOneMailbox {
        /// How many.
        count: usize,
    },
    /// RFC 6854 allows a group in From; whose certificate is to sign is not clear then.
    #[error("line {line}: the From field has a group")]
    FromGroup {
        /// Where the field is.
        line: u64,
    },
    /// RFC 5322 4.4 wants a route ignored. What another reader makes of one in From is anybody's
    /// guess, and nothing alive writes it.
    #[error("line {line}: the From field has a route before the address")]
    FromRoute {
        /// Where the field is.
        line: u64,
    },
    /// RFC 5322 3.6.2: Sender names one mailbox.
    #[error("the Sender field names {count} mailboxes, not one")]
    SenderNotOneMailbox {
        /// How many.
        count: usize,
    },
    /// RFC 6854 allows a group in Sender; who sent the message is not clear then.
    #[error("line {line}: the Sender field has a group")]
    SenderGroup {
        /// Where the field is.
        line: u64,
    },
    /// An address field that RFC 5322 3.4 cannot read.
    #[error("line {line}: the {field} field is malformed")]
    Addresses {
        /// Its name.
        field: String,
        /// Where it begins.
        line: u64,
        /// What is wrong in it.
        source: address_list::Error,
    },
}
