//! The table against an outline of the published schema, line by line: a slip of the pen in one of 300
//! rows would otherwise refuse somebody's lawful document.

use std::collections::{BTreeMap, BTreeSet};

use super::document::TRANSPORT_DOCUMENT;
use crate::doc::schema::{Choice, Count, Form, NO_LIMIT, Object, Text, Type};
use crate::doc::tests::foreign;

type Attributes = BTreeMap<&'static str, String>;

const KEYS: [&str; 10] = [
    "pattern",
    "maxLength",
    "minLength",
    "enum",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minItems",
    "maxItems",
];

/// One line: `  *name <Type> string maxLength=20`.
struct Line<'a> {
    depth: usize,
    mandatory: bool,
    name: &'a str,
    kind: &'a str,
    attributes: Attributes,
}

fn parse(line: &str) -> Line<'_> {
    let marker = line.find(|c: char| c != ' ').unwrap();
    let mandatory = line[marker..].starts_with('*');
    let depth = if mandatory { marker / 2 } else { (marker - 1) / 2 };
    let mut tokens = line[marker..].trim_start_matches('*').split_whitespace();
    let name = tokens.next().unwrap();
    let mut kind = tokens.next().unwrap();
    if kind.starts_with('<') {
        kind = tokens.next().unwrap();
    }
    let mut attributes = Attributes::new();
    let mut last = "";
    for token in tokens {
        match KEYS.iter().find(|key| token.strip_prefix(**key).is_some_and(|rest| rest.starts_with('='))) {
            Some(key) => {
                attributes.insert(key, token[key.len() + 1..].to_owned());
                last = key;
            }
            None => attributes.get_mut(last).unwrap().push_str(token),
        }
    }
    Line { depth, mandatory, name, kind, attributes }
}

fn kind(of: Type) -> &'static str {
    match of {
        Type::Bool => "boolean",
        Type::Text(_) => "string",
        Type::Integer(..) => "integer",
        Type::Number(..) | Type::Positive => "number",
        Type::Object(_) => "object",
        Type::Texts(..) | Type::List(..) => "array",
    }
}

/// What our row says, in the outline's words.
fn attributes(of: Type) -> Attributes {
    let mut said = Attributes::new();
    let mut say = |key, value: String| drop(said.insert(key, value));
    match of {
        Type::Bool | Type::Object(_) => {}
        Type::Integer(min, max) => {
            say("format", "int32".to_owned());
            if min > i64::from(i32::MIN) {
                say("minimum", min.to_string());
            }
            if max < i64::from(i32::MAX) {
                say("maximum", max.to_string());
            }
        }
        Type::Number(min, max) => {
            say("format", "float".to_owned());
            if min > f64::MIN {
                say("minimum", min.to_string());
            }
            if max < f64::MAX {
                say("maximum", max.to_string());
            }
        }
        Type::Positive => {
            say("format", "float".to_owned());
            say("minimum", "0".to_owned());
            say("exclusiveMinimum", "True".to_owned());
        }
        Type::Texts(_, Count { min, max }) | Type::List(_, Count { min, max }) => {
            if min > 0 {
                say("minItems", min.to_string());
            }
            if max < NO_LIMIT {
                say("maxItems", max.to_string());
            }
        }
        Type::Text(text) => return text_attributes(text),
    }
    said
}

fn text_attributes(Text { form, min, max }: Text) -> Attributes {
    let counted = |class: &str| {
        let count = if min == max { format!("{{{min}}}") } else { format!("{{{min},{max}}}") };
        format!("^{class}{count}$")
    };
    let pattern = match form {
        Form::Any => String::new(),
        Form::Trimmed => r"^\S(?:.*\S)?$".to_owned(),
        Form::Unbroken => r"^\S+$".to_owned(),
        Form::Email => r"^.+@\S+$".to_owned(),
        Form::Country | Form::Currency => counted("[A-Z]"),
        Form::Digits | Form::Tariff => counted(r"\d"),
        Form::Code | Form::Package | Form::Unit => counted("[A-Z0-9]"),
        Form::Locode => "^[A-Z]{2}[A-Z2-9]{3}$".to_owned(),
        Form::Voyage => r"^\d{2}[0-9A-Z]{2}[NEWSR]$".to_owned(),
        Form::Variants => "^[0-3][0-9A-Z]{3}$".to_owned(),
        Form::Risk => r"^[0-9](\.[0-9])?$".to_owned(),
        Form::OneOf(values) => {
            let quoted: Vec<_> = values.iter().map(|value| format!("'{value}'")).collect();
            return Attributes::from([("enum", format!("[{}]", quoted.join(",")))]);
        }
        Form::Date => return Attributes::from([("format", "date".to_owned())]),
        Form::DateTime => return Attributes::from([("format", "date-time".to_owned())]),
        Form::Printed | Form::Decimal => panic!("not a form of this standard"),
    };
    let mut said = Attributes::from([("maxLength", max.to_string())]);
    if !pattern.is_empty() {
        said.insert("pattern", pattern);
    }
    // The patterns of these imply the least length, and the standard does not repeat it.
    if min > 0 && !matches!(form, Form::Trimmed | Form::Unbroken | Form::Email) {
        said.insert("minLength", min.to_string());
    }
    said
}

/// The row that a line stands for, given the row of the line above it.
fn row(parent: Type, line: &Line<'_>, alternative: bool) -> Type {
    match (parent, line.name) {
        (Type::Texts(text, _), "[]") => Type::Text(text),
        (Type::List(object, _), "[]") => Type::Object(object),
        (Type::Object(_), name) if name.starts_with('[') => parent,
        (Type::Object(object), name) => {
            let field = object.fields.iter().find(|field| field.name == name);
            let field = field.unwrap_or_else(|| panic!("the table has no row for {name}"));
            if alternative {
                let (Choice::OneOf(names) | Choice::AnyOf(names)) = object.choice else { panic!("{name}: no choice") };
                assert!(names.contains(&name), "{name}");
            } else {
                assert_eq!(field.mandatory, line.mandatory, "{name}");
            }
            field.holds
        }
        _ => panic!("{}: the table has no such row", line.name),
    }
}

fn object_key(object: &'static Object) -> usize {
    std::ptr::from_ref(object).addr()
}

#[test]
fn the_table_says_what_the_standard_says() {
    let Some(path) = foreign("schema/transport_document_v3.0.4.outline.txt") else { return };
    let outline = std::fs::read_to_string(path).unwrap();
    let root = Type::Object(&TRANSPORT_DOCUMENT);
    let mut stack: Vec<(Type, bool)> = Vec::new();
    let mut seen: BTreeMap<usize, (&'static Object, BTreeSet<String>)> = BTreeMap::new();
    let mut lines = 0;
    for line in outline.lines().filter(|line| !line.trim().is_empty()).map(parse) {
        stack.truncate(line.depth);
        let here = match stack.last() {
            None => root,
            Some((parent, alternative)) => row(*parent, &line, *alternative),
        };
        let alternative = line.name.starts_with("[oneOf") || line.name.starts_with("[anyOf");
        if let (Some((Type::Object(parent), _)), false) = (stack.last(), alternative) {
            seen.entry(object_key(parent)).or_insert((parent, BTreeSet::new())).1.insert(line.name.to_owned());
        }
        assert_eq!(kind(here), line.kind, "{}", line.name);
        let mut said = line.attributes.clone();
        if said.contains_key("enum") {
            // Its values say more than their greatest length.
            said.remove("maxLength");
        }
        assert_eq!(attributes(here), said, "{}", line.name);
        stack.push((here, alternative));
        lines += 1;
    }
    for (object, names) in seen.values() {
        let ours: BTreeSet<String> = object.fields.iter().map(|field| field.name.to_owned()).collect();
        assert_eq!(&ours, names, "the table has rows that the standard lacks");
    }
    assert!(lines > 400, "{lines} lines");
}
