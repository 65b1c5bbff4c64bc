//! The walk over a parsed document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::codelist::{self, CodeLists, Verdict};
use super::super::finding::{Finding, Findings, Severity};
use super::{Choice, Count, Form, Object, Text, Type};
use crate::json::{push_index, push_key};

/// Collects every breach of `schema` in `document`, and the codes that are not on the lists. `source` names
/// the schema in the findings.
pub(in super::super) fn walk(
    document: &Value,
    schema: &'static Object,
    source: &'static str,
    lists: Option<&CodeLists>,
) -> Findings {
    let mut walker = Walker { source, lists, unjudged: BTreeMap::new(), findings: Findings::default() };
    walker.value(document, Type::Object(schema), &Path::Root);
    for (list, (path, count)) in walker.unjudged {
        let detail = format!("no list of {list} was given: {count} not checked");
        walker.findings.breach(&codelist::ABSENT, path, detail);
    }
    walker.findings
}

/// What is wrong with one value by itself.
pub(in super::super) fn judge(value: &Value, expected: Type) -> Vec<Finding> {
    let mut walker = Walker { source: "", lists: None, unjudged: BTreeMap::new(), findings: Findings::default() };
    walker.value(value, expected, &Path::Root);
    walker.findings.all()
}

/// Where the walk stands, as a chain through its stack: a path is written only for a finding.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Root => out.push('$'),
            Self::Key(parent, key) => {
                parent.write(out);
                push_key(out, key);
            }
            Self::Index(parent, index) => {
                parent.write(out);
                push_index(out, *index);
            }
        }
    }
}

struct Walker<'a> {
    source: &'static str,
    lists: Option<&'a CodeLists>,
    /// Codes without a list, by what they are: where the first one stands, and how many there are.
    unjudged: BTreeMap<&'static str, (String, usize)>,
    findings: Findings,
}

impl Walker<'_> {
    fn find(&mut self, rule: &'static str, severity: Severity, at: &Path<'_>, detail: String) {
        let path = at.text();
        let source = Cow::Borrowed(self.source);
        self.findings.push(Finding { rule: Cow::Borrowed(rule), severity, path, detail, source });
    }

    fn refuse(&mut self, rule: &'static str, at: &Path<'_>, detail: impl Into<String>) {
        self.find(rule, Severity::Refuse, at, detail.into());
    }

    fn value(&mut self, value: &Value, expected: Type, at: &Path<'_>) {
        match (expected, value) {
            (Type::Bool, Value::Bool(_)) => {}
            (Type::Text(text), Value::String(string)) => self.text(string, text, at),
            (Type::Integer(min, max), Value::Number(number)) => self.integer(number, min, max, at),
            (Type::Number(min, max), Value::Number(number)) => {
                if !number.as_f64().is_some_and(|n| (min..=max).contains(&n)) {
                    self.refuse("schema.range", at, format!("{number} is not within {}", range(min, max)));
                }
            }
            (Type::Positive, Value::Number(number)) => {
                if !number.as_f64().is_some_and(|n| n > 0.0) {
                    self.refuse("schema.range", at, format!("{number} is not above 0"));
                }
            }
            (Type::Object(schema), Value::Object(map)) => self.object(map, schema, at),
            (Type::Texts(text, count), Value::Array(items)) => self.list(items, Type::Text(text), count, at),
            (Type::List(schema, count), Value::Array(items)) => self.list(items, Type::Object(schema), count, at),
            _ => self.refuse("schema.type", at, format!("expected {}, found {}", noun(expected), noun_of(value))),
        }
    }

    fn object(&mut self, map: &Map<String, Value>, schema: &'static Object, at: &Path<'_>) {
        let alternatives = schema.choice.alternatives();
        let mut known = 0;
        for field in schema.fields {
            let here = Path::Key(at, field.name);
            match map.get(field.name) {
                Some(value) => {
                    known += 1;
                    if !alternatives.contains(&field.name) {
                        self.value(value, field.holds, &here);
                    }
                }
                None if field.mandatory => self.refuse("schema.required", &here, "this field is mandatory"),
                None => {}
            }
        }
        if known < map.len() {
            self.unknown(map, schema, at);
        }
        self.choice(map, schema, at);
    }

    fn unknown(&mut self, map: &Map<String, Value>, schema: &Object, at: &Path<'_>) {
        let (severity, detail) = if schema.closed {
            (Severity::Refuse, "the schema has no such field")
        } else {
            (Severity::Info, "the standard has no such field; it is kept and not checked")
        };
        for key in map.keys().filter(|key| !schema.fields.iter().any(|field| field.name == key.as_str())) {
            self.find("schema.unknown", severity, &Path::Key(at, key), detail.to_owned());
        }
    }

    fn choice(&mut self, map: &Map<String, Value>, schema: &'static Object, at: &Path<'_>) {
        let (good, mut bad) = self.alternatives(map, schema, at);
        let needs = match schema.choice {
            Choice::OneOf(names) if good != 1 => format!("needs exactly one of {}", names.join(", ")),
            Choice::AnyOf(names) if good == 0 => format!("needs at least one of {}", names.join(", ")),
            Choice::Some(names) if !names.iter().any(|name| map.contains_key(*name)) => {
                format!("needs at least one of {}", names.join(", "))
            }
            _ => {
                // Nothing hangs on it, but it is worth knowing.
                bad.weaken();
                return self.findings.append(bad);
            }
        };
        // Where all are bad, what is wrong with each says more than that one is needed.
        if good > 0 || !bad.refuses() {
            self.refuse("schema.choice", at, needs);
        }
        self.findings.append(bad);
    }

    /// How many of the alternatives are there and good, and what is wrong with the others.
    fn alternatives(&mut self, map: &Map<String, Value>, schema: &'static Object, at: &Path<'_>) -> (usize, Findings) {
        let names = schema.choice.alternatives();
        let (mut good, mut bad) = (0, Findings::default());
        for field in schema.fields.iter().filter(|field| names.contains(&field.name)) {
            let Some(value) = map.get(field.name) else { continue };
            let before = std::mem::take(&mut self.findings);
            self.value(value, field.holds, &Path::Key(at, field.name));
            let alone = std::mem::replace(&mut self.findings, before);
            if alone.refuses() {
                bad.append(alone);
            } else {
                good += 1;
                self.findings.append(alone);
            }
        }
        (good, bad)
    }

    fn list(&mut self, items: &[Value], each: Type, count: Count, at: &Path<'_>) {
        if items.len() < count.min {
            self.refuse("schema.items", at, format!("{} elements, at least {} needed", items.len(), count.min));
        } else if items.len() > count.max {
            self.refuse("schema.items", at, format!("{} elements, at most {} allowed", items.len(), count.max));
        }
        for (index, item) in items.iter().enumerate() {
            self.value(item, each, &Path::Index(at, index));
        }
    }

    fn text(&mut self, string: &str, text: Text, at: &Path<'_>) {
        if !text.form.fixes_length() && (string.len() > text.max || string.len() < text.min.saturating_mul(4)) {
            // Characters are counted only where bytes leave a doubt.
            let chars = string.chars().count();
            if chars < text.min {
                return self.refuse("schema.length", at, format!("{chars} characters, at least {} needed", text.min));
            }
            if chars > text.max {
                return self.refuse("schema.length", at, format!("{chars} characters, at most {} allowed", text.max));
            }
        }
        if text.form.accepts(string) {
            self.code(string, text.form, at);
        } else {
            self.refuse(text.form.rule(), at, format!("expected {}", text.form.says()));
        }
    }

    /// Whether a code is on its list: given, or compiled in.
    fn code(&mut self, code: &str, form: Form, at: &Path<'_>) {
        let Some(kind) = form.list() else { return };
        match codelist::judge(self.lists, kind, code) {
            Verdict::Listed => {}
            Verdict::Unlisted(rule, detail) => self.findings.breach(&rule, at.text(), detail),
            Verdict::NotCovered(detail) => self.findings.breach(&codelist::ABSENT, at.text(), detail),
            Verdict::NoList if self.lists.is_none() => {}
            Verdict::NoList => self.unjudged.entry(kind.title()).or_insert_with(|| (at.text(), 0)).1 += 1,
        }
    }

    fn integer(&mut self, number: &serde_json::Number, min: i64, max: i64, at: &Path<'_>) {
        // JSON Schema takes 3.0 for an integer.
        #[expect(clippy::cast_precision_loss, reason = "the bounds are 32-bit or smaller")]
        let fits = match (number.as_i64(), number.as_f64()) {
            (Some(n), _) => (min..=max).contains(&n),
            (None, Some(n)) if n.fract() == 0.0 => (min as f64..=max as f64).contains(&n),
            (None, Some(_)) => {
                return self.refuse("schema.type", at, format!("expected a whole number, found {number}"));
            }
            (None, None) => false,
        };
        if !fits {
            self.refuse("schema.range", at, format!("{number} is not within {min} to {max}"));
        }
    }
}

fn range(min: f64, max: f64) -> String {
    if max < f64::MAX { format!("{min} to {max}") } else { format!("{min} and above") }
}

const fn noun(expected: Type) -> &'static str {
    match expected {
        Type::Bool => "true or false",
        Type::Text(_) => "a string",
        Type::Integer(..) => "a whole number",
        Type::Number(..) | Type::Positive => "a number",
        Type::Object(_) => "an object",
        Type::Texts(..) => "a list of strings",
        Type::List(..) => "a list of objects",
    }
}

const fn noun_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
