//! Rules of origin practice that a Form E can be held to by itself. An officer may accept a certificate
//! with a minor fault, so they warn; what contradicts itself refuses.

use super::{FormE, Item, Ticks};
use crate::doc::codelist;
use crate::doc::date::Date;
use crate::doc::finding::{Findings, Rule, Severity};

const fn rule(code: &'static str, severity: Severity, source: &'static str, says: &'static str) -> Rule {
    Rule { code, severity, source, says }
}

const INVOICER: Rule = rule(
    "C2",
    Severity::Warn,
    "Form E, boxes 7 and 13 (as ATIGA Annex 8 has it)",
    "third-party invoicing is ticked exactly when the invoicer is named",
);
const MOVEMENT: Rule = rule(
    "C3",
    Severity::Warn,
    "Form E, box 13 (as ATIGA Annex 8 has it)",
    "a movement certificate names the original certificate, and no other does",
);
const TOO_LATE: Rule = rule(
    "C6",
    Severity::Warn,
    "ATIGA Annex 8 rule 10, RCEP article 3.17.8; ACFTA by practice",
    "a certificate is issued within a year of shipment",
);
const RETROACTIVE: Rule = rule(
    "C7",
    Severity::Warn,
    "Form E, box 13; three days of grace by customs practice",
    "a certificate issued more than three days after shipment is ticked as issued retroactively, and no other is",
);
const EXHIBITION: Rule = rule(
    "C8",
    Severity::Warn,
    "Form E, boxes 2 and 13 (as ATIGA Annex 8 has it)",
    "exhibition is ticked exactly when the exhibition is named",
);
const FOB: Rule = rule(
    "C11",
    Severity::Warn,
    "Form E as revised in 2019, box 9",
    "the FOB value is stated exactly when regional value content is the criterion",
);
const HS: Rule = rule(
    "C12",
    Severity::Warn,
    "Harmonized System",
    "the HS code belongs to a chapter of the Harmonized System (01 to 97 without 77)",
);
const MANY: Rule = rule("C21", Severity::Warn, "Singapore Customs", "one certificate covers at most 50 items");
const PERCENT: Rule =
    rule("E1", Severity::Refuse, "Form E, box 8", "RVC is stated with its percentage, and no other criterion is");
const THRESHOLD: Rule =
    rule("E2", Severity::Warn, "ACFTA rules of origin, general rule", "regional value content is at least 40 per cent");
const NUMBERING: Rule = rule("E3", Severity::Warn, "Form E, box 5", "items are numbered 1, 2, 3 in order");
const ISSUER: Rule = rule(
    "E4",
    Severity::Warn,
    "Form E, boxes 11 and 12",
    "the country of production issues the certificate, unless it is a movement certificate",
);
const SAME_COUNTRY: Rule =
    rule("E5", Severity::Warn, "Form E, box 11", "preference is asked in another country than the issuing one");
const ORDER: Rule =
    rule("E6", Severity::Warn, "Form E, boxes 11 and 12", "the exporter declares before the authority certifies");
const OFFICIAL_USE: Rule = rule(
    "E7",
    Severity::Info,
    "Form E, box 4",
    "box 4 is the importing authority's; on the ledger its answer is a statement of its own",
);

/// The rules with their severities. C1, C19 and C20 speak of goods and procedure, C4, C5 and C13 to C18
/// need other documents or registers, C9 and C10 are not of this form, C22 exempts.
pub const RULES: &[Rule] = &[
    INVOICER,
    MOVEMENT,
    TOO_LATE,
    RETROACTIVE,
    EXHIBITION,
    FOB,
    HS,
    MANY,
    PERCENT,
    THRESHOLD,
    NUMBERING,
    ISSUER,
    SAME_COUNTRY,
    ORDER,
    OFFICIAL_USE,
    codelist::ABSENT,
    codelist::COUNTRY,
    codelist::CURRENCY,
    codelist::PACKAGE,
    codelist::UNIT,
    codelist::SUBHEADING,
    codelist::LOCODE,
];

/// Days after shipment within which the tick is not needed.
const GRACE_DAYS: i64 = 3;
/// Items on one certificate.
const ITEMS: usize = 50;
/// Per cent.
const RVC_THRESHOLD: u64 = 40;

pub(super) fn apply(form: &FormE<'_>, findings: &mut Findings) {
    ticks(form, findings);
    dates(form, findings);
    countries(form, findings);
    if form.items.len() > ITEMS {
        findings.breach(&MANY, "$.items", format!("{} items", form.items.len()));
    }
    for (i, each) in form.items.iter().enumerate() {
        item(i, each, findings);
    }
    if form.box4_official_use.is_some() {
        findings.breach(&OFFICIAL_USE, "$.box4OfficialUse", OFFICIAL_USE.says);
    }
}

/// C2, C3, C8: a tick and what it announces stand together.
fn ticks(form: &FormE<'_>, findings: &mut Findings) {
    let Ticks { exhibition, movement_certificate, third_party_invoicing, .. } = form.box13_ticks;
    let pairs = [
        (&INVOICER, third_party_invoicing, form.box7_third_party_invoicer.is_some(), "$.box7ThirdPartyInvoicer"),
        (&MOVEMENT, movement_certificate, form.box13_original.is_some(), "$.box13Original"),
        (&EXHIBITION, exhibition, form.box2_exhibition.is_some(), "$.box2Exhibition"),
    ];
    for (rule, ticked, present, path) in pairs {
        match (ticked, present) {
            (true, false) => findings.breach(rule, path, "box 13 is ticked, but this is missing"),
            (false, true) => findings.breach(rule, path, "this is given, but box 13 is not ticked"),
            _ => {}
        }
    }
}

/// C6, C7, E6.
fn dates(form: &FormE<'_>, findings: &mut Findings) {
    let Some(issued) = Date::parse(form.box12_certification.date) else { return };
    if let Some(declared) = Date::parse(form.box11_exporter_declaration.date).filter(|declared| *declared > issued) {
        let days = declared.number() - issued.number();
        findings.breach(&ORDER, "$.box11ExporterDeclaration.date", format!("{days} days after the certification"));
    }
    let Some(shipped) = form.box3_transport.departure_date.and_then(Date::parse) else { return };
    if issued > shipped.next_year() {
        findings.breach(&TOO_LATE, "$.box12Certification.date", "issued more than a year after shipment");
    }
    let days = issued.number() - shipped.number();
    let detail = match form.box13_ticks.issued_retroactively {
        false if days > GRACE_DAYS => format!("issued {days} days after shipment, but not ticked"),
        true if days <= 0 => "ticked, but issued before or on the day of shipment".to_owned(),
        _ => return,
    };
    findings.breach(&RETROACTIVE, "$.box13Ticks.issuedRetroactively", detail);
}

/// E4, E5.
fn countries(form: &FormE<'_>, findings: &mut Findings) {
    let declared = &form.box11_exporter_declaration;
    if declared.produced_in != form.issuing_country && !form.box13_ticks.movement_certificate {
        let detail = format!("produced in {}, certified by {}", declared.produced_in, form.issuing_country);
        findings.breach(&ISSUER, "$.box11ExporterDeclaration.producedIn", detail);
    }
    if declared.importing_country == form.issuing_country {
        let detail = format!("issued in {} for import into the same", form.issuing_country);
        findings.breach(&SAME_COUNTRY, "$.box11ExporterDeclaration.importingCountry", detail);
    }
}

/// C11, C12, E1, E2, E3 for one line of goods.
fn item(i: usize, item: &Item<'_>, findings: &mut Findings) {
    let path = |field: &str| format!("$.items[{i}].{field}");
    if item.box5_item_number != i as u64 + 1 {
        let detail = format!("{} stands in place {}", item.box5_item_number, i + 1);
        findings.breach(&NUMBERING, path("box5ItemNumber"), detail);
    }
    if !codelist::is_in_a_chapter(item.box7_hs_code) {
        findings.breach(&HS, path("box7HsCode"), format!("`{}` is in no chapter", item.box7_hs_code));
    }
    let criterion = &item.box8_origin_criterion;
    let by_value = criterion.code == "RVC";
    match (by_value, criterion.percent) {
        (true, None) => findings.breach(&PERCENT, path("box8OriginCriterion.percent"), "RVC lacks its percentage"),
        (false, Some(_)) => {
            let detail = format!("{} is not stated with a percentage", criterion.code);
            findings.breach(&PERCENT, path("box8OriginCriterion.percent"), detail);
        }
        (true, Some(percent)) if percent < RVC_THRESHOLD => {
            let detail = format!("{percent} per cent, {RVC_THRESHOLD} are needed");
            findings.breach(&THRESHOLD, path("box8OriginCriterion.percent"), detail);
        }
        _ => {}
    }
    match (by_value, item.box9_fob.is_some()) {
        (true, false) => findings.breach(&FOB, path("box9Fob"), "RVC is the criterion, but the FOB value is missing"),
        (false, true) => {
            findings.breach(&FOB, path("box9Fob"), format!("not needed where {} is the criterion", criterion.code));
        }
        _ => {}
    }
}
