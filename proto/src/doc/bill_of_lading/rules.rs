//! Rules of the trade beyond the schema. Real documents break many of them and are traded all the
//! same, so they warn; only what would make the ledger say something false refuses.

use super::weights::Weights;
use super::{ConsignmentItem, TransportDocument};
use crate::doc::BillType;
use crate::doc::codelist::{self, CodeLists, Verdict};
use crate::doc::date::Date;
use crate::doc::finding::{Findings, Rule, Severity};
use crate::doc::names;

const fn rule(code: &'static str, severity: Severity, source: &'static str, says: &'static str) -> Rule {
    Rule { code, severity, source, says }
}

const STATUS: Rule = rule(
    "L0",
    Severity::Warn,
    "DCSA eBL 3.0.4, transportDocumentStatus",
    "the status inside the document is information; the ledger's status decides",
);
const WAYBILL: Rule =
    rule("L1", Severity::Refuse, "DCSA eBL 3.0.4, isToOrder", "a sea waybill cannot be made out to order");
const ON_BOARD: Rule = rule(
    "L2",
    Severity::Warn,
    "DCSA eBL 3.0.4, shippedOnBoardDate and receivedForShipmentDate",
    "an issued document has exactly one of the two dates, the one that its type asks for",
);
const ORIGINALS: Rule = rule(
    "L3",
    Severity::Warn,
    "DCSA eBL 3.0.4, numberOfOriginalsWithCharges and numberOfOriginalsWithoutCharges",
    "an electronic bill has at most one original, a sea waybill none",
);
const CURRENCY: Rule = rule(
    "L4",
    Severity::Warn,
    "DCSA eBL 3.0.4, declaredValueCurrency",
    "a declared value has a currency, and a currency a declared value",
);
const ENDORSEE: Rule =
    rule("L5", Severity::Warn, "DCSA eBL 3.0.4, endorsee", "only a document to order has an endorsee");
const NOTIFY: Rule = rule(
    "L6",
    Severity::Warn,
    "DCSA eBL 3.0.4, notifyParties",
    "a document to order names a notify party, unless consignee or endorsee is one",
);
const EQUIPMENT: Rule = rule(
    "L7",
    Severity::Warn,
    "DCSA eBL 3.0.4, cargoItems.equipmentReference",
    "the container of every cargo item is among the containers listed",
);
const HS: Rule = rule(
    "L8",
    Severity::Warn,
    "DCSA eBL 3.0.4, HSCodes; Harmonized System",
    "an HS code has six digits or more (fewer break the schema) and belongs to a chapter, 01 to 97 without 77",
);
const VAGUE: Rule =
    rule("L9", Severity::Warn, "DCSA eBL 3.0.4, descriptionOfGoods", "goods are described well enough for customs");
const ISSUE_DATE: Rule =
    rule("L10", Severity::Warn, "DCSA eBL 3.0.4, issueDate", "an issued document has an issue date");
const CHECK_DIGIT: Rule =
    rule("L11", Severity::Warn, "ISO 6346", "a container number of ISO 6346 form has the right check digit");
const ANTEDATED: Rule = rule(
    "L13",
    Severity::Warn,
    "Sampan; UCP 600 article 20(a)(ii)",
    "goods are on board by the day of issue, give or take a day for time zones",
);
const NET: Rule = rule("L14", Severity::Warn, "Sampan", "goods weigh no more without packaging than with it");
pub(super) const WEIGHT: Rule = rule(
    "L17",
    Severity::Refuse,
    "Sampan",
    "a weight has at most 15 digits before the point and 9 after it, so that accounts are exact",
);

/// The rules with their severities. L12, L15 and L16 need lists from outside, K1 to K4 lists that are
/// compiled in.
pub const RULES: &[Rule] = &[
    STATUS,
    WAYBILL,
    ON_BOARD,
    ORIGINALS,
    CURRENCY,
    ENDORSEE,
    NOTIFY,
    EQUIPMENT,
    HS,
    VAGUE,
    ISSUE_DATE,
    CHECK_DIGIT,
    codelist::LOCODE,
    ANTEDATED,
    NET,
    codelist::LINER,
    codelist::BOUND,
    WEIGHT,
    names::NFC,
    names::HIDDEN,
    names::MIXED,
    codelist::ABSENT,
    codelist::COUNTRY,
    codelist::CURRENCY,
    codelist::PACKAGE,
    codelist::SUBHEADING,
];

/// Days by which the on-board date may lie after the date of issue.
const ON_BOARD_TOLERANCE_DAYS: i64 = 1;

pub(super) fn apply(document: &TransportDocument<'_>, weights: &[Vec<Weights>], findings: &mut Findings) {
    title(document, findings);
    dates(document, findings);
    value(document, findings);
    named(document, findings);
    parties(document, findings);
    for (i, (item, weights)) in document.consignment_items.iter().zip(weights).enumerate() {
        goods(document, i, item, findings);
        tariff(i, item, findings);
        net(i, weights, findings);
    }
    containers(document, findings);
}

/// L0, L1, L3: what sort of document it is.
fn title(document: &TransportDocument<'_>, findings: &mut Findings) {
    let status = document.transport_document_status;
    if status != "ISSUED" {
        let detail = format!("the document says {status}; the ledger's status decides");
        findings.breach(&STATUS, "$.transportDocumentStatus", detail);
    }
    let waybill = document.transport_document_type_code == BillType::Swb;
    if waybill && document.is_to_order {
        findings.breach(&WAYBILL, "$.isToOrder", WAYBILL.says);
    }
    let counts = [
        ("$.numberOfOriginalsWithCharges", document.number_of_originals_with_charges.unwrap_or(0)),
        ("$.numberOfOriginalsWithoutCharges", document.number_of_originals_without_charges.unwrap_or(0)),
    ];
    let sum: u64 = counts.iter().map(|(_, count)| count).sum();
    let most = u64::from(!waybill);
    if (waybill || document.is_electronic) && sum > most {
        let path = counts.iter().max_by_key(|(_, count)| *count).map_or("$", |(path, _)| path);
        findings.breach(&ORIGINALS, path, format!("{sum} originals, at most {most} possible"));
    }
}

/// L2, L10, L13.
fn dates(document: &TransportDocument<'_>, findings: &mut Findings) {
    if matches!(document.transport_document_status, "DRAFT" | "APPROVED") {
        return;
    }
    let (shipped, received) = (document.shipped_on_board_date, document.received_for_shipment_date);
    let wanted = if document.is_shipped_on_board_type { shipped } else { received };
    let (path, other) = if document.is_shipped_on_board_type {
        ("$.shippedOnBoardDate", "receivedForShipmentDate")
    } else {
        ("$.receivedForShipmentDate", "shippedOnBoardDate")
    };
    if wanted.is_none() {
        findings.breach(&ON_BOARD, path, "the document's type asks for this date");
    }
    if shipped.is_some() && received.is_some() {
        findings.breach(&ON_BOARD, format!("$.{other}"), "the document's type excludes this date");
    }
    if document.issue_date.is_none() {
        findings.breach(&ISSUE_DATE, "$.issueDate", "the date of issue is missing");
    }
    if let (Some(on_board), Some(issued)) = (shipped.and_then(Date::parse), document.issue_date.and_then(Date::parse)) {
        let days = on_board.number() - issued.number();
        if days > ON_BOARD_TOLERANCE_DAYS {
            let detail = format!("on board {days} days after the date of issue");
            findings.breach(&ANTEDATED, "$.shippedOnBoardDate", detail);
        }
    }
}

/// L4.
fn value(document: &TransportDocument<'_>, findings: &mut Findings) {
    match (&document.declared_value, document.declared_value_currency) {
        (Some(_), None) => findings.breach(&CURRENCY, "$.declaredValueCurrency", "the declared value has no currency"),
        (None, Some(_)) => findings.breach(&CURRENCY, "$.declaredValue", "a currency without a declared value"),
        _ => {}
    }
}

/// N1 to N3: the names are what they look like.
fn named(document: &TransportDocument<'_>, findings: &mut Findings) {
    let parties = &document.document_parties;
    let single = [
        ("shipper", Some(&parties.shipper)),
        ("onBehalfOfShipper", parties.on_behalf_of_shipper.as_ref()),
        ("consignee", parties.consignee.as_ref()),
        ("onBehalfOfConsignee", parties.on_behalf_of_consignee.as_ref()),
        ("endorsee", parties.endorsee.as_ref()),
        ("issuingParty", Some(&parties.issuing_party)),
        ("carriersAgentAtDestination", parties.carriers_agent_at_destination.as_ref()),
    ];
    for (at, party) in single.into_iter().filter_map(|(at, party)| Some((at, party?))) {
        names::check(party.party_name, || format!("$.documentParties.{at}.partyName"), findings);
    }
    for (i, party) in parties.notify_parties.iter().enumerate() {
        names::check(party.party_name, || format!("$.documentParties.notifyParties[{i}].partyName"), findings);
    }
    for (i, other) in parties.other.iter().enumerate() {
        names::check(other.party.party_name, || format!("$.documentParties.other[{i}].party.partyName"), findings);
    }
}

/// L5, L6.
fn parties(document: &TransportDocument<'_>, findings: &mut Findings) {
    let parties = &document.document_parties;
    if parties.endorsee.is_some() && !document.is_to_order {
        findings.breach(&ENDORSEE, "$.documentParties.endorsee", ENDORSEE.says);
    }
    let told = [&parties.consignee, &parties.endorsee].into_iter().flatten().any(|party| party.is_notify_party);
    if document.is_to_order && parties.notify_parties.is_empty() && !told {
        findings.breach(&NOTIFY, "$.documentParties.notifyParties", "nobody is named who is told of the arrival");
    }
}

/// L7, L9 for one consignment item.
fn goods(document: &TransportDocument<'_>, i: usize, item: &ConsignmentItem<'_>, findings: &mut Findings) {
    let path = format!("$.consignmentItems[{i}]");
    if let Some(phrase) = vague(&item.description_of_goods) {
        let detail = format!("`{phrase}` tells customs nothing about the goods");
        findings.breach(&VAGUE, format!("{path}.descriptionOfGoods"), detail);
    }
    for (j, cargo) in item.cargo_items.iter().enumerate() {
        let path = format!("{path}.cargoItems[{j}]");
        let listed = |container: &&str| *container == cargo.equipment_reference;
        if !document.utilized_transport_equipments.iter().any(|used| listed(&used.equipment.equipment_reference)) {
            let detail = format!("container `{}` is not listed", cargo.equipment_reference);
            findings.breach(&EQUIPMENT, format!("{path}.equipmentReference"), detail);
        }
    }
}

/// L8 for one consignment item.
fn tariff(i: usize, item: &ConsignmentItem<'_>, findings: &mut Findings) {
    for (name, codes) in [("HSCodes", &item.hs_codes), ("extendedHSCodes", &item.extended_hs_codes)] {
        for (j, code) in codes.iter().enumerate().filter(|(_, code)| !codelist::is_in_a_chapter(code)) {
            findings.breach(&HS, format!("$.consignmentItems[{i}].{name}[{j}]"), format!("`{code}` is in no chapter"));
        }
    }
}

/// L14 for one consignment item.
fn net(i: usize, weights: &[Weights], findings: &mut Findings) {
    for (j, Weights { gross, net }) in weights.iter().enumerate() {
        let Some(net) = net else { continue };
        // A millionth of slack between two units: one of the two was rounded. About 130 bits would not
        // fit, so the divisor stands on the other side.
        let slack = if net.unit == gross.unit { 0 } else { gross.comparable() / 1_000_000 };
        if net.comparable() > gross.comparable() + slack {
            let unit = |weight: &super::weights::Weight| format!("{} {}", weight.value, weight.unit.as_str());
            let path = format!("$.consignmentItems[{i}].cargoItems[{j}].cargoNetWeight");
            findings.breach(&NET, path, format!("{} net, but {} gross", unit(net), unit(gross)));
        }
    }
}

/// L15, L16: who the carrier is, by lists from outside.
pub(super) fn carrier(document: &TransportDocument<'_>, lists: &CodeLists, findings: &mut Findings) {
    let (provider, code) = (document.carrier_code_list_provider, document.carrier_code);
    let absent = |what: &str| format!("no {what} was given: `{code}` is not checked");
    let path = "$.carrierCode";
    match lists.carrier(provider, code) {
        Verdict::Listed => {}
        Verdict::Unlisted(rule, detail) => findings.breach(&rule, path, detail),
        Verdict::NotCovered(detail) => findings.breach(&codelist::LINER, path, detail),
        Verdict::NoList => findings.breach(&codelist::ABSENT, path, absent(&format!("list of {provider} codes"))),
    }
    match lists.speaker(provider, code) {
        Verdict::Listed => {}
        Verdict::Unlisted(rule, detail) => findings.breach(&rule, path, detail),
        Verdict::NotCovered(_) | Verdict::NoList => {
            findings.breach(&codelist::ABSENT, path, absent("list of the issuer's carriers"));
        }
    }
}

/// The first phrase in the description that could stand for any goods.
fn vague(lines: &[&str]) -> Option<&'static str> {
    const PHRASES: &[&str] = &[
        "GENERAL CARGO",
        "GENERAL MERCHANDISE",
        "FREIGHT ALL KINDS",
        "FREIGHT OF ALL KINDS",
        "FAK",
        "CONSOLIDATED",
        "CONSOLIDATED CARGO",
        "SAID TO CONTAIN GOODS",
        "VARIOUS GOODS",
    ];
    let mut words = String::from(" ");
    for word in lines.iter().flat_map(|line| line.split(|c: char| !c.is_alphanumeric())).filter(|w| !w.is_empty()) {
        words.push_str(&word.to_uppercase());
        words.push(' ');
    }
    PHRASES.iter().copied().find(|phrase| words.contains(&format!(" {phrase} ")))
}

/// L11.
fn containers(document: &TransportDocument<'_>, findings: &mut Findings) {
    for (i, used) in document.utilized_transport_equipments.iter().enumerate() {
        let number = used.equipment.equipment_reference;
        if let Some((written, computed)) = check_digits(number).filter(|(written, computed)| written != computed) {
            let path = format!("$.utilizedTransportEquipments[{i}].equipment.equipmentReference");
            findings.breach(&CHECK_DIGIT, path, format!("check digit {written} should be {computed}"));
        }
    }
}

/// The written and the computed check digit of a number of ISO 6346 form; numbers of other forms are
/// lawful (SMDG recommendation 2) and have none.
fn check_digits(number: &str) -> Option<(u32, u32)> {
    let (owner, serial) = number.split_at_checked(4)?;
    let formed = owner.bytes().all(|b| b.is_ascii_uppercase())
        && owner.ends_with(['U', 'J', 'Z'])
        && serial.len() == 7
        && serial.bytes().all(|b| b.is_ascii_digit());
    if !formed {
        return None;
    }
    let (counted, written) = number.split_at_checked(10)?;
    let sum: u32 = counted.chars().zip(0..).map(|(c, place)| letter_value(c) << place).sum();
    Some((written.parse().ok()?, sum % 11 % 10))
}

/// ISO 6346: letters count from 10 up and leave out the multiples of 11.
fn letter_value(c: char) -> u32 {
    match c.to_digit(36).unwrap_or(0) {
        value @ 0..=10 => value,
        value @ 11..=20 => value + 1,
        value @ 21..=30 => value + 2,
        value => value + 3,
    }
}
