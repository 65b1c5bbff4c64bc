//! Vector files: JSON with one case a line, its fields in the order in which they are best read.

use std::fmt::{Display, Write as _};
use std::path::PathBuf;

use crate::support::sheet::settle_file;

/// JSON whose fields keep their order, whatever features `serde_json` is built with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Json {
    fn from(value: Vec<T>) -> Self {
        Self::List(value.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The text form of a value.
pub(crate) fn text(value: impl Display) -> Json {
    Json::Text(value.to_string())
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> Json {
    Json::Text(crate::support::hex(bytes.as_ref()))
}

/// An object.
pub(crate) fn object<const N: usize>(fields: [(&'static str, Json); N]) -> Json {
    Json::Object(fields.into())
}

impl Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let string = |text: &str| serde_json::to_string(text).expect("text");
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(&string(value)),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(","))
            }
            Self::Object(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", string(name))).collect();
                write!(f, "{{{}}}", fields.join(","))
            }
        }
    }
}

/// Where the vectors are.
pub(crate) fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Compares a file of named lists with what is written today.
pub(crate) fn settle(file: &str, lists: &[(&'static str, Vec<Json>)]) {
    let mut out = String::from("{\n");
    for (i, (name, items)) in lists.iter().enumerate() {
        let _ = writeln!(out, "\"{name}\": [");
        for (j, item) in items.iter().enumerate() {
            let _ = writeln!(out, "{item}{}", if j + 1 < items.len() { "," } else { "" });
        }
        out.push_str(if i + 1 < lists.len() { "],\n" } else { "]\n" });
    }
    out.push_str("}\n");
    settle_text(file, &out);
}

/// Compares a file with what is written today.
pub(crate) fn settle_text(file: &str, actual: &str) {
    settle_file(&directory().join(file), file, actual, "vectors");
}
