//! Boxes and values in words, and words as values.

use serde_json::Value;

use super::NoAnswer;
use super::path::{Path, Step};
use crate::doc::schema::{Form, NO_LIMIT, Text, Type};

/// What a place is called: `box 7, HS code, item 1`; a bill's fields by their path in words.
pub(super) fn name(path: &Path) -> String {
    let mut name = String::new();
    for step in path.steps() {
        match step {
            Step::Key(key) => {
                if !name.is_empty() {
                    name.push_str(", ");
                }
                name.push_str(&in_words(key));
            }
            // People count from one.
            Step::Index(index) => {
                name.push(' ');
                name.push_str(&(index + 1).to_string());
            }
        }
    }
    name
}

/// `box7HsCode` is `box 7 HS code`, `UNLocationCode` is `UN location code`.
fn in_words(key: &str) -> String {
    let signs: Vec<char> = key.chars().collect();
    let mut words = vec![String::new()];
    for (at, sign) in signs.iter().enumerate() {
        let before = at.checked_sub(1).map_or(*sign, |before| signs[before]);
        let ends_capitals = signs.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let begins = match *sign {
            'A'..='Z' => !before.is_ascii_uppercase() || ends_capitals,
            '0'..='9' => before.is_ascii_lowercase(),
            _ => before.is_ascii_digit(),
        };
        if at > 0 && begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*sign);
        }
    }
    let spoken = |word: String| match word.as_str() {
        "Hs" | "Fob" => word.to_ascii_uppercase(),
        _ if word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase()) => word,
        _ => word.to_ascii_lowercase(),
    };
    words.into_iter().map(spoken).collect::<Vec<_>>().join(" ")
}

/// What will do, in words.
pub(super) fn expected(holds: Type) -> String {
    match holds {
        Type::Bool => "yes or no".to_owned(),
        Type::Integer(min, max) => format!("a whole number from {min} to {max}"),
        Type::Number(min, max) if max < f64::MAX => format!("a number from {min} to {max}"),
        Type::Number(min, _) if min > f64::MIN => format!("a number of {min} or more"),
        Type::Number(..) => "a number".to_owned(),
        Type::Positive => "a number above 0, such as 9840.5".to_owned(),
        Type::Text(text) => text_expected(text),
        Type::Object(_) | Type::Texts(..) | Type::List(..) => "a part of its own".to_owned(),
    }
}

fn text_expected(Text { form, min, max }: Text) -> String {
    let says = form.says();
    match form {
        Form::Any | Form::Trimmed | Form::Unbroken | Form::Printed if max == NO_LIMIT => says,
        Form::Any | Form::Trimmed | Form::Unbroken | Form::Printed => format!("{says}, at most {max} characters"),
        Form::Country | Form::Currency | Form::Digits | Form::Tariff | Form::Code | Form::Package | Form::Unit => {
            if min == max { format!("{says}, {max} of them") } else { format!("{says}, {min} to {max} of them") }
        }
        _ => says,
    }
}

/// A value as people write it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) | Value::Object(_) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What somebody wrote, as the value that the place holds.
pub(super) fn value(holds: Type, text: &str) -> Result<Value, NoAnswer> {
    let no = || NoAnswer::new("schema.type", format!("expected {}", expected(holds)));
    match holds {
        Type::Bool => match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" => Ok(Value::Bool(true)),
            "no" | "n" | "false" => Ok(Value::Bool(false)),
            _ => Err(no()),
        },
        Type::Integer(..) => text.parse::<i64>().map(Value::from).map_err(|_| no()),
        // JSON's own grammar: no plus sign, no leading zero, no comma.
        Type::Number(..) | Type::Positive => {
            serde_json::from_str::<serde_json::Number>(text).map(Value::Number).map_err(|_| no())
        }
        Type::Text(_) => Ok(Value::String(text.to_owned())),
        Type::Object(_) | Type::Texts(..) | Type::List(..) => Err(no()),
    }
}
