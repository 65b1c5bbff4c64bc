//! Reading the files that the publishers of code lists offer: bytes in, list with edition and digest out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::CodeList;
use crate::hash::Hash32;

/// A list that can be read from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// UN/LOCODE in its official CSV form: no header, Latin-1 or UTF-8, one file or several parts.
    Locode,
    /// SMDG liner codes: CSV with a column `Code` or `Liner code`.
    Smdg,
    /// Harmonized System: CSV with a column `hscode`; its six-digit rows count.
    Hs,
}

impl ListKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Locode, Self::Smdg, Self::Hs];

    /// The name used in JSON, on the command line and in file names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Locode => "locode",
            Self::Smdg => "smdg",
            Self::Hs => "hs",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Locode => "UN/LOCODE",
            Self::Smdg => "SMDG liner codes",
            Self::Hs => "Harmonized System",
        }
    }
}

/// The text names no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAList {
    /// No column of the names that the list's file has.
    #[error("the file has no column `{0}` in its first line")]
    NoColumn(&'static str),
    /// A quoted field is not closed.
    #[error("line {0}: a quoted field is not closed")]
    Unclosed(usize),
    /// Not one code.
    #[error("the file holds no code of the form that this list has")]
    Empty,
}

/// Reads a list of this kind and edition from the publisher's file, or from its parts in order. The
/// digest is over the parts as they came, one after the other.
///
/// # Errors
/// [`NotAList`], when the bytes are no such file.
pub fn read(kind: ListKind, edition: &str, parts: &[&[u8]]) -> Result<CodeList, NotAList> {
    let mut codes = BTreeSet::new();
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
        let text = decode(part);
        let rows = rows(&text)?;
        match kind {
            ListKind::Locode => codes.extend(rows.iter().filter_map(|row| locode(row))),
            ListKind::Smdg => codes.extend(column(&rows, &["Code", "Liner code"])?.filter(|code| is_liner(code))),
            ListKind::Hs => codes.extend(column(&rows, &["hscode"])?.filter(|code| is_subheading(code))),
        }
    }
    if codes.is_empty() {
        return Err(NotAList::Empty);
    }
    let (name, edition) = (kind.title().to_owned(), edition.to_owned());
    Ok(CodeList { name, edition, sha256: Hash32(digest.finalize().into()), codes })
}

/// UTF-8, or else Latin-1, in which every byte is a character.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes)
        .map_or_else(|_| Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()), Cow::Borrowed)
}

/// Country in the second field, place in the third; rows without a place are headings and references.
fn locode(row: &[Cow<'_, str>]) -> Option<String> {
    let [_, country, place, ..] = row else { return None };
    let capitals = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let formed = country.len() == 2 && place.len() == 3 && country.bytes().chain(place.bytes()).all(capitals);
    formed.then(|| format!("{country}{place}"))
}

fn is_liner(code: &str) -> bool {
    (2..=4).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_subheading(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())
}

/// The fields of the first column that has one of these names.
fn column<'a>(
    rows: &'a [Vec<Cow<'_, str>>],
    names: &[&'static str],
) -> Result<impl Iterator<Item = String> + 'a, NotAList> {
    let wanted = |field: &Cow<'_, str>| names.iter().any(|name| name.eq_ignore_ascii_case(field.trim()));
    let place = rows.first().and_then(|row| row.iter().position(wanted));
    let place = place.ok_or(NotAList::NoColumn(names.first().copied().unwrap_or_default()))?;
    Ok(rows.iter().skip(1).filter_map(move |row| row.get(place)).map(|field| field.trim().to_owned()))
}

/// The rows of a CSV file (RFC 4180): fields apart by commas, in double quotes where they hold such.
fn rows(text: &str) -> Result<Vec<Vec<Cow<'_, str>>>, NotAList> {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut row = Vec::new();
        loop {
            let (field, after) = field(rest).ok_or(NotAList::Unclosed(rows.len() + 1))?;
            row.push(field);
            rest = after;
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = rest.strip_prefix('\r').unwrap_or(rest);
        rest = rest.strip_prefix('\n').unwrap_or(rest);
        rows.push(row);
    }
    Ok(rows)
}

/// One field and what follows it; none when its quote is not closed.
fn field(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (field, rest) = text.split_at(text.find([',', '\r', '\n']).unwrap_or(text.len()));
        return Some((Cow::Borrowed(field), rest));
    };
    let mut end = 0;
    loop {
        end += quoted.get(end..)?.find('"')?;
        // A doubled quote stands for one.
        if !quoted[end + 1..].starts_with('"') {
            break;
        }
        end += 2;
    }
    let (inner, rest) = (&quoted[..end], &quoted[end + 1..]);
    let inner = if inner.contains('"') { Cow::Owned(inner.replace("\"\"", "\"")) } else { Cow::Borrowed(inner) };
    // What stands between the closing quote and the comma belongs to no field.
    Some((inner, &rest[rest.find([',', '\r', '\n']).unwrap_or(rest.len())..]))
}
