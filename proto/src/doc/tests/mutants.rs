//! Documents full of fields, and what can go wrong with each, at and around every limit.

use serde_json::{Map, Number, Value, json};

use crate::doc::schema::{Choice, Count, Form, NO_LIMIT, Object, Text, Type};

/// `SplitMix64`: the same mutants in every run.
pub(in crate::doc) struct Random(pub(super) u64);

impl Random {
    pub(in crate::doc) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let limit = u64::try_from(limit).unwrap();
        usize::try_from((mixed ^ (mixed >> 31)) % limit).unwrap()
    }
}

/// Signs that patterns and lengths trip over: blanks of many sorts, digits and letters of other scripts,
/// more than one byte, more than one UTF-16 unit.
const SIGNS: [char; 19] = [
    ' ',
    '\n',
    '\r',
    '\t',
    '\u{a0}',
    '\u{85}',
    '\u{feff}',
    '\u{2028}',
    '\u{3000}',
    'a',
    'Z',
    '0',
    '1',
    '9',
    '@',
    '.',
    '\u{e9}',
    '\u{663}',
    '\u{1f600}',
];

/// A value of this type with every field that it can have; recursion ends at the second level.
pub(in crate::doc) fn filled(holds: Type, level: usize) -> Value {
    match holds {
        Type::Bool => json!(true),
        Type::Text(text) => json!(sample(text, text.min.max(1))),
        Type::Integer(min, max) => json!(1.clamp(min, max)),
        Type::Number(min, max) => json!(1.5_f64.clamp(min, max)),
        Type::Positive => json!(12.5),
        Type::Texts(text, Count { min, .. }) => Value::Array(vec![json!(sample(text, text.min.max(1))); min.max(1)]),
        Type::List(object, Count { min, .. }) => {
            Value::Array(vec![filled(Type::Object(object), level + 1); min.max(1)])
        }
        Type::Object(object) => filled_object(object, level),
    }
}

fn filled_object(object: &'static Object, level: usize) -> Value {
    const DEEPEST: usize = 12;
    let excluded = match object.choice {
        Choice::OneOf(names) => &names[1..],
        Choice::Free | Choice::AnyOf(_) | Choice::Some(_) => &[],
    };
    let mut map = Map::new();
    for field in object.fields.iter().filter(|field| !excluded.contains(&field.name)) {
        if field.mandatory || level < DEEPEST {
            map.insert(field.name.to_owned(), filled(field.holds, level + 1));
        }
    }
    Value::Object(map)
}

/// A text of this form and, where the form leaves a choice, of this many characters.
fn sample(text: Text, length: usize) -> String {
    let all = |sign: &str| sign.repeat(length);
    match text.form {
        Form::Any | Form::Trimmed | Form::Unbroken | Form::Printed => all("x"),
        Form::Country | Form::Currency => all("C"),
        Form::Digits | Form::Tariff => all("8"),
        Form::Code | Form::Package | Form::Unit => all("K"),
        Form::Locode => "CN".to_owned() + &"G".repeat(length.saturating_sub(2)),
        Form::Email => "a".repeat(length.max(3) - 2) + "@b",
        Form::Voyage => "26AB".to_owned() + &"N".repeat(length.saturating_sub(4)),
        Form::Variants => "2".to_owned() + &"0".repeat(length.saturating_sub(1)),
        Form::Risk => if length == 1 { "6" } else { "6.1" }.to_owned(),
        Form::Decimal => all("1"),
        Form::Date => "2026-11-20".to_owned(),
        Form::DateTime => "2026-11-20T08:30:00Z".to_owned(),
        Form::OneOf(values) => values[0].to_owned(),
    }
}

/// Every place of the document that the table knows, as a JSON pointer.
pub(in crate::doc) fn places(document: &Value, holds: Type) -> Vec<(String, Type)> {
    let mut found = Vec::new();
    collect(document, holds, String::new(), &mut found);
    found
}

fn collect(value: &Value, holds: Type, pointer: String, found: &mut Vec<(String, Type)>) {
    match (holds, value) {
        (Type::Object(object), Value::Object(map)) => {
            for field in object.fields {
                if let Some(value) = map.get(field.name) {
                    collect(value, field.holds, format!("{pointer}/{}", field.name), found);
                }
            }
        }
        (Type::Texts(text, _), Value::Array(items)) => {
            for (i, item) in items.iter().enumerate() {
                collect(item, Type::Text(text), format!("{pointer}/{i}"), found);
            }
        }
        (Type::List(object, _), Value::Array(items)) => {
            for (i, item) in items.iter().enumerate() {
                collect(item, Type::Object(object), format!("{pointer}/{i}"), found);
            }
        }
        _ => {}
    }
    found.push((pointer, holds));
}

/// What may stand in a place instead of `now`: right and wrong, near and far.
pub(in crate::doc) fn mutants(holds: Type, now: &Value) -> Vec<Value> {
    let mut all = vec![
        Value::Null,
        json!(false),
        json!(0),
        json!(1.5),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([null]),
    ];
    match holds {
        Type::Bool => all.push(json!("true")),
        Type::Text(text) => all.extend(strings(text).into_iter().map(Value::String)),
        Type::Integer(min, max) => all.extend(integers(min, max)),
        Type::Number(min, max) => all.extend(numbers(min, max)),
        Type::Positive => all.extend(numbers(0.0, f64::MAX)),
        Type::Object(object) => all.extend(objects(object, now)),
        Type::Texts(_, count) | Type::List(_, count) => all.extend(lists(count, now)),
    }
    all
}

fn strings(text: Text) -> Vec<String> {
    let lengths =
        [text.min.saturating_sub(1), text.min, text.min + 1, text.max - 1, text.max, text.max.saturating_add(1)];
    let fits = |length: &&usize| **length < 100_000;
    let mut all: Vec<String> = lengths.iter().filter(fits).map(|length| sample(text, *length)).collect();
    // As many characters as allowed, but more bytes and UTF-16 units.
    if text.max < NO_LIMIT {
        all.extend([0, 1].map(|more| "\u{1f600}".repeat(text.max + more)));
    }
    let valid = sample(text, text.min.max(1));
    for sign in SIGNS {
        all.push(sign.to_string());
        all.push(format!("{sign}{valid}"));
        all.push(format!("{valid}{sign}"));
        all.extend(replaced(&valid, 0, sign));
        all.extend(replaced(&valid, valid.chars().count() / 2, sign));
        all.extend(replaced(&valid, valid.chars().count() - 1, sign));
    }
    match text.form {
        Form::OneOf(values) => {
            all.extend(
                values.iter().flat_map(|value| [(*value).to_owned(), value.to_lowercase(), format!("{value} ")]),
            );
        }
        Form::Date | Form::DateTime => all.extend(DAYS.map(str::to_owned)),
        _ => {}
    }
    all
}

const DAYS: [&str; 18] = [
    "2024-02-29",
    "2026-02-29",
    "1900-02-29",
    "2000-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-1-1",
    "20261120",
    "2026-11-20Z",
    "2026-11-20T08:30:00Z",
    "2026-11-20T08:30:00+08:00",
    "2026-11-20t08:30:00z",
    "2026-11-20T08:30:00.5Z",
    "2026-11-20T08:30:00",
    "2026-11-20T24:00:00Z",
    "2026-11-20 08:30:00Z",
    "2026-11-20T08:30Z",
    "2026-11-31T08:30:00Z",
];

fn replaced(text: &str, place: usize, sign: char) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    (place < chars.len()).then(|| chars.iter().enumerate().map(|(i, c)| if i == place { sign } else { *c }).collect())
}

fn integers(min: i64, max: i64) -> Vec<Value> {
    let mut all: Vec<Value> = [min - 1, min, min + 1, max - 1, max, max + 1, -1, 0, 1].map(|n| json!(n)).into();
    all.extend(["2.0", "2.5", "1e1", "1e400", "-0.0", "18446744073709551616", "2147483648.0"].iter().filter_map(read));
    all
}

fn numbers(min: f64, max: f64) -> Vec<Value> {
    let mut all: Vec<Value> = [min, max, -1.0, 0.0, 1e-9, -1e-9, 100.0].into_iter().filter_map(number).collect();
    all.extend([min + 0.5, min - 0.5, max - 0.5, max + 0.5, 1e308, -1e308].into_iter().filter_map(number));
    all.extend(
        ["-0", "0.0", "5e-324", "1.7976931348623157e308", "123456789012345678901234567890"].iter().filter_map(read),
    );
    all
}

fn number(value: f64) -> Option<Value> {
    Number::from_f64(value).map(Value::Number)
}

fn read(text: &&str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Unknown fields, and for a choice each of its fields alone, all of them, none.
fn objects(object: &'static Object, now: &Value) -> Vec<Value> {
    // An earlier change may have put something else here.
    if !now.is_object() {
        return Vec::new();
    }
    let mut unknown = now.clone();
    unknown["notInTheStandard"] = json!({"value": null});
    let mut all = vec![unknown];
    let (Choice::OneOf(names) | Choice::AnyOf(names)) = object.choice else { return all };
    let chosen = |wanted: &dyn Fn(&str) -> bool| {
        let mut value = now.clone();
        let map = value.as_object_mut().unwrap();
        for field in object.fields.iter().filter(|field| names.contains(&field.name)) {
            map.remove(field.name);
            if wanted(field.name) {
                map.insert(field.name.to_owned(), filled(field.holds, 0));
            }
        }
        value
    };
    // A good one beside a bad one, and only bad ones.
    for name in names {
        let mut one_bad = chosen(&|_| true);
        one_bad[*name] = json!("\n");
        let mut null = chosen(&|_| true);
        null[*name] = Value::Null;
        let mut alone = chosen(&|other| other == *name);
        alone[*name] = json!(7);
        all.extend([one_bad, null, alone]);
    }
    all.push(chosen(&|_| true));
    all.push(chosen(&|_| false));
    all.extend(names.iter().map(|name| chosen(&|other| other == *name)));
    all
}

fn lists(Count { min, max }: Count, now: &Value) -> Vec<Value> {
    let Some(first) = now.get(0) else { return Vec::new() };
    let counts = [min.saturating_sub(1), min, min + 1, max.saturating_sub(1), max, max.saturating_add(1)];
    let mut all: Vec<Value> =
        counts.iter().filter(|count| **count < 1_000).map(|count| Value::Array(vec![first.clone(); *count])).collect();
    all.push(json!([first, null]));
    all.push(json!([first, [first]]));
    all.push(first.clone());
    all
}

/// Every mutant of every place of the first seed, and `more` documents with one to four changes anywhere in any of
/// them, each with the story of its changes.
pub(in crate::doc) fn every_mutant(
    table: &'static Object,
    seeds: &[Value],
    more: usize,
    mut judge: impl FnMut(&Value, &str),
) {
    one_change(table, &seeds[0], &mut judge);
    let mut random = Random(0x5a6d_7061_6e00_0001);
    for _ in 0..more {
        let mut document = seeds[random.below(seeds.len())].clone();
        let mut story = String::new();
        for _ in 0..=random.below(4) {
            story.push_str(&change(&mut document, table, &mut random));
        }
        judge(&document, &story);
    }
}

fn one_change(table: &'static Object, seed: &Value, judge: &mut impl FnMut(&Value, &str)) {
    let mut document = seed.clone();
    for (pointer, holds) in places(seed, Type::Object(table)) {
        let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
        for mutant in mutants(holds, seed.pointer(&pointer).unwrap()) {
            let shown: String = mutant.to_string().chars().take(80).collect();
            let before = std::mem::replace(document.pointer_mut(&pointer).unwrap(), mutant);
            judge(&document, &format!("{pointer} = {shown}"));
            *document.pointer_mut(&pointer).unwrap() = before;
        }
        if let Value::Object(map) = document.pointer_mut(parent).unwrap() {
            let before = map.remove(key).unwrap();
            judge(&document, &format!("{pointer} removed"));
            document.pointer_mut(parent).unwrap()[key] = before;
        }
    }
}

/// Changes or removes one place; says which.
fn change(document: &mut Value, table: &'static Object, random: &mut Random) -> String {
    let places = places(document, Type::Object(table));
    let (pointer, holds) = &places[random.below(places.len())];
    let Some((parent, key)) = pointer.rsplit_once('/') else { return String::new() };
    let mut mutants = mutants(*holds, document.pointer(pointer).unwrap());
    let mutant = mutants.swap_remove(random.below(mutants.len()));
    match document.pointer_mut(parent).unwrap() {
        Value::Object(map) if random.below(5) == 0 => {
            map.remove(key);
            return format!(" {pointer} removed");
        }
        Value::Object(map) => drop(map.insert(key.to_owned(), mutant)),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = mutant,
        _ => unreachable!("a place has a parent"),
    }
    format!(" {pointer} changed")
}
