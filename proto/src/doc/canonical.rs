//! RFC 8785, the canonical form of JSON.
//!
//! Every node computes it for every document. The library at hand buffers each member and parses each
//! key again, which costs as much as a signature check; this writer leaves to it only the fractions.

use std::io::Write as _;

use serde_json::{Map, Number, Value};

use crate::limits::JSON_INTEGER;

/// Appends the canonical form of `value`; the depth of a body is capped, so the recursion is too.
pub(super) fn write(value: &Value, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Number(number) => write_number(number, out),
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
            Ok(())
        }
        Value::Object(map) => write_object(map, out),
        // RFC 8785 section 3.2.2 escapes strings exactly as `serde_json` does.
        Value::Null | Value::Bool(_) | Value::String(_) => serde_json::to_writer(out, value),
    }
}

fn write_object(map: &Map<String, Value>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let mut members: Vec<_> = map.iter().collect();
    if !map.keys().all(|key| key.is_ascii()) {
        // Section 3.2.3 sorts by UTF-16 code units; for ASCII that is the map's own order.
        members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
    }
    out.push(b'{');
    for (i, (key, value)) in members.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, key)?;
        out.push(b':');
        write(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_number(number: &Number, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match number.as_i64() {
        // Within 2^53 an integer and its double print alike.
        Some(integer) if integer.unsigned_abs() <= JSON_INTEGER => {
            write!(out, "{integer}").map_err(serde_json::Error::io)
        }
        _ => serde_json_canonicalizer::to_writer(number, out),
    }
}
