//! A bill of lading beside a certificate of origin.

use std::collections::BTreeSet;

use super::rules::{
    CONSIGNEE, CONTAINER, DEPARTURE, DISCHARGE, EXPORTER, FEWER_PACKAGES, LESS_WEIGHT, LOADING, MARKS, MORE_PACKAGES,
    MORE_WEIGHT, RETROACTIVE, SCRIPT, TARIFF, THROUGH, VESSEL, VOYAGE,
};
use super::{Bill, CrossFinding, Crossing, Origin, Paper, Side, words};
use crate::doc::bill_of_lading::{Port, TransportDocument};
use crate::doc::certificate_of_origin::{Boxes, Certificate, Item, grace_days};
use crate::doc::date::Date;
use crate::doc::finding::Rule;
use crate::doc::{Amount, Amounts, Claims, Quantity};
use crate::member::Country;

/// Days between departure and the day on board that time zones and late sailings explain.
const DEPARTURE_DAYS: u64 = 3;

/// What the two say differently of what should be one shipment. Where one of them is silent, nothing is found.
#[must_use]
pub fn pair(bill: &Bill, origin: &Origin) -> Vec<CrossFinding> {
    let views = (TransportDocument::view(&bill.0.body), Certificate::view(&origin.0.body));
    let (Claims::BillOfLading(claims), (Some(document), Some(certificate))) = (&bill.0.checked.claims, views) else {
        // Both passed their check, which reads the same views.
        return Vec::new();
    };
    let (bill, origin, boxes) = (&bill.0, &origin.0, certificate.form.boxes());
    let mut pair = Pair { bill, origin, document, certificate, boxes, found: Crossing::default() };
    pair.voyage();
    pair.dates();
    pair.ports();
    pair.way();
    pair.quantities(&claims.quantity);
    pair.tariff();
    pair.exporter();
    pair.consignee();
    pair.marks();
    pair.containers();
    pair.found.sorted()
}

struct Pair<'a> {
    bill: &'a Paper,
    origin: &'a Paper,
    document: TransportDocument<'a>,
    certificate: Certificate<'a>,
    boxes: &'static Boxes,
    found: Crossing,
}

/// Several values of one side; the first ones, for a body may hold thousands and each finding repeats them.
fn joined<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let mut values = values.into_iter();
    let first = values.by_ref().take(SHOWN).collect::<Vec<_>>().join(" | ");
    match values.count() {
        0 => first,
        more => format!("{first} | and {more} more"),
    }
}

impl Pair<'_> {
    fn transport(&self, field: &str, value: &str) -> Side {
        self.origin.side(format!("$.{}.{field}", self.boxes.transport), value)
    }

    /// X1, X2.
    fn voyage(&mut self) {
        let voyages = &self.document.transports.vessel_voyages;
        let path = "$.transports.vesselVoyages";
        if let Some(vessel) = self.certificate.transport.vessel {
            let names = || voyages.iter().map(|voyage| voyage.vessel_name);
            if !names().any(|name| words::vessel(name) == words::vessel(vessel)) {
                let sides = (self.bill.side(path, joined(names())), self.transport("vessel", vessel));
                self.found.find(&VESSEL, sides.0, sides.1, "the certificate names another vessel");
            }
        }
        if let Some(number) = self.certificate.transport.voyage {
            let numbers = || voyages.iter().map(|voyage| voyage.carrier_export_voyage_number);
            if !numbers().any(|other| words::plain(other) == words::plain(number)) {
                let sides = (self.bill.side(path, joined(numbers())), self.transport("voyage", number));
                self.found.find(&VOYAGE, sides.0, sides.1, "the certificate names another voyage");
            }
        }
    }

    /// X3, X4: by the day on board, or else the day of receipt.
    fn dates(&mut self) {
        let days = [
            ("$.shippedOnBoardDate", self.document.shipped_on_board_date),
            ("$.receivedForShipmentDate", self.document.received_for_shipment_date),
        ];
        let Some((path, text)) = days.into_iter().find_map(|(path, day)| Some((path, day?))) else { return };
        let Some(on_board) = Date::parse(text) else { return };
        if let Some(departure) = self.certificate.transport.departure_date
            && let Some(day) = Date::parse(departure)
            && day.number().abs_diff(on_board.number()) > DEPARTURE_DAYS
        {
            let detail = format!("{} days lie between the two", day.number().abs_diff(on_board.number()));
            let sides = (self.bill.side(path, text), self.transport("departureDate", departure));
            self.found.find(&DEPARTURE, sides.0, sides.1, detail);
        }
        let issued = self.certificate.certification.date;
        let grace = grace_days(self.certificate.form);
        if let (Some(day), Some(grace)) = (Date::parse(issued), grace)
            && !self.certificate.ticks.issued_retroactively
            && day.number() - on_board.number() > grace
        {
            let detail = format!("issued {} days after shipment, but not ticked", day.number() - on_board.number());
            let certified = self.origin.side(format!("$.{}.date", self.boxes.certification), issued);
            self.found.find(&RETROACTIVE, self.bill.side(path, text), certified, detail);
        }
    }

    /// X5, X6.
    fn ports(&mut self) {
        let route = &self.certificate.transport;
        let transports = &self.document.transports;
        let ends = [
            (&LOADING, "portOfLoading", transports.port_of_loading.un_location_code, route.port_of_loading),
            (&DISCHARGE, "portOfDischarge", transports.port_of_discharge.un_location_code, route.port_of_discharge),
        ];
        for (rule, field, ours, theirs) in ends {
            let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
            if ours != theirs {
                let bill = self.bill.side(format!("$.transports.{field}.UNLocationCode"), ours);
                self.found.find(rule, bill, self.transport(field, theirs), "the ports differ");
            }
        }
    }

    /// C20: from the country that issues to the country that imports, under one bill.
    fn way(&mut self) {
        let transports = &self.document.transports;
        let receipt = transports.place_of_receipt.as_ref().and_then(|place| place.un_location_code);
        let delivery = transports.place_of_delivery.as_ref().and_then(|place| place.un_location_code);
        let code = |port: &Port<'_>| port.un_location_code.map(str::to_owned);
        let (loading, discharge) = (code(&transports.port_of_loading), code(&transports.port_of_discharge));
        let begins = receipt.map(str::to_owned).into_iter().chain(loading).collect::<Vec<_>>();
        let ends = delivery.map(str::to_owned).into_iter().chain(discharge).collect::<Vec<_>>();
        let importing = if self.certificate.declaration.importing_country.is_some() {
            format!("$.{}.importingCountry", self.boxes.declaration)
        } else {
            format!("$.{}", self.boxes.destination)
        };
        let (issuing, to) = (self.certificate.issuing_country, self.certificate.importing_country);
        self.way_end("$.transports.portOfLoading.UNLocationCode", &begins, "$.issuingCountry", issuing, "begins");
        self.way_end("$.transports.portOfDischarge.UNLocationCode", &ends, &importing, to, "ends");
    }

    fn way_end(&mut self, at: &str, places: &[String], path: &str, country: Country, verb: &str) {
        if places.is_empty() || places.iter().any(|place| place.starts_with(country.as_str())) {
            return;
        }
        let detail =
            format!("the bill {verb} outside {country}: a through bill or other evidence of the way is needed");
        let bill = self.bill.side(at, joined(places.iter().map(String::as_str)));
        self.found.find(&THROUGH, bill, self.origin.side(path, country.as_str()), detail);
    }

    /// X7 to X10.
    fn quantities(&mut self, bill: &Quantity) {
        let items = &self.certificate.items;
        let packages: Option<Vec<u64>> = items.iter().map(|item| Some(item.packages?.count)).collect();
        let packages = packages.and_then(|counts| counts.into_iter().try_fold(0_u64, u64::checked_add));
        let gross = items.iter().try_fold(Amounts::default(), |sum, item| sum.plus(&gross(item)?));
        if let Some(packages) = packages {
            let rules = (&MORE_PACKAGES, &FEWER_PACKAGES);
            let sides = (bill.packages.to_string(), packages.to_string());
            self.quantity(rules, packages.cmp(&bill.packages), "outerPackaging", self.boxes.packages, sides);
        }
        if let Some(sum) = gross
            && let (Some(theirs), Some(ours)) = (kilograms(&sum), kilograms(&bill.gross))
        {
            let rules = (&MORE_WEIGHT, &LESS_WEIGHT);
            let sides = (bill.gross.to_string(), sum.to_string());
            self.quantity(rules, theirs.cmp(&ours), "cargoGrossWeight", self.boxes.gross_weight, sides);
        }
    }

    fn quantity(
        &mut self,
        (more, less): (&Rule, &Rule),
        order: std::cmp::Ordering,
        ours: &str,
        theirs: &str,
        (bill, certificate): (String, String),
    ) {
        let (rule, detail) = match order {
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => (more, "the certificate covers more than the bill"),
            std::cmp::Ordering::Less => (less, "the certificate covers less than the bill"),
        };
        let bill = self.bill.side(format!("$.consignmentItems[*].cargoItems[*].{ours}"), bill);
        self.found.find(rule, bill, self.origin.side(format!("$.items[*].{theirs}"), certificate), detail);
    }

    /// X11.
    fn tariff(&mut self) {
        let codes: Vec<&str> = self
            .document
            .consignment_items
            .iter()
            .flat_map(|item| if item.extended_hs_codes.is_empty() { &item.hs_codes } else { &item.extended_hs_codes })
            .copied()
            .collect();
        for (i, item) in self.certificate.items.iter().enumerate() {
            if !codes.iter().any(|code| code.starts_with(item.hs_code)) {
                let bill = self.bill.side("$.consignmentItems[*].HSCodes", joined(codes.iter().copied()));
                let certificate = self.origin.side(format!("$.items[{i}].{}", self.boxes.hs_code), item.hs_code);
                self.found.find(&TARIFF, bill, certificate, "the bill has no goods of this subheading");
            }
        }
    }

    /// X12, X14.
    fn exporter(&mut self) {
        let parties = &self.document.document_parties;
        let names: Vec<&str> = [Some(&parties.shipper), parties.on_behalf_of_shipper.as_ref()]
            .into_iter()
            .flatten()
            .map(|p| p.party_name)
            .collect();
        let path = "$.documentParties.shipper.partyName";
        self.party(&EXPORTER, path, &names, self.boxes.exporter, self.certificate.exporter.name);
    }

    /// X13, X14.
    fn consignee(&mut self) {
        let parties = &self.document.document_parties;
        let single = [&parties.consignee, &parties.on_behalf_of_consignee, &parties.endorsee].into_iter().flatten();
        let names: Vec<&str> = single.chain(&parties.notify_parties).map(|party| party.party_name).collect();
        let path = if parties.consignee.is_some() {
            "$.documentParties.consignee.partyName"
        } else {
            "$.documentParties.notifyParties[*].partyName"
        };
        self.party(&CONSIGNEE, path, &names, self.boxes.consignee, self.certificate.consignee.name);
    }

    fn party(&mut self, rule: &Rule, path: &str, names: &[&str], field: &str, name: &str) {
        if names.is_empty() || names.iter().any(|other| words::name(other) == words::name(name)) {
            return;
        }
        let comparable = names.iter().any(|other| words::comparable(other, name));
        let (rule, detail) = if comparable {
            (rule, "the certificate names somebody else")
        } else {
            (&SCRIPT, "the two are written in different scripts")
        };
        let bill = self.bill.side(path, joined(names.iter().copied()));
        self.found.find(rule, bill, self.origin.side(format!("$.{field}.name"), name), detail);
    }

    /// X15.
    fn marks(&mut self) {
        let on_goods = self.document.consignment_items.iter().flat_map(|item| &item.shipping_marks);
        let on_containers = self.document.utilized_transport_equipments.iter().flat_map(|used| &used.shipping_marks);
        let marks: Vec<&str> = on_goods.chain(on_containers).copied().collect();
        if marks.is_empty() {
            return;
        }
        // A bill breaks long marks into lines.
        let together = words::plain(&marks.concat());
        for (i, item) in self.certificate.items.iter().enumerate() {
            for (j, mark) in item.marks.iter().enumerate().filter(|(_, mark)| !together.contains(&words::plain(mark))) {
                let bill = self.bill.side("$.consignmentItems[*].shippingMarks", joined(marks.iter().copied()));
                let certificate = self.origin.side(format!("$.items[{i}].{}[{j}]", self.boxes.marks), *mark);
                self.found.find(&MARKS, bill, certificate, "the bill does not show this mark");
            }
        }
    }

    /// X16.
    fn containers(&mut self) {
        let equipment = &self.document.utilized_transport_equipments;
        let listed: BTreeSet<&str> = equipment.iter().map(|used| used.equipment.equipment_reference).collect();
        for (i, item) in self.certificate.items.iter().enumerate() {
            let marks = item.marks.iter().enumerate().map(|(j, mark)| (format!("{}[{j}]", self.boxes.marks), *mark));
            for (field, text) in marks.chain([(self.boxes.description.to_owned(), item.description)]) {
                for number in words::containers(text).into_iter().filter(|number| !listed.contains(number.as_str())) {
                    let bill = self.bill.side("$.utilizedTransportEquipments", joined(listed.iter().copied()));
                    let certificate = self.origin.side(format!("$.items[{i}].{field}"), number);
                    self.found.find(&CONTAINER, bill, certificate, "the bill does not list this container");
                }
            }
        }
    }
}

/// The gross weight of a line.
fn gross(item: &Item<'_>) -> Option<Amounts> {
    let gross = item.gross_weight?;
    Some(Amounts([(gross.unit.parse().ok()?, Amount::read(gross.value).ok()?)].into()))
}

/// The weight in billionths of a kilogram, times 10^8: exact, by the factors of UN/ECE Recommendation 20.
/// None when a unit is of no weight, or the sum is beyond all cargo.
fn kilograms(amounts: &Amounts) -> Option<u128> {
    amounts.0.iter().try_fold(0_u128, |sum, (unit, amount)| {
        let factor: u128 = match unit.as_str() {
            "KGM" => 100_000_000,
            "LBR" => 45_359_237,
            "TNE" => 100_000_000_000,
            "GRM" => 100_000,
            _ => return None,
        };
        sum.checked_add(amount.billionths().checked_mul(factor)?)
    })
}
