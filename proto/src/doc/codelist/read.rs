//! Reading the files that the publishers of code lists offer: bytes in, list with edition and digest out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{CodeList, ListKind};
use crate::text::Note;

/// The bytes are no file of the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAList {
    /// No column of the names that the list's file has.
    #[error("the file has no column `{0}` in its first line")]
    NoColumn(&'static str),
    /// A quoted field is not closed.
    #[error("line {0}: a quoted field is not closed")]
    Unclosed(usize),
    /// A file without one code, or no file.
    #[error("a file holds no code of the form that this list has")]
    Empty,
}

type Row<'a> = Vec<Cow<'a, str>>;

/// Reads a list of this kind and edition from the publisher's file, or from its parts in any order.
///
/// # Errors
/// [`NotAList`], when the bytes are no such file.
pub fn read(kind: ListKind, edition: Note, parts: &[&[u8]]) -> Result<CodeList, NotAList> {
    let mut codes = BTreeSet::new();
    for part in parts {
        let text = decode(part);
        let rows = rows(&text)?;
        let found: Vec<String> = read_part(kind, &rows)?.into_iter().filter(|code| kind.has_form(code)).collect();
        if found.is_empty() {
            return Err(NotAList::Empty);
        }
        codes.extend(found);
    }
    if codes.is_empty() {
        return Err(NotAList::Empty);
    }
    Ok(CodeList::new(kind, edition, codes))
}

/// Which list a file is of, by the names of its columns; UN/LOCODE, which names none, by its rows.
#[must_use]
pub fn recognise(part: &[u8]) -> Option<ListKind> {
    let text = decode(part);
    let rows = rows(&text).ok()?;
    let first = rows.first()?;
    let has = |name| place(first, &[name]).is_some();
    let marks: &[(&[&'static str], ListKind)] = &[
        (&["hscode"], ListKind::Hs),
        (&["CommonCode"], ListKind::Unit),
        (&["AlphabeticCode"], ListKind::Currency),
        (&["ISO3166-1-Alpha-2"], ListKind::Country),
        (&["Code", "Numeric code"], ListKind::Package),
        (&["Liner code"], ListKind::Smdg),
        (&["member", "provider", "code"], ListKind::Carriers),
    ];
    let named = marks.iter().find(|(names, _)| names.iter().all(|name| has(name))).map(|(_, kind)| *kind);
    named.or_else(|| rows.iter().any(|row| locode(row).is_some()).then_some(ListKind::Locode))
}

/// The texts of one file that stand where codes do, without what the publisher marks as withdrawn.
fn read_part(kind: ListKind, rows: &[Row<'_>]) -> Result<Vec<String>, NotAList> {
    let none: &[&str] = &[];
    let (names, withdrawn): (&[&'static str], _) = match kind {
        ListKind::Locode => return Ok(rows.iter().filter_map(|row| locode(row)).collect()),
        ListKind::Carriers => return carriers(rows),
        ListKind::Smdg => (&["Code", "Liner code"], none),
        ListKind::Hs => (&["hscode"], none),
        ListKind::Country => (&["ISO3166-1-Alpha-2", "alpha-2"], none),
        ListKind::Currency => (&["AlphabeticCode"], ["WithdrawalDate"].as_slice()),
        ListKind::Package => (&["Code"], ["Status"].as_slice()),
        ListKind::Unit => (&["CommonCode"], ["Status"].as_slice()),
    };
    let code = column(rows, names)?;
    let mark = rows.first().and_then(|row| place(row, withdrawn));
    let text = |row: &Row<'_>, at: usize| row.get(at).map_or(String::new(), |field| field.trim().to_owned());
    let counts = |row: &&Row<'_>| mark.is_none_or(|at| !ends(kind, &text(row, at)));
    Ok(rows.iter().skip(1).filter(counts).map(|row| text(row, code)).collect())
}

/// Whether what stands in the column of marks takes the code away. `D` is deprecated, which may be used; `X` is gone.
fn ends(kind: ListKind, mark: &str) -> bool {
    if kind == ListKind::Currency { !mark.is_empty() } else { mark == "X" }
}

fn carriers(rows: &[Row<'_>]) -> Result<Vec<String>, NotAList> {
    let (member, provider, code) = (column(rows, &["member"])?, column(rows, &["provider"])?, column(rows, &["code"])?);
    let line = |row: &Row<'_>| {
        let [member, provider, code] = [member, provider, code].map(|at| row.get(at).map(|field| field.trim()));
        Some(format!("{} {}:{}", member?, provider?, code?))
    };
    Ok(rows.iter().skip(1).filter_map(line).collect())
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
    let code = format!("{country}{place}");
    (country.len() == 2 && ListKind::Locode.has_form(&code)).then_some(code)
}

/// Where the first column of one of these names stands.
fn place(row: &[Cow<'_, str>], names: &[&str]) -> Option<usize> {
    row.iter().position(|field| names.iter().any(|name| name.eq_ignore_ascii_case(field.trim())))
}

fn column(rows: &[Row<'_>], names: &[&'static str]) -> Result<usize, NotAList> {
    let found = rows.first().and_then(|row| place(row, names));
    found.ok_or(NotAList::NoColumn(names.first().copied().unwrap_or_default()))
}

/// The rows of a CSV file (RFC 4180): fields apart by commas, in double quotes where they hold such.
fn rows(text: &str) -> Result<Vec<Row<'_>>, NotAList> {
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
