//! Guided drafting: a document that is filled in box by box.
//!
//! A [`Draft`] is what has been said so far. Which box comes next, whether it may be left out and whether an
//! answer will do follow from the document's schema, so whoever asks needs to know none of them. Pure: each
//! answer changes the draft, and the draft is kept as JSON between any two.

mod path;
mod places;
#[cfg(test)]
mod tests;
mod words;

pub use path::Path;
pub use places::{Need, Place};

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::certificate_of_origin::CertificateForm;
use super::finding::Severity;
use super::schema::{Object, Type, judge};
use super::{BODY_JSON, DocKind, bill_of_lading, template};
use crate::json::{self, JsonError, JsonLimits};
use crate::limits::{BODY_BYTES, BODY_DEPTH};
use crate::reject::Code;
use places::{Ask, State};

/// Largest file of a draft, in bytes: the document, and what was left out of it.
pub const DRAFT_BYTES: usize = 2 * BODY_BYTES;

const VERSION: u32 = 1;

/// A document that can be drafted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftForm {
    /// A DCSA transport document.
    BillOfLading,
    /// A certificate of origin of some form.
    Certificate(CertificateForm),
}

/// The text names nothing that can be drafted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a form is `bill-of-lading`, `form-e`, `form-d`, `rcep` or `non-preferential`")]
pub struct UnknownDraftForm;

impl DraftForm {
    /// The name used in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BillOfLading => "bill-of-lading",
            Self::Certificate(form) => form.as_str(),
        }
    }

    /// What kind of document it makes.
    #[must_use]
    pub const fn kind(self) -> DocKind {
        match self {
            Self::BillOfLading => DocKind::BillOfLading,
            Self::Certificate(_) => DocKind::CertificateOfOrigin,
        }
    }

    /// The form that a document shows by its own fields.
    #[must_use]
    pub fn of(document: &Value) -> Option<Self> {
        let letter = document.get("form").and_then(Value::as_str);
        let form = CertificateForm::ALL.iter().copied().find(|form| letter == Some(form.letter()));
        let is_bill = ["transportDocumentReference", "transportDocumentTypeCode", "carrierCode"];
        let is_bill = || is_bill.iter().any(|key| document.get(key).is_some()).then_some(Self::BillOfLading);
        form.map(Self::Certificate).or_else(is_bill)
    }

    fn table(self) -> &'static Object {
        match self {
            Self::BillOfLading => bill_of_lading::table(),
            Self::Certificate(form) => form.table(),
        }
    }

    fn example(self) -> Value {
        let text = match self {
            Self::BillOfLading => template(DocKind::BillOfLading),
            Self::Certificate(form) => form.example(),
        };
        // A test reads all of them.
        serde_json::from_str(text).unwrap_or_default()
    }
}

impl fmt::Display for DraftForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DraftForm {
    type Err = UnknownDraftForm;

    fn from_str(text: &str) -> Result<Self, UnknownDraftForm> {
        if text == Self::BillOfLading.as_str() {
            return Ok(Self::BillOfLading);
        }
        text.parse().map(Self::Certificate).map_err(|_| UnknownDraftForm)
    }
}

/// Why an answer does not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {detail}")]
pub struct NoAnswer {
    /// The rule, as a check names it.
    pub rule: String,
    /// What is wrong, in words.
    pub detail: String,
}

impl NoAnswer {
    fn new(rule: &str, detail: impl Into<String>) -> Self {
        Self { rule: rule.to_owned(), detail: detail.into() }
    }
}

/// A document in the making.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    form: DraftForm,
    document: Value,
    /// The places that are left out on purpose, by their paths.
    skipped: BTreeSet<String>,
    example: Value,
}

/// The file of a draft.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    form: String,
    document: Map<String, Value>,
    skipped: BTreeSet<String>,
}

impl Draft {
    /// An empty document of a form.
    #[must_use]
    pub fn new(form: DraftForm) -> Self {
        Self::of(form, Map::new())
    }

    /// A document that is filled in part. What it says is taken as said; whether it will do is for the check.
    #[must_use]
    pub fn of(form: DraftForm, mut document: Map<String, Value>) -> Self {
        for (name, only) in places::constants(form.table()) {
            document.entry(name).or_insert_with(|| only.into());
        }
        Self { form, document: Value::Object(document), skipped: BTreeSet::new(), example: form.example() }
    }

    /// What is drafted.
    #[must_use]
    pub const fn form(&self) -> DraftForm {
        self.form
    }

    /// Every place that was asked so far, in order, and the first that is open.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        places::places(self)
    }

    /// The place to ask next; none when the document is complete.
    #[must_use]
    pub fn next(&self) -> Option<Place> {
        self.places().into_iter().find(Place::is_open)
    }

    /// The mandatory places that are open, also inside parts that are missing altogether.
    #[must_use]
    pub fn missing(&self) -> Vec<Place> {
        places::missing(self)
    }

    /// Fills the place in. Of a part, `no` leaves it out.
    ///
    /// # Errors
    /// The rule that the answer breaks. The draft is as it was.
    pub fn answer(&mut self, place: &Place, text: &str) -> Result<(), NoAnswer> {
        let value = match place.ask {
            Ask::Part => match words::value(Type::Bool, text)? {
                Value::Bool(true) => Value::Object(Map::new()),
                _ => return self.skip(place),
            },
            Ask::Value(holds) => {
                let value = words::value(holds, text)?;
                let findings = judge(&value, holds);
                if let Some(bad) = findings.iter().find(|finding| finding.severity == Severity::Refuse) {
                    return Err(NoAnswer::new(&bad.rule, bad.detail.clone()));
                }
                value
            }
        };
        place.path.set(&mut self.document, value);
        Ok(())
    }

    /// Leaves the place out.
    ///
    /// # Errors
    /// It cannot be left out.
    pub fn skip(&mut self, place: &Place) -> Result<(), NoAnswer> {
        if place.need == Need::Must {
            return Err(NoAnswer::new("schema.required", "this box cannot be left out"));
        }
        self.skipped.insert(place.path.to_string());
        Ok(())
    }

    /// Takes the newest answer back; none when there is none.
    pub fn back(&mut self) -> Option<Place> {
        let last = self.places().into_iter().take_while(|place| !place.is_open()).last()?;
        self.reopen(&last.path);
        Some(last)
    }

    /// Opens the place that stands at a JSON path, so that it is asked again; whether there is one.
    pub fn ask_again(&mut self, path: &str) -> bool {
        let found = self.places().into_iter().find(|place| !place.is_open() && place.path.to_string() == path);
        found.is_some_and(|place| {
            self.reopen(&place.path);
            true
        })
    }

    fn reopen(&mut self, path: &Path) {
        path.remove(&mut self.document);
        self.skipped.remove(&path.to_string());
    }

    /// The document's bytes as they are now, with its mandatory parts, be they empty.
    #[must_use]
    pub fn document(&self) -> Vec<u8> {
        let mut document = self.document.clone();
        places::complete(self.form.table(), &mut document);
        // What was read from JSON has a JSON form.
        let mut bytes = serde_json::to_vec_pretty(&document).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The draft as it rests in a file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let document = self.document.as_object().cloned().unwrap_or_default();
        let (form, skipped) = (self.form.to_string(), self.skipped.clone());
        // Strings and what was read from JSON have a JSON form.
        serde_json::to_vec_pretty(&File { version: VERSION, form, document, skipped }).unwrap_or_default()
    }

    /// Reads the file of a draft.
    ///
    /// # Errors
    /// The JSON code with the path of the first fault.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JsonError> {
        let limits = JsonLimits { max_bytes: DRAFT_BYTES, max_depth: BODY_DEPTH + 1, integers_only: false };
        let File { version, form, document, skipped } = json::from_slice(bytes, &limits)?;
        let fault = |path: &str, detail: String| JsonError { code: Code::JsonType, path: path.to_owned(), detail };
        if version != VERSION {
            return Err(fault("$.version", format!("version {version} is not known, only {VERSION}")));
        }
        let form = form.parse().map_err(|unknown: UnknownDraftForm| fault("$.form", unknown.to_string()))?;
        Ok(Self { skipped, ..Self::of(form, document) })
    }

    /// Reads a document that is filled in part, of this form or, without one, of the form that it shows.
    ///
    /// # Errors
    /// The JSON code with the path of the first fault; `$.form` when it is of another form, or shows none.
    pub fn from_document(form: Option<DraftForm>, bytes: &[u8]) -> Result<Self, JsonError> {
        let document: Map<String, Value> = json::from_slice(bytes, &BODY_JSON)?;
        let document = Value::Object(document);
        let fault = |detail: String| JsonError { code: Code::JsonType, path: "$.form".to_owned(), detail };
        let form = match (form, DraftForm::of(&document)) {
            (Some(wanted), Some(shown)) if wanted != shown => {
                return Err(fault(format!("the document is a {shown}, not a {wanted}")));
            }
            (form, shown) => form.or(shown).ok_or_else(|| fault("the document does not show its form".to_owned()))?,
        };
        match document {
            Value::Object(document) => Ok(Self::of(form, document)),
            _ => Err(fault("the document is no object".to_owned())),
        }
    }

    fn state(&self, path: &Path) -> State {
        match path.get(&self.document) {
            Some(value) => State::Said(value.clone()),
            None if self.skipped.contains(&path.to_string()) => State::Skipped,
            None => State::Open,
        }
    }

    /// What stands there in the worked example.
    fn example(&self, path: &Path) -> Option<&Value> {
        path.first_of_each().get(&self.example)
    }
}

/// Kept apart from the walk, which knows nothing of forms.
const fn is_bill(form: DraftForm) -> bool {
    matches!(form, DraftForm::BillOfLading)
}

/// Whether a value is one that a place can be asked for.
const fn is_leaf(holds: Type) -> bool {
    matches!(holds, Type::Bool | Type::Text(_) | Type::Integer(..) | Type::Number(..) | Type::Positive)
}
