//! Schemas as tables: a document's fields, which of them are mandatory, and what each may hold.
//!
//! One table row stands for one line of the standard, and one walk over the parsed JSON collects
//! every breach with its path. JSON Schema proper would need an engine ten times this size.

mod form;
mod published;
mod walk;

pub(super) use form::Form;
pub(super) use published::published;
pub(super) use walk::{judge, walk};

/// The fields of a JSON object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) fields: &'static [Field],
    pub(super) choice: Choice,
    /// Whether fields beyond these are refused. A standard's own objects stay open: they are extensible.
    pub(super) closed: bool,
}

/// One field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) mandatory: bool,
    pub(super) holds: Type,
}

/// Which of several optional fields are needed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice {
    /// No such condition.
    Free,
    /// JSON Schema's `oneOf`: exactly one of them is there and good; a bad one counts as absent.
    OneOf(&'static [&'static str]),
    /// JSON Schema's `anyOf`: at least one of them is there and good; a bad one beside it is no breach.
    AnyOf(&'static [&'static str]),
    /// At least one of them is there, and all that are there are good: for our own schemas.
    Some(&'static [&'static str]),
}

impl Choice {
    /// The fields among which there is a choice.
    pub(super) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::OneOf(names) | Self::AnyOf(names) | Self::Some(names) => names,
            Self::Free => &[],
        }
    }

    /// The fields that are judged together, as alternatives.
    const fn alternatives(self) -> &'static [&'static str] {
        match self {
            Self::OneOf(names) | Self::AnyOf(names) => names,
            Self::Free | Self::Some(_) => &[],
        }
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Bool,
    Text(Text),
    /// A whole number within both bounds.
    Integer(i64, i64),
    /// A number within both bounds.
    Number(f64, f64),
    /// A number above zero.
    Positive,
    Object(&'static Object),
    Texts(Text, Count),
    List(&'static Object, Count),
}

/// What a string may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    pub(super) form: Form,
    /// Least length in characters.
    pub(super) min: usize,
    /// Greatest length in characters.
    pub(super) max: usize,
}

/// How many elements a list may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    pub(super) min: usize,
    pub(super) max: usize,
}

/// The size cap of a body is the only limit.
pub(super) const NO_LIMIT: usize = usize::MAX;
/// DCSA counts are 32-bit.
pub(super) const INT32_MAX: i64 = i32::MAX as i64;
pub(super) const INT32_MIN: i64 = i32::MIN as i64;

pub(super) const BOOL: Type = Type::Bool;
pub(super) const ANY_NUMBER: Type = Type::Number(f64::MIN, f64::MAX);
pub(super) const NOT_NEGATIVE: Type = Type::Number(0.0, f64::MAX);
pub(super) const PERCENTAGE: Type = Type::Number(0.0, 100.0);
pub(super) const POSITIVE: Type = Type::Positive;

pub(super) const DATE: Text = Text { form: Form::Date, min: 10, max: 10 };
pub(super) const DATE_TIME: Text = Text { form: Form::DateTime, min: 20, max: 64 };
pub(super) const COUNTRY: Text = Text { form: Form::Country, min: 2, max: 2 };
pub(super) const CURRENCY: Text = Text { form: Form::Currency, min: 3, max: 3 };
pub(super) const PACKAGE: Text = Text { form: Form::Package, min: 2, max: 2 };
pub(super) const UNIT: Text = Text { form: Form::Unit, min: 2, max: 3 };
pub(super) const LOCODE: Text = Text { form: Form::Locode, min: 5, max: 5 };

/// Any text.
pub(super) const fn text(max: usize) -> Text {
    Text { form: Form::Any, min: 0, max }
}

/// Text of one line that neither begins nor ends with a blank.
pub(super) const fn trimmed(max: usize) -> Text {
    Text { form: Form::Trimmed, min: 1, max }
}

/// Text without blanks.
pub(super) const fn unbroken(max: usize) -> Text {
    Text { form: Form::Unbroken, min: 1, max }
}

pub(super) const fn email(max: usize) -> Text {
    Text { form: Form::Email, min: 3, max }
}

pub(super) const fn digits(min: usize, max: usize) -> Text {
    Text { form: Form::Digits, min, max }
}

/// A tariff code of the Harmonized System, so many digits of it.
pub(super) const fn tariff(min: usize, max: usize) -> Text {
    Text { form: Form::Tariff, min, max }
}

/// Capitals and digits.
pub(super) const fn code(min: usize, max: usize) -> Text {
    Text { form: Form::Code, min, max }
}

pub(super) const fn one_of(values: &'static [&'static str]) -> Text {
    Text { form: Form::OneOf(values), min: 0, max: NO_LIMIT }
}

pub(super) const fn must(name: &'static str, holds: Type) -> Field {
    Field { name, mandatory: true, holds }
}

pub(super) const fn may(name: &'static str, holds: Type) -> Field {
    Field { name, mandatory: false, holds }
}

/// A mandatory string.
pub(super) const fn must_text(name: &'static str, text: Text) -> Field {
    must(name, Type::Text(text))
}

/// An optional string.
pub(super) const fn may_text(name: &'static str, text: Text) -> Field {
    may(name, Type::Text(text))
}

pub(super) const fn integer(min: i64, max: i64) -> Type {
    Type::Integer(min, max)
}

pub(super) const fn object(fields: &'static Object) -> Type {
    Type::Object(fields)
}

pub(super) const fn texts(each: Text, min: usize, max: usize) -> Type {
    Type::Texts(each, Count { min, max })
}

pub(super) const fn list(each: &'static Object, min: usize, max: usize) -> Type {
    Type::List(each, Count { min, max })
}

/// An object that may have further fields.
pub(super) const fn open(fields: &'static [Field]) -> Object {
    Object { fields, choice: Choice::Free, closed: false }
}

/// An object with these fields and no others.
pub(super) const fn closed(fields: &'static [Field]) -> Object {
    Object { fields, choice: Choice::Free, closed: true }
}

impl Object {
    /// This object, with exactly one of `fields` present and good.
    pub(super) const fn with_one_of(mut self, fields: &'static [&'static str]) -> Self {
        self.choice = Choice::OneOf(fields);
        self
    }

    /// This object, with at least one of `fields` present, and all that are present good.
    pub(super) const fn with_some_of(mut self, fields: &'static [&'static str]) -> Self {
        self.choice = Choice::Some(fields);
        self
    }

    /// This object, with at least one of `fields` present and good.
    pub(super) const fn with_any_of(mut self, fields: &'static [&'static str]) -> Self {
        self.choice = Choice::AnyOf(fields);
        self
    }
}
