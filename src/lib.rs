//! mailseal seals application mail with S/MIME and injects it.
