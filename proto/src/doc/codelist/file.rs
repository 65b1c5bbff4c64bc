//! A list as it rests in a file: what `codes import` writes, and every reader checks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{CodeList, ListKind, digest};
use crate::hash::Hash32;
use crate::json::{self, JsonError, JsonLimits};
use crate::reject::Code;
use crate::text::Note;

/// Largest file of a list, in bytes; all of UN/LOCODE takes an eighth of it.
pub const FILE_BYTES: usize = 16 * 1024 * 1024;

const VERSION: u32 = 1;

/// The file as written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    list: ListKind,
    edition: Note,
    sha256: Hash32,
    codes: Vec<String>,
}

impl CodeList {
    /// The file's bytes: the same list has the same.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let file = File {
            version: VERSION,
            list: self.list,
            edition: self.edition.clone(),
            sha256: self.sha256,
            codes: self.codes.iter().cloned().collect(),
        };
        // Strings and numbers always have a JSON form.
        let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads a file, and computes its digest anew: a file that was changed is none.
    ///
    /// # Errors
    /// The JSON code with the path of the first fault.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JsonError> {
        let limits = JsonLimits { max_bytes: FILE_BYTES, max_depth: 2, integers_only: true };
        let file: File = json::from_slice(bytes, &limits)?;
        let fault = |path: String, detail: String| JsonError { code: Code::JsonType, path, detail };
        if file.version != VERSION {
            let detail = format!("version {} is not known, only {VERSION}", file.version);
            return Err(fault("$.version".to_owned(), detail));
        }
        for (index, code) in file.codes.iter().enumerate() {
            let path = || format!("$.codes[{index}]");
            if !file.list.has_form(code) {
                return Err(fault(path(), format!("no code of {}", file.list.title())));
            }
            if index > 0 && file.codes[index - 1] >= *code {
                return Err(fault(path(), "codes stand in ascending order, each once".to_owned()));
            }
        }
        if file.codes.is_empty() {
            return Err(fault("$.codes".to_owned(), "a list has codes".to_owned()));
        }
        let codes: BTreeSet<String> = file.codes.into_iter().collect();
        let sha256 = digest(&codes);
        if sha256 != file.sha256 {
            let detail = format!("the codes have the digest {sha256}: the file was changed");
            return Err(fault("$.sha256".to_owned(), detail));
        }
        Ok(Self { list: file.list, edition: file.edition, sha256, codes })
    }
}
