//! Strict JSON: the only way in for JSON that others wrote.
//!
//! `serde_json` keeps the last of two equal keys silently, so two readers of the same bytes could act
//! on different values. Everything foreign therefore passes [`scan`] first: size, UTF-8, grammar,
//! depth, duplicate keys at every level, numbers. Only then is it deserialised, and what does not
//! fit is named by its path.

mod scan;
#[cfg(test)]
pub(crate) mod tests;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::reject::{Code, Reject};

/// What a JSON text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLimits {
    /// Size in bytes.
    pub max_bytes: usize,
    /// Nesting of arrays and objects; a bare scalar has depth 0. Never more than 127 in effect, where
    /// `serde_json` itself gives up.
    pub max_depth: usize,
    /// Whether numbers are integers of at most [`JSON_INTEGER`](crate::limits::JSON_INTEGER) in
    /// magnitude, written without fraction or exponent. Otherwise any number that an IEEE double holds.
    pub integers_only: bool,
}

/// Why a JSON text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} at {path}: {detail}")]
pub struct JsonError {
    /// One of the `Json…` codes.
    pub code: Code,
    /// Where, as `$.a.b[3]`.
    pub path: String,
    /// What is wrong; for faults of grammar with line and column.
    pub detail: String,
}

impl From<JsonError> for Reject {
    fn from(error: JsonError) -> Self {
        Self::new(error.code, error.path, error.detail)
    }
}

/// Checks the text without building anything: one well-formed value in UTF-8 within `limits`, no key
/// twice in one object.
///
/// # Errors
/// `JsonTooLarge`, `JsonMalformed`, `JsonDuplicateKey`, `JsonTooDeep` or `JsonNumber`, at the first fault.
pub fn scan(bytes: &[u8], limits: &JsonLimits) -> Result<(), JsonError> {
    checked_text(bytes, limits).map(|_| ())
}

/// Reads a `T` from a text that passes [`scan`].
///
/// Whether unknown fields are refused is `T`'s own rule (`deny_unknown_fields`).
///
/// # Errors
/// As [`scan`]; then `JsonUnknownField`, `JsonMissingField` or `JsonType` with the path of the field.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8], limits: &JsonLimits) -> Result<T, JsonError> {
    let text = checked_text(bytes, limits)?;
    serde_json::from_str(text).map_err(|error| located::<T>(text, &error))
}

/// Whether every value of the text stands, in the same place and form, in what `read` is written as.
///
/// The reader takes an object also as the array of its values, and null for what is left out; nobody else
/// would. A text that was read so is not covered by its own writing. Fields that have a default may be left out.
///
/// # Errors
/// `JsonType` when it is not; `JsonMalformed` when `read` has no JSON form.
pub fn expect_as_written<T: serde::Serialize>(bytes: &[u8], read: &T) -> Result<(), JsonError> {
    let fault = |code, detail: String| JsonError { code, path: "$".to_owned(), detail };
    let malformed = |error: serde_json::Error| fault(Code::JsonMalformed, shortened(error.to_string()));
    let (text, written) =
        (serde_json::from_slice(bytes).map_err(malformed)?, serde_json::to_value(read).map_err(malformed)?);
    if covers(&written, &text) {
        return Ok(());
    }
    let detail = "an object as an array, null or an empty list for what is left out, or a set out of order";
    Err(fault(Code::JsonType, detail.to_owned()))
}

/// Depth is capped before anything is read, so the recursion is too.
fn covers(written: &Value, text: &Value) -> bool {
    match (written, text) {
        (Value::Object(written), Value::Object(text)) => {
            text.iter().all(|(key, inner)| written.get(key).is_some_and(|written| covers(written, inner)))
        }
        (Value::Array(written), Value::Array(text)) => {
            written.len() == text.len() && written.iter().zip(text).all(|(written, text)| covers(written, text))
        }
        _ => written == text,
    }
}

fn checked_text<'a>(bytes: &'a [u8], limits: &JsonLimits) -> Result<&'a str, JsonError> {
    let whole = |code, detail| JsonError { code, path: "$".to_owned(), detail };
    if bytes.len() > limits.max_bytes {
        let detail = format!("{} bytes, at most {} allowed", bytes.len(), limits.max_bytes);
        return Err(whole(Code::JsonTooLarge, detail));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| whole(Code::JsonMalformed, format!("not UTF-8 from byte {} on", e.valid_up_to())))?;
    scan::scan(text, limits)?;
    Ok(text)
}

/// Reads a second time, keeping track of the path: only the refused pay for it.
fn located<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> JsonError {
    let tracked = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(text)).err();
    let mut path = String::from("$");
    for segment in tracked.iter().flat_map(|e| e.path().iter()) {
        match segment {
            Segment::Seq { index } => push_index(&mut path, *index),
            Segment::Map { key } => push_key(&mut path, key),
            Segment::Enum { variant } => push_key(&mut path, variant),
            Segment::Unknown => {}
        }
    }
    let detail = without_position(&error.to_string());
    let code = code_of(error, &detail);
    if let (Code::JsonUnknownField | Code::JsonMissingField, Some(field)) = (code, quoted(&detail)) {
        let mut end = String::new();
        push_key(&mut end, field);
        if !(code == Code::JsonUnknownField && path.ends_with(&end)) {
            path.push_str(&end);
        }
    }
    JsonError { code, path, detail: shortened(detail) }
}

fn code_of(error: &serde_json::Error, detail: &str) -> Code {
    if detail.starts_with("unknown field") {
        Code::JsonUnknownField
    } else if detail.starts_with("missing field") {
        Code::JsonMissingField
    } else if error.is_data() {
        Code::JsonType
    } else {
        Code::JsonMalformed
    }
}

/// The path says where; `serde_json`'s line and column would only repeat it.
fn without_position(message: &str) -> String {
    message.rfind(" at line ").and_then(|end| message.get(..end)).unwrap_or(message).to_owned()
}

/// What stands between the first two backticks.
fn quoted(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// Answers stay small, whatever was sent.
fn shortened(text: String) -> String {
    const CHARS: usize = 300;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Appends a member's key to a path: `.key`, or `["key"]` when it is no plain word.
pub(crate) fn push_key(path: &mut String, key: &str) {
    use std::fmt::Write as _;
    const CHARS: usize = 64;
    let plain = !key.is_empty() && key.len() <= CHARS && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain {
        path.push('.');
        path.push_str(key);
    } else {
        let short: String = key.chars().take(CHARS).collect();
        // Writing to a String cannot fail.
        let _ = write!(path, "[{short:?}]");
    }
}

/// Appends an element's index to a path.
pub(crate) fn push_index(path: &mut String, index: usize) {
    use std::fmt::Write as _;
    // Writing to a String cannot fail.
    let _ = write!(path, "[{index}]");
}
