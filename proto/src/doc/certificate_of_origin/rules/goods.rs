//! The rules for each line of goods.

use std::collections::BTreeSet;

use super::super::policy::{Edition, Fob, Percent, edition, exempt_usd};
use super::super::{Certificate, Criterion, Item};
use super::{PARTIAL, rule};
use crate::doc::Amount;
use crate::doc::codelist;
use crate::doc::finding::{Findings, Rule, Severity};

pub(super) const FOB: Rule = rule(
    "C11",
    Severity::Warn,
    "ATIGA Annex 7, RCEP box 12, Form E as revised in 2019",
    "the FOB value is stated exactly when the form's edition asks for it",
);
pub(super) const HS: Rule = rule(
    "C12",
    Severity::Warn,
    "Harmonized System",
    "the HS code belongs to a chapter of the Harmonized System (01 to 97 without 77)",
);
pub(super) const EXEMPT: Rule = rule(
    "C22",
    Severity::Info,
    "ATIGA Annex 8 rule 15, RCEP article 3.22.3",
    "goods of small value need no proof of origin",
);
pub(super) const PERCENT: Rule = rule(
    "E1",
    Severity::Refuse,
    "Origin criterion of the form's edition",
    "a criterion is stated with a percentage if it needs one, and without if it has none",
);
pub(super) const THRESHOLD: Rule = rule(
    "E2",
    Severity::Warn,
    "General rule of the scheme's edition; rules for single products may differ",
    "regional value content is at least 40 per cent",
);
pub(super) const NUMBERING: Rule =
    rule("E3", Severity::Warn, "Item number of the form", "items are numbered 1, 2, 3 in order");
pub(super) const TWICE: Rule =
    rule("E8", Severity::Refuse, "Sampan", "an item number stands on one line only, for its quantities are drawn down");
pub(super) const UNITS: Rule = rule(
    "E9",
    Severity::Refuse,
    "Sampan",
    "gross weight and quantity of a line are in two units, for an account has one amount of each",
);
pub(super) const DIGITS: Rule = rule(
    "E10",
    Severity::Refuse,
    "Sampan",
    "a quantity has at most 15 digits before the point, so that accounts are exact",
);
pub(super) const EDITION: Rule = rule(
    "E12",
    Severity::Warn,
    "Origin criteria by scheme and edition",
    "the criterion is one of the edition in use on the day of issue",
);
pub(super) const DE_MINIMIS: Rule = rule(
    "E13",
    Severity::Warn,
    "ATIGA Annex 8, RCEP article 3.7",
    "de minimis is said where a change of tariff classification is the criterion",
);

pub(super) fn apply(certificate: &Certificate<'_>, findings: &mut Findings) {
    let edition = edition(certificate.form, certificate.certification.date);
    let mut numbers = BTreeSet::new();
    for (i, item) in certificate.items.iter().enumerate() {
        let line = Line { certificate, edition, item, i };
        line.number(&mut numbers, findings);
        line.quantities(findings);
        if let Some(criterion) = &item.criterion {
            line.criterion(criterion, findings);
        }
        line.fob(findings);
    }
    exempt(certificate, findings);
}

/// C22: Info when every line has its FOB value in US dollars and they are little together.
fn exempt(certificate: &Certificate<'_>, findings: &mut Findings) {
    let Some(limit) = exempt_usd(certificate.form) else { return };
    let value = |item: &Item<'_>| {
        let fob = item.fob.filter(|fob| fob.currency == "USD")?;
        Amount::read(fob.value).ok()
    };
    let sum = certificate.items.iter().try_fold(Amount::ZERO, |sum, item| sum.plus(value(item)?));
    if let Some(sum) = sum.filter(|sum| *sum <= Amount::from(limit)) {
        findings.breach(&EXEMPT, "$.items", format!("USD {sum} FOB, up to {limit} are free"));
    }
}

struct Line<'a> {
    certificate: &'a Certificate<'a>,
    edition: &'static Edition,
    item: &'a Item<'a>,
    i: usize,
}

impl Line<'_> {
    fn path(&self, field: &str) -> String {
        format!("$.items[{}].{field}", self.i)
    }

    /// C12, E3, E8.
    fn number(&self, numbers: &mut BTreeSet<u16>, findings: &mut Findings) {
        let (item, boxes) = (self.item, self.certificate.form.boxes());
        let path = self.path(boxes.item_number);
        if !numbers.insert(item.number) {
            findings.breach(&TWICE, path, format!("{} stands on a line before", item.number));
        } else if usize::from(item.number) != self.i + 1 {
            findings.breach(&NUMBERING, path, format!("{} stands in place {}", item.number, self.i + 1));
        }
        if !codelist::is_in_a_chapter(item.hs_code) {
            findings.breach(&HS, self.path(boxes.hs_code), format!("`{}` is in no chapter", item.hs_code));
        }
    }

    /// E9, E10.
    fn quantities(&self, findings: &mut Findings) {
        let (item, boxes) = (self.item, self.certificate.form.boxes());
        for (field, quantity) in [(boxes.gross_weight, &item.gross_weight), (boxes.quantity, &item.quantity)] {
            let Some(quantity) = quantity else { continue };
            if Amount::read(quantity.value).is_err() {
                findings.breach(&DIGITS, self.path(&format!("{field}.value")), format!("`{}`", quantity.value));
            }
        }
        if let (Some(gross), Some(other)) = (&item.gross_weight, &item.quantity)
            && gross.unit == other.unit
        {
            let detail = format!("the gross weight is in {} as well", other.unit);
            findings.breach(&UNITS, self.path(&format!("{}.unit", boxes.quantity)), detail);
        }
    }

    /// C10, E1, E2, E12, E13.
    fn criterion(&self, criterion: &Criterion<'_>, findings: &mut Findings) {
        let field = self.certificate.form.boxes().criterion;
        let path = self.path(&format!("{field}.percent"));
        let Some(known) = self.edition.criteria.iter().find(|known| known.code == criterion.code) else {
            let detail = format!("{} is not a criterion of edition {}", criterion.code, self.edition.name);
            return findings.breach(&EDITION, self.path(&format!("{field}.code")), detail);
        };
        match (known.percent, criterion.percent) {
            (Percent::Needed, None) => findings.breach(&PERCENT, path, format!("{} lacks its percentage", known.code)),
            (Percent::Never, Some(_)) => {
                findings.breach(&PERCENT, path, format!("{} is not stated with a percentage", known.code));
            }
            (_, Some(percent)) if percent < known.least || percent > known.most => {
                let rule = if known.code == "PC" { &PARTIAL } else { &THRESHOLD };
                findings.breach(rule, path, format!("{percent} per cent, {} to {} are usual", known.least, known.most));
            }
            _ => {}
        }
        let classification = matches!(criterion.code, "CC" | "CTH" | "CTSH" | "CTC");
        if criterion.with.contains(&"DMI") && !classification {
            let detail = format!("DMI is said beside {}", criterion.code);
            findings.breach(&DE_MINIMIS, self.path(&format!("{field}.with")), detail);
        }
    }

    /// C11.
    fn fob(&self, findings: &mut Findings) {
        let item = self.item;
        let by_value = item.criterion.as_ref().is_some_and(|criterion| {
            criterion.code == "RVC" || (criterion.code != "PC" && criterion.percent.is_some())
        });
        let trading = [self.certificate.issuing_country, self.certificate.importing_country];
        let asked = match self.edition.fob {
            Fob::Free => return,
            Fob::Always => true,
            Fob::WithValueContent(among) => {
                by_value && (among.is_empty() || trading.iter().any(|country| among.contains(&country.as_str())))
            }
        };
        let path = self.path(self.certificate.form.boxes().fob);
        match (asked, item.fob.is_some()) {
            (true, false) => findings.breach(&FOB, path, format!("the FOB value is missing ({})", self.edition.source)),
            (false, true) => findings.breach(&FOB, path, format!("not needed here ({})", self.edition.source)),
            _ => {}
        }
    }
}
