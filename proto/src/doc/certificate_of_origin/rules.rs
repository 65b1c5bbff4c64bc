//! Rules of origin practice that a certificate can be held to by itself. An officer may accept a certificate
//! with a minor fault (C18), so they warn; what contradicts itself, or would make an account say something
//! false, refuses.
//!
//! Not here: C1 and C9 speak of the goods (the schema asks for a criterion on each line), C4 sets the expiry
//! claimed, C5 is the ledger's account, C13 to C15 are acts on the ledger, C16 and C17 need registers of
//! signatures and exporters, C19 is the officer's way of deciding item by item, C20 needs the bill of lading
//! (the cross-check).

mod goods;

use super::{Certificate, CertificateForm, Ticks, policy};
use crate::doc::codelist;
use crate::doc::date::Date;
use crate::doc::finding::{Findings, Rule, Severity};
use crate::doc::names;

const fn rule(code: &'static str, severity: Severity, source: &'static str, says: &'static str) -> Rule {
    Rule { code, severity, source, says }
}

const INVOICER: Rule = rule(
    "C2",
    Severity::Warn,
    "ATIGA Annex 8, RCEP certificate box 14; ACFTA by the form",
    "third-party invoicing is ticked exactly when the invoicer is named",
);
const MOVEMENT: Rule = rule(
    "C3",
    Severity::Warn,
    "ATIGA Annex 8, RCEP article 3.19; ACFTA by the form",
    "a back-to-back (movement) certificate names the original certificate, and no other does",
);
const EXPIRED_ORIGINAL: Rule = rule(
    "C4",
    Severity::Warn,
    "ATIGA Annex 8 rule 11, RCEP article 3.19",
    "a back-to-back certificate is issued while the original is valid",
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
    "ATIGA Annex 8 rule 10, RCEP article 3.17.8; ACFTA by practice of customs, three days of grace",
    "a certificate issued after shipment and the days of grace is ticked as issued retroactively, and no other is",
);
const EXHIBITION: Rule = rule(
    "C8",
    Severity::Warn,
    "ATIGA Annex 8; ACFTA by the form, boxes 2 and 13",
    "exhibition is ticked exactly when the exhibition is named",
);
const PARTIAL: Rule = rule(
    "C10",
    Severity::Warn,
    "ATIGA Annex 6",
    "partial cumulation is ticked exactly when a criterion is PC, of 20 to 39 per cent",
);
const MANY: Rule = rule("C21", Severity::Warn, "Singapore Customs", "one certificate covers at most 50 items");
const ISSUER: Rule = rule(
    "E4",
    Severity::Warn,
    "Declaration and certification of the form",
    "the country of production issues the certificate, unless it is a back-to-back certificate",
);
const SAME_COUNTRY: Rule = rule(
    "E5",
    Severity::Warn,
    "Declaration of the form",
    "preference is asked in another country than the issuing one",
);
const ORDER: Rule = rule(
    "E6",
    Severity::Warn,
    "Declaration and certification of the form",
    "the exporter declares before the authority certifies",
);
const OFFICIAL_USE: Rule = rule(
    "E7",
    Severity::Info,
    "Box for official use",
    "the box is the importing authority's; on the ledger its answer is a statement of its own",
);
const IN_FORCE: Rule = rule(
    "E11",
    Severity::Warn,
    "Treaties as of 2026-11",
    "the agreement is in force for the issuing and the importing country on the day of issue",
);

/// The rules with their severities.
pub const RULES: &[Rule] = &[
    INVOICER,
    MOVEMENT,
    EXPIRED_ORIGINAL,
    TOO_LATE,
    RETROACTIVE,
    EXHIBITION,
    PARTIAL,
    goods::FOB,
    goods::HS,
    MANY,
    goods::EXEMPT,
    goods::PERCENT,
    goods::THRESHOLD,
    goods::NUMBERING,
    ISSUER,
    SAME_COUNTRY,
    ORDER,
    OFFICIAL_USE,
    goods::TWICE,
    goods::UNITS,
    goods::DIGITS,
    IN_FORCE,
    goods::EDITION,
    goods::DE_MINIMIS,
    names::NFC,
    names::HIDDEN,
    names::MIXED,
    codelist::ABSENT,
    codelist::COUNTRY,
    codelist::CURRENCY,
    codelist::PACKAGE,
    codelist::UNIT,
    codelist::SUBHEADING,
    codelist::LOCODE,
];

/// Items on one certificate.
const ITEMS: usize = 50;

pub(super) fn apply(certificate: &Certificate<'_>, findings: &mut Findings) {
    parties(certificate, findings);
    ticks(certificate, findings);
    dates(certificate, findings);
    countries(certificate, findings);
    if certificate.items.len() > ITEMS {
        findings.breach(&MANY, "$.items", format!("{} items", certificate.items.len()));
    }
    goods::apply(certificate, findings);
    if certificate.official_use.is_some() {
        findings.breach(&OFFICIAL_USE, format!("$.{}", certificate.form.boxes().official_use), OFFICIAL_USE.says);
    }
}

/// N1 to N3: the names are what they look like.
fn parties(certificate: &Certificate<'_>, findings: &mut Findings) {
    let boxes = certificate.form.boxes();
    let named = [
        (boxes.exporter, Some(certificate.exporter.name)),
        (boxes.consignee, Some(certificate.consignee.name)),
        (boxes.producer, certificate.producer.map(|party| party.name)),
        (boxes.exhibition, certificate.exhibition.map(|party| party.name)),
        (boxes.invoicer, certificate.invoicer.map(|party| party.name)),
    ];
    for (at, name) in named.into_iter().filter_map(|(at, name)| Some((at, name?))) {
        names::check(name, || format!("$.{at}.name"), findings);
    }
    names::check(certificate.certification.authority, || format!("$.{}.authority", boxes.certification), findings);
}

/// C2, C3, C8, C10: a tick and what it announces stand together.
fn ticks(certificate: &Certificate<'_>, findings: &mut Findings) {
    let Ticks { exhibition, back_to_back, third_party_invoicing, partial_cumulation, .. } = certificate.ticks;
    let boxes = certificate.form.boxes();
    let originals = if boxes.original.is_empty() { boxes.originals } else { boxes.original };
    let pairs = [
        (&INVOICER, third_party_invoicing, certificate.invoicer.is_some(), boxes.invoicer),
        (&MOVEMENT, back_to_back, !certificate.originals.is_empty(), originals),
        (&EXHIBITION, exhibition, certificate.exhibition.is_some(), boxes.exhibition),
    ];
    for (rule, ticked, present, field) in pairs {
        match (ticked, present) {
            (true, false) => findings.breach(rule, format!("$.{field}"), "the box is ticked, but this is missing"),
            (false, true) => findings.breach(rule, format!("$.{field}"), "this is given, but its box is not ticked"),
            _ => {}
        }
    }
    let partial = certificate.items.iter().filter_map(|item| item.criterion.as_ref()).any(|by| by.code == "PC");
    if partial != partial_cumulation {
        let detail = if partial { "an item is PC, but the box is not ticked" } else { "ticked, but no item is PC" };
        findings.breach(&PARTIAL, format!("$.{}.partialCumulation", boxes.ticks), detail);
    }
}

/// C4, C6, C7, E6.
fn dates(certificate: &Certificate<'_>, findings: &mut Findings) {
    let boxes = certificate.form.boxes();
    let Some(issued) = Date::parse(certificate.certification.date) else { return };
    let certified = format!("$.{}.date", boxes.certification);
    if let Some(declared) = Date::parse(certificate.declaration.date).filter(|declared| *declared > issued) {
        let days = declared.number() - issued.number();
        findings.breach(
            &ORDER,
            format!("$.{}.date", boxes.declaration),
            format!("{days} days after the certification"),
        );
    }
    for original in &certificate.originals {
        if Date::parse(original.date).is_some_and(|original| issued > original.next_year()) {
            let detail = format!("`{}` expired a year after {}", original.reference_number, original.date);
            findings.breach(&EXPIRED_ORIGINAL, certified.clone(), detail);
        }
    }
    let Some(shipped) = certificate.transport.departure_date.and_then(Date::parse) else { return };
    let Some(grace) = policy::grace_days(certificate.form) else { return };
    if issued > shipped.next_year() {
        findings.breach(&TOO_LATE, certified, "issued more than a year after shipment");
    }
    let days = issued.number() - shipped.number();
    let detail = match certificate.ticks.issued_retroactively {
        false if days > grace => {
            format!("issued {days} days after shipment, but not ticked")
        }
        true if days <= 0 => "ticked, but issued before or on the day of shipment".to_owned(),
        _ => return,
    };
    findings.breach(&RETROACTIVE, format!("$.{}.issuedRetroactively", boxes.ticks), detail);
}

/// E4, E5, E11.
fn countries(certificate: &Certificate<'_>, findings: &mut Findings) {
    let (boxes, issuing) = (certificate.form.boxes(), certificate.issuing_country);
    if certificate.form == CertificateForm::NonPreferential {
        return;
    }
    let importing_path = format!("$.{}.importingCountry", boxes.declaration);
    let produced_in = certificate.declaration.produced_in;
    if produced_in != issuing && !certificate.ticks.back_to_back {
        let detail = format!("produced in {produced_in}, certified by {issuing}");
        findings.breach(&ISSUER, format!("$.{}.producedIn", boxes.declaration), detail);
    }
    if certificate.importing_country == issuing {
        findings.breach(&SAME_COUNTRY, importing_path.clone(), format!("issued in {issuing} for import into the same"));
    }
    let parties = policy::parties(certificate.form);
    for (country, path) in [(issuing, "$.issuingCountry".to_owned()), (certificate.importing_country, importing_path)] {
        let since = parties.iter().find(|party| party.country == country.as_str()).and_then(|party| party.since);
        let detail = match since {
            // Dates of one form sort as text does.
            Some(since) if since <= certificate.certification.date => continue,
            Some(since) => {
                format!("in force for {country} since {since}, issued on {}", certificate.certification.date)
            }
            None => format!("it is not known since when the agreement is in force for {country}"),
        };
        findings.breach(&IN_FORCE, path, detail);
    }
}
