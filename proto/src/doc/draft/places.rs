//! The boxes in the order in which they are asked: the schema's.

use serde_json::{Map, Value};

use super::path::Path;
use super::{Draft, is_bill, is_leaf, words};
use crate::doc::schema::{Choice, Count, Field, Form, Object, Type};

/// Fields of a bill that are asked beyond those that are mandatory or stand in the worked example. The standard
/// has hundreds more: whoever needs them writes them into the document.
const ALSO_OF_A_BILL: &[&str] = &[
    "receivedForShipmentDate",
    "declaredValue",
    "declaredValueCurrency",
    "consignee",
    "endorsee",
    "isNotifyParty",
    "cargoNetWeight",
    "address",
    "email",
    "phone",
];

/// Whether a place must be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Must,
    /// It can be left out.
    May,
}

/// What is asked for at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    /// Whether there shall be such a part, or one more of it.
    Part,
    /// A value.
    Value(Type),
}

/// How far a place has come.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    Open,
    Skipped,
    Said(Value),
}

/// A box, or a part of one.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it stands.
    pub path: Path,
    /// Whether it must be filled in.
    pub need: Need,
    /// How it reads in the worked example, where it stands there.
    pub example: Option<String>,
    pub(super) ask: Ask,
    state: State,
}

impl Place {
    /// What people call it: box and name.
    #[must_use]
    pub fn name(&self) -> String {
        words::name(&self.path)
    }

    /// Whether the question is if there shall be such a part, or one more of it.
    #[must_use]
    pub const fn is_part(&self) -> bool {
        matches!(self.ask, Ask::Part)
    }

    /// What will do as an answer, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        match self.ask {
            Ask::Part => "yes or no".to_owned(),
            Ask::Value(holds) => words::expected(holds),
        }
    }

    /// What was said; none when it is open or left out.
    #[must_use]
    pub fn said(&self) -> Option<String> {
        match &self.state {
            State::Said(value) => Some(words::shown(value)),
            State::Open | State::Skipped => None,
        }
    }

    /// Whether it waits for an answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }
}

/// The fields of a form that can hold one value only.
pub(super) fn constants(table: &'static Object) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.fields.iter().filter_map(|field| match field.holds {
        Type::Text(text) => match text.form {
            Form::OneOf([only]) => Some((field.name, *only)),
            _ => None,
        },
        _ => None,
    })
}

/// The places that are said or left out, and the open ones that can be told by now.
pub(super) fn places(draft: &Draft) -> Vec<Place> {
    walk(draft, false)
}

/// The places that must be filled in and are not, told at once: also inside parts that are missing altogether, and
/// of alternatives the first.
pub(super) fn missing(draft: &Draft) -> Vec<Place> {
    let mut places = walk(draft, true);
    places.retain(|place| place.need == Need::Must && place.is_open());
    places
}

fn walk(draft: &Draft, bare: bool) -> Vec<Place> {
    let mut walk = Walk { draft, bare, places: Vec::new() };
    walk.object(draft.form.table(), &Path::default());
    walk.places
}

struct Walk<'a> {
    draft: &'a Draft,
    /// Whether what is absent and can stay so is passed over.
    bare: bool,
    places: Vec<Place>,
}

impl Walk<'_> {
    fn object(&mut self, table: &'static Object, at: &Path) {
        for field in table.fields {
            let path = at.key(field.name);
            if is_constant(field) || !self.is_asked(field, table, &path) {
                continue;
            }
            if let Some(need) = self.need(field, table, at) {
                self.field(field.holds, need, &path);
            }
        }
    }

    /// Whether it is asked at all: our own forms in full, of the standard's what is common.
    fn is_asked(&self, field: &Field, table: &Object, path: &Path) -> bool {
        let alternative = table.choice.names().contains(&field.name);
        let common = || self.draft.example(path).is_some() || ALSO_OF_A_BILL.contains(&field.name);
        field.mandatory
            || alternative
            || !is_bill(self.draft.form)
            || common()
            || path.get(&self.draft.document).is_some()
    }

    /// Whether it must be there: of several alternatives the last, when all before it were left out. None when
    /// another one is there that excludes it.
    fn need(&self, field: &Field, table: &Object, at: &Path) -> Option<Need> {
        let names = table.choice.names();
        if field.mandatory {
            return Some(Need::Must);
        }
        if !names.contains(&field.name) {
            return Some(Need::May);
        }
        let said = |name: &str| at.key(name).get(&self.draft.document).is_some();
        let mut others = names.iter().copied().filter(|name| *name != field.name);
        if others.clone().any(said) {
            let excluded = matches!(table.choice, Choice::OneOf(_)) && !said(field.name);
            return (!excluded).then_some(Need::May);
        }
        let left_out = |name: &str| self.draft.skipped.contains(&at.key(name).to_string());
        let is_last = names.last() == Some(&field.name);
        let alone = if self.bare { names.first() == Some(&field.name) } else { is_last && others.all(left_out) };
        Some(if alone { Need::Must } else { Need::May })
    }

    fn field(&mut self, holds: Type, need: Need, path: &Path) {
        match holds {
            Type::Object(table) => match need {
                Need::Must => self.object(table, path),
                Need::May => self.part(table, path),
            },
            Type::List(table, count) => self.list(table, count, need, path),
            Type::Texts(text, count) => self.texts(Type::Text(text), count, need, path),
            leaf => self.place(path.clone(), need, Ask::Value(leaf)),
        }
    }

    /// A part that can be left out: first whether there is one, then what is in it.
    fn part(&mut self, table: &'static Object, path: &Path) {
        self.place(path.clone(), Need::May, Ask::Part);
        if path.get(&self.draft.document).is_some() {
            self.object(table, path);
        }
    }

    /// The elements that there are, those that must be, and whether there shall be one more.
    fn list(&mut self, table: &'static Object, count: Count, need: Need, path: &Path) {
        let (there, least) = self.elements(count, need, path);
        for index in 0..there.max(least) {
            if index >= least {
                self.place(path.index(index), Need::May, Ask::Part);
            }
            self.object(table, &path.index(index));
        }
        let next = there.max(least);
        if next < count.max && self.filled(path, next) {
            self.place(path.index(next), Need::May, Ask::Part);
        }
    }

    fn texts(&mut self, each: Type, count: Count, need: Need, path: &Path) {
        let (there, least) = self.elements(count, need, path);
        for index in 0..there.max(least) {
            let need = if index < least { Need::Must } else { Need::May };
            self.place(path.index(index), need, Ask::Value(each));
        }
        let next = there.max(least);
        if next < count.max && self.filled(path, next) {
            self.place(path.index(next), Need::May, Ask::Value(each));
        }
    }

    /// How many elements there are, and how many there must be. A mandatory list has one, even where the standard
    /// would take an empty one.
    fn elements(&self, count: Count, need: Need, path: &Path) -> (usize, usize) {
        let there = path.get(&self.draft.document).and_then(Value::as_array).map_or(0, Vec::len);
        (there, if need == Need::Must { count.min.max(1) } else { 0 })
    }

    /// Whether the elements before this one are begun, so that one more can be asked for.
    fn filled(&self, path: &Path, next: usize) -> bool {
        next == 0 || path.index(next - 1).get(&self.draft.document).is_some()
    }

    fn place(&mut self, path: Path, need: Need, ask: Ask) {
        if self.bare && need == Need::May {
            return;
        }
        let example = self.draft.example(&path).filter(|_| matches!(ask, Ask::Value(_))).map(words::shown);
        let state = self.draft.state(&path);
        self.places.push(Place { path, need, example, ask, state });
    }
}

fn is_constant(field: &Field) -> bool {
    matches!(field.holds, Type::Text(text) if matches!(text.form, Form::OneOf([_])))
}

/// Adds the mandatory parts that nothing was said in.
pub(super) fn complete(table: &'static Object, document: &mut Value) {
    let Value::Object(map) = document else { return };
    for field in table.fields {
        if field.mandatory && !is_leaf(field.holds) && !map.contains_key(field.name) {
            let empty = if let Type::Object(_) = field.holds { Map::new().into() } else { Value::Array(Vec::new()) };
            map.insert(field.name.to_owned(), empty);
        }
        match (field.holds, map.get_mut(field.name)) {
            (Type::Object(table), Some(value)) => complete(table, value),
            (Type::List(table, _), Some(Value::Array(list))) => list.iter_mut().for_each(|item| complete(table, item)),
            _ => {}
        }
    }
}
