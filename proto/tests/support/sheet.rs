//! Golden files: what a format looked like when it was frozen.

use std::fmt::{Display, Write as _};
use std::path::{Path, PathBuf};

use borsh::{BorshDeserialize, BorshSerialize};
use sampan_proto::codec;

/// Differing lines that are shown.
const SHOWN: usize = 12;

/// A golden file of lines `name = value` under a comment of what it is.
pub(crate) struct Sheet {
    file: &'static str,
    text: String,
}

impl Sheet {
    /// An empty sheet.
    pub(crate) fn new(file: &'static str, about: &str) -> Self {
        let text = about.lines().fold(String::new(), |text, line| text + "# " + line + "\n");
        Self { file, text }
    }

    /// A line.
    pub(crate) fn line(&mut self, name: impl Display, value: impl Display) {
        let value = value.to_string();
        assert!(!value.contains('\n'), "one line each");
        let _ = writeln!(self.text, "{name} = {value}");
    }

    /// A line of hexadecimal digits.
    pub(crate) fn hex(&mut self, name: impl Display, bytes: &[u8]) {
        self.line(name, super::hex(bytes));
    }

    /// A line with the borsh encoding of a value, which must decode to the value again.
    pub(crate) fn borsh<T>(&mut self, name: impl Display, value: &T)
    where
        T: BorshSerialize + BorshDeserialize + PartialEq + std::fmt::Debug,
    {
        let bytes = codec::encode(value);
        assert_eq!(codec::decode::<T>(&bytes, bytes.len()).as_ref(), Ok(value), "what is encoded can be read");
        self.hex(name, &bytes);
    }

    /// Compares the sheet with its file.
    pub(crate) fn settle(self) {
        settle(self.file, &self.text);
    }
}

/// Where golden files are.
pub(crate) fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Compares what is written today with the golden file; with `UPDATE_GOLDEN` set, writes the file instead.
pub(crate) fn settle(file: &str, actual: &str) {
    settle_file(&directory().join(file), file, actual, "golden");
}

/// The same for a file anywhere, that the test named `test` writes.
pub(crate) fn settle_file(path: &Path, file: &str, actual: &str, test: &str) {
    let frozen = std::fs::read_to_string(path).unwrap_or_default();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, actual).expect("golden file written");
        let unattended = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!unattended, "{file} was written, but nobody can approve that here: unset UPDATE_GOLDEN");
        return;
    }
    if frozen == actual {
        return;
    }
    let approve = "to approve a deliberate change run `UPDATE_GOLDEN=1 cargo test -p sampan-proto --test";
    panic!("{file}: the format has changed\n{}{approve} {test}`", difference(&frozen, actual));
}

/// The lines that differ, side by side.
pub(crate) fn difference(frozen: &str, actual: &str) -> String {
    let count = frozen.lines().count().max(actual.lines().count());
    let (mut old, mut new) = (frozen.lines(), actual.lines());
    let mut text = String::new();
    let mut different = 0;
    for number in 1..=count {
        let (old, new) = (old.next(), new.next());
        if old == new {
            continue;
        }
        different += 1;
        if different <= SHOWN {
            let none = "(no such line)";
            let _ = write!(text, "  line {number}\n  - {}\n  + {}\n", old.unwrap_or(none), new.unwrap_or(none));
        }
    }
    if different > SHOWN {
        let _ = writeln!(text, "  and {} more lines", different - SHOWN);
    }
    text
}
