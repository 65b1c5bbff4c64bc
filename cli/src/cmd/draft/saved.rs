//! The draft on disk: written anew after every answer, so that whoever is interrupted has lost none.

use std::path::{Path, PathBuf};

use sampan_proto::doc::draft::{DRAFT_BYTES, Draft, DraftForm};
use serde_json::Value;

use crate::failure::Failure;
use crate::files;

/// Where a draft is kept.
pub(super) struct Saved(PathBuf);

impl Saved {
    /// The place of the draft of a document that will be written to `output`.
    pub(super) fn beside(output: &Path) -> Self {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(".draft");
        Self(output.with_file_name(name))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The draft that was left, if there is one.
    pub(super) fn resume(&self, form: Option<DraftForm>) -> Result<Option<Draft>, Failure> {
        if self.0.exists() { read(&self.0, form).map(Some) } else { Ok(None) }
    }

    /// Writes the draft; a crash on the way leaves the one before.
    pub(super) fn keep(&mut self, draft: &Draft) -> Result<(), Failure> {
        files::replace(&self.0, &draft.to_json())
    }

    /// The document is written: the draft has done its duty.
    pub(super) fn remove(self) -> Result<(), Failure> {
        files::remove(&self.0)
    }
}

/// Reads a draft that was left, or a document that is filled in part.
pub(super) fn read(path: &Path, form: Option<DraftForm>) -> Result<Draft, Failure> {
    let bytes = files::read(path, DRAFT_BYTES)?;
    let fault = |error| Failure::json(format!("`{}` cannot be gone on with", path.display()), &error);
    // Only a glance: what is wrong with the JSON is for the reader of its kind to say, strictly.
    let is_draft = serde_json::from_slice::<Value>(&bytes).is_ok_and(|value| value.get("skipped").is_some());
    if !is_draft {
        return Draft::from_document(form, &bytes).map_err(fault);
    }
    let draft = Draft::from_json(&bytes).map_err(fault)?;
    match form {
        Some(wanted) if wanted != draft.form() => {
            Err(Failure::refused(format!("the draft in `{}` is a {}, not a {wanted}", path.display(), draft.form()))
                .hint("name another file with `-o`, or remove the draft"))
        }
        _ => Ok(draft),
    }
}
