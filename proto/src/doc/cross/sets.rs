//! Several bills, or several certificates, together.

use std::collections::BTreeMap;

use super::rules::{INVOICE, SHARED, TWO_VOYAGES};
use super::{Bill, CrossFinding, Crossing, Origin, Paper, words};
use crate::doc::bill_of_lading::TransportDocument;
use crate::doc::certificate_of_origin::Certificate;
use crate::doc::date::Date;

/// Containers under two bills at one time. On one voyage that is lawful, and worth knowing.
#[must_use]
pub fn bills(bills: &[Bill]) -> Vec<CrossFinding> {
    let mut uses: BTreeMap<String, Vec<Use<'_>>> = BTreeMap::new();
    for paper in distinct(bills.iter().map(|bill| &bill.0)) {
        // It passed its check, which reads the same view.
        let Some(document) = TransportDocument::view(&paper.body) else { continue };
        let Some(voyage) = Voyage::of(&document) else { continue };
        for (at, used) in document.utilized_transport_equipments.iter().enumerate() {
            let number = words::plain(used.equipment.equipment_reference);
            let uses = uses.entry(number).or_default();
            // A bill may list a container twice: the first time speaks for it.
            if uses.last().is_none_or(|last| !std::ptr::eq(last.paper, paper)) {
                uses.push(Use { paper, at, voyage: voyage.clone() });
            }
        }
    }
    let mut found = Crossing::default();
    for (number, uses) in &uses {
        each_pair(uses, |a, b| a.meets(number, b, &mut found));
    }
    found.sorted()
}

/// When and on what ship a bill's containers travel.
#[derive(Clone)]
struct Voyage {
    from: Date,
    to: Date,
    ships: Vec<(String, String)>,
}

impl Voyage {
    fn of(document: &TransportDocument<'_>) -> Option<Self> {
        let transports = &document.transports;
        let from = document.shipped_on_board_date.unwrap_or(transports.planned_departure_date);
        let ships = transports.vessel_voyages.iter();
        let ships =
            ships.map(|ship| (words::vessel(ship.vessel_name), words::plain(ship.carrier_export_voyage_number)));
        Some(Self {
            from: Date::parse(from)?,
            to: Date::parse(transports.planned_arrival_date)?,
            ships: ships.collect(),
        })
    }
}

/// A container under a bill.
struct Use<'a> {
    paper: &'a Paper,
    at: usize,
    voyage: Voyage,
}

impl Use<'_> {
    /// The days on which one arrives and the other leaves may be one.
    fn meets(&self, number: &str, other: &Self, found: &mut Crossing) {
        let (a, b) = (&self.voyage, &other.voyage);
        if self.paper.checked.reference == other.paper.checked.reference || a.from >= b.to || b.from >= a.to {
            return;
        }
        let side = |used: &Self| {
            let path = format!("$.utilizedTransportEquipments[{}].equipment.equipmentReference", used.at);
            used.paper.side(path, number)
        };
        let (rule, detail) = if a.ships.iter().any(|ship| b.ships.contains(ship)) {
            (&SHARED, format!("`{number}` is under both bills, on one voyage"))
        } else {
            let days = |voyage: &Voyage| format!("{} to {}", voyage.from, voyage.to);
            (&TWO_VOYAGES, format!("`{number}` is on two voyages at one time: {} and {}", days(a), days(b)))
        };
        found.find(rule, side(self), side(other), detail);
    }
}

/// Invoices that stand on two certificates, neither of which stands on the other.
#[must_use]
pub fn origins(origins: &[Origin]) -> Vec<CrossFinding> {
    let papers = distinct(origins.iter().map(|origin| &origin.0));
    let mut lines: BTreeMap<(String, String, &str), Vec<Billed<'_>>> = BTreeMap::new();
    for paper in papers {
        // It passed its check, which reads the same view.
        let Some(certificate) = Certificate::view(&paper.body) else { continue };
        let exporter = words::name(certificate.exporter.name);
        for (at, item) in certificate.items.iter().enumerate() {
            let key = (exporter.clone(), words::plain(item.invoice.number), item.invoice.date);
            let billed = lines.entry(key).or_default();
            // A certificate's lines often share an invoice: the first speaks for them.
            if billed.last().is_none_or(|last| !std::ptr::eq(last.paper, paper)) {
                let path = format!("$.items[{at}].{}.number", certificate.form.boxes().invoice);
                billed.push(Billed {
                    paper,
                    path,
                    number: item.invoice.number.to_owned(),
                    stands_on: stands_on(&certificate),
                });
            }
        }
    }
    let mut found = Crossing::default();
    for billed in lines.values() {
        each_pair(billed, |a, b| a.meets(b, &mut found));
    }
    found.sorted()
}

/// An invoice on a certificate.
struct Billed<'a> {
    paper: &'a Paper,
    path: String,
    number: String,
    /// Numbers of the certificates that this one stands on.
    stands_on: Vec<String>,
}

impl Billed<'_> {
    fn meets(&self, other: &Self, found: &mut Crossing) {
        let (a, b) = (&self.paper.checked.reference.number, &other.paper.checked.reference.number);
        if a == b || self.stands_on.contains(b) || other.stands_on.contains(a) {
            return;
        }
        let side = |billed: &Self| billed.paper.side(billed.path.clone(), billed.number.clone());
        let detail = format!("the invoice `{}` stands on both certificates", self.number);
        found.find(&INVOICE, side(self), side(other), detail);
    }
}

fn stands_on(certificate: &Certificate<'_>) -> Vec<String> {
    let scheme = certificate.form;
    certificate.originals.iter().map(|original| original.reference(scheme).number).collect()
}

/// The papers in the order of their numbers, each body once: the order of the arguments is nothing.
fn distinct<'a>(papers: impl Iterator<Item = &'a Paper>) -> Vec<&'a Paper> {
    let key = |paper: &Paper| (paper.checked.reference.number.clone(), paper.checked.jcs_sha256);
    let by_key: BTreeMap<_, _> = papers.map(|paper| (key(paper), paper)).collect();
    by_key.into_values().collect()
}

fn each_pair<T>(all: &[T], mut meet: impl FnMut(&T, &T)) {
    for (i, a) in all.iter().enumerate() {
        for b in &all[i + 1..] {
            meet(a, b);
        }
    }
}
