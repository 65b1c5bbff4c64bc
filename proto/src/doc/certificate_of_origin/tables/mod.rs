//! The forms as tables, box by box, and the parts that they have in common.

mod form_d;
mod form_e;
mod non_preferential;
mod rcep;

pub(super) use form_d::FORM_D;
pub(super) use form_e::FORM_E;
pub(super) use non_preferential::NON_PREFERENTIAL;
pub(super) use rcep::RCEP;

use crate::doc::schema::{
    BOOL, COUNTRY, CURRENCY, DATE, Form, LOCODE, Object, PACKAGE, Text, UNIT, closed, integer, may_text, must,
    must_text,
};

/// Digits of the largest quantity or amount, point and decimals included.
const DECIMAL: Text = Text { form: Form::Decimal, min: 1, max: 20 };
/// Packages that can be counted on one form.
const MANY: i64 = 99_999_999;
/// Item numbers; an account has 16 bits for them.
const ITEM_NUMBERS: i64 = 65_535;

/// One line of print.
const fn printed(max: usize) -> Text {
    Text { form: Form::Printed, min: 1, max }
}

static PARTY: Object =
    closed(&[must_text("name", printed(140)), must_text("address", printed(350)), must_text("country", COUNTRY)]);

static INVOICER: Object = closed(&[must_text("name", printed(140)), must_text("country", COUNTRY)]);

static TRANSPORT: Object = closed(&[
    may_text("departureDate", DATE),
    may_text("vessel", printed(50)),
    may_text("voyage", printed(50)),
    may_text("portOfLoading", LOCODE),
    may_text("portOfDischarge", LOCODE),
]);

static OFFICIAL_USE: Object = closed(&[must("preferenceGiven", BOOL), may_text("reason", printed(350))]);

static PACKAGES: Object =
    closed(&[must("count", integer(1, MANY)), must_text("kind", printed(50)), may_text("code", PACKAGE)]);

static QUANTITY: Object = closed(&[must_text("value", DECIMAL), must_text("unit", UNIT)]);

static MONEY: Object = closed(&[must_text("value", DECIMAL), must_text("currency", CURRENCY)]);

static INVOICE: Object = closed(&[must_text("number", printed(35)), must_text("date", DATE)]);

static CERTIFICATION: Object = closed(&[
    must_text("authority", printed(140)),
    must_text("place", printed(70)),
    must_text("date", DATE),
    may_text("officer", printed(70)),
]);
