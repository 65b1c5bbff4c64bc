//! The tables as JSON Schema 2020-12, for those who have an engine and want no Rust. They stand in
//! `proto/schemas`; `UPDATE_GOLDEN=1 cargo test -p sampan-proto --lib schemas_are_published` writes them anew.

use serde_json::{Map, Value, json};

use super::{Choice, Count, Form, NO_LIMIT, Object, Text, Type};

/// The schema of a document, with its identifier and title.
pub(in super::super) fn published(table: &'static Object, id: &str, title: &str) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": id,
        "title": title,
    });
    if let (Value::Object(schema), Value::Object(body)) = (&mut schema, object(table)) {
        schema.extend(body);
    }
    schema
}

fn object(table: &'static Object) -> Value {
    let names = |mandatory: bool| table.fields.iter().filter(move |field| field.mandatory == mandatory);
    let properties: Map<String, Value> =
        table.fields.iter().map(|field| (field.name.to_owned(), value(field.holds))).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    let required: Vec<&str> = names(true).map(|field| field.name).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if table.closed {
        schema["additionalProperties"] = json!(false);
    }
    let each = |names: &[&str]| -> Value { names.iter().map(|name| json!({ "required": [name] })).collect() };
    match table.choice {
        Choice::Some(names) => schema["anyOf"] = each(names),
        // None of our own forms leaves a bad alternative unjudged; a standard that does has its own schema.
        Choice::Free | Choice::AnyOf(_) | Choice::OneOf(_) => {}
    }
    schema
}

fn value(holds: Type) -> Value {
    match holds {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Text(text) => string(text),
        Type::Integer(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Type::Number(min, max) => json!({ "type": "number", "minimum": min, "maximum": max }),
        Type::Positive => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Type::Object(table) => object(table),
        Type::Texts(text, count) => list(&string(text), count),
        Type::List(table, count) => list(&object(table), count),
    }
}

fn list(items: &Value, Count { min, max }: Count) -> Value {
    let mut schema = json!({ "type": "array", "items": items, "minItems": min });
    if max < NO_LIMIT {
        schema["maxItems"] = json!(max);
    }
    schema
}

fn string(Text { form, min, max }: Text) -> Value {
    match form {
        Form::OneOf([only]) => return json!({ "const": only }),
        Form::OneOf(values) => return json!({ "enum": values }),
        Form::Date => return json!({ "type": "string", "format": "date" }),
        Form::DateTime => return json!({ "type": "string", "format": "date-time" }),
        _ => {}
    }
    let mut schema = json!({ "type": "string" });
    if let Some(pattern) = pattern(form) {
        schema["pattern"] = json!(pattern);
    }
    if min > 0 {
        schema["minLength"] = json!(min);
    }
    if max < NO_LIMIT {
        schema["maxLength"] = json!(max);
    }
    schema
}

/// The regular expression that a form stands for, in the dialect of ECMA-262.
const fn pattern(form: Form) -> Option<&'static str> {
    Some(match form {
        Form::Any | Form::OneOf(_) | Form::Date | Form::DateTime => return None,
        Form::Trimmed => r"^\S(?:.*\S)?$",
        Form::Unbroken => r"^\S+$",
        Form::Printed => {
            r"^[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f\u2028\u2029]*[^\s\u0000-\u001f\u007f-\u009f])?$"
        }
        Form::Country | Form::Currency => "^[A-Z]*$",
        Form::Digits | Form::Tariff => "^[0-9]*$",
        Form::Code | Form::Package | Form::Unit => "^[A-Z0-9]*$",
        Form::Locode => "^[A-Z]{2}[A-Z2-9]{3}$",
        Form::Email => r"^.+@\S+$",
        Form::Voyage => r"^[0-9]{2}[0-9A-Z]{2}[NEWSR]$",
        Form::Variants => "^[0-3][0-9A-Z]{3}$",
        Form::Risk => r"^[0-9](\.[0-9])?$",
        Form::Decimal => r"^(?=.*[1-9])(0|[1-9][0-9]*)(\.[0-9]{1,6})?$",
    })
}
