//! The documents of a load: valid, each with a number of its own, padded to a size.

use std::fmt::Write;

use sampan_proto::doc::DocKind;
use serde_json::{Value, json};

use crate::usage::Unusable;

/// Longest line of marks on a Form E.
const MARK: usize = 70;
/// Lines of marks beyond the first.
const MARKS: usize = 49;
/// Room left in a Form E's description of goods.
const DESCRIPTION: usize = 440;
/// Room left in a bill's terms and conditions.
const TERMS: usize = 49_000;

/// A document of `kind` with number `i`, of `size` bytes exactly.
///
/// # Errors
/// When no document of this kind has that size.
pub fn document(kind: DocKind, i: u64, size: usize) -> Result<Vec<u8>, Unusable> {
    let write = |filler: &Filler| match kind {
        DocKind::BillOfLading => bill(i, filler),
        DocKind::CertificateOfOrigin => certificate(i, filler),
    };
    let bare = write(&Filler::default()).to_string().len();
    let (room, line) = match kind {
        DocKind::BillOfLading => (TERMS, 0),
        DocKind::CertificateOfOrigin => (DESCRIPTION + MARKS * (MARK + 3), MARK + 3),
    };
    if !(bare..=bare + room).contains(&size) {
        let why = format!("a {kind} of this load has {bare} to {} bytes, not {size}", bare + room);
        return Err(Unusable::because(why));
    }
    let filler = Filler::new(i, size - bare, line);
    Ok(write(&filler).to_string().into_bytes())
}

/// Text that makes a document as long as it should be: some in one place, some in lines.
#[derive(Default)]
struct Filler {
    text: String,
    lines: Vec<String>,
}

impl Filler {
    /// `length` bytes in all; `line` is what a full line costs with its quotes and comma, 0 for no lines.
    fn new(seed: u64, length: usize, line: usize) -> Self {
        let count = if line == 0 { 0 } else { length.saturating_sub(DESCRIPTION).div_ceil(line) };
        let mut words = Words(seed);
        let lines: Vec<String> = (0..count).map(|_| words.take(MARK)).collect();
        let spent: usize = lines.iter().map(|line| line.len() + 3).sum();
        Self { text: words.take(length - spent.min(length)), lines }
    }
}

/// Words of the trade in an order of their own: no document is a copy of another.
struct Words(u64);

impl Words {
    /// Text of exactly `length` bytes without a blank at its end.
    fn take(&mut self, length: usize) -> String {
        const WORDS: [&str; 16] = [
            "pump", "valve", "carton", "steel", "gasket", "flange", "marked", "lot", "grade", "size", "net", "gross",
            "model", "series", "pallet", "colour",
        ];
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            // The multiplier of Knuth's MMIX generator; nothing here needs better randomness.
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let word = WORDS.get(usize::try_from(self.0 >> 60).unwrap_or_default()).copied().unwrap_or("lot");
            // Writing to a string cannot fail.
            let _ = write!(text, " {word} {}", (self.0 >> 40) % 10_000);
        }
        text.truncate(length);
        if text.ends_with(' ') {
            text.pop();
            text.push('X');
        }
        text
    }
}

fn certificate(i: u64, filler: &Filler) -> Value {
    let mut marks = vec!["KLANG 1-240".to_owned()];
    // A line may not begin with a blank.
    marks.extend(filler.lines.iter().map(|line| format!("N{}", line.get(1..).unwrap_or_default())));
    json!({
        "form": "E",
        "scheme": "ACFTA",
        "referenceNumber": format!("E26B{i:010}"),
        "issuingCountry": "CN",
        "box1Exporter": { "name": "Ningbo Tools Ltd", "address": "1 Harbour Road, Ningbo", "country": "CN" },
        "box2Consignee": { "name": "Klang Import Sdn Bhd", "address": "2 Jalan Pelabuhan", "country": "MY" },
        "box3Transport": { "portOfLoading": "CNNGB", "portOfDischarge": "MYPKG" },
        "items": [{
            "box5ItemNumber": 1,
            "box6Marks": marks,
            "box7Description": format!("Pumps{}", filler.text),
            "box7HsCode": "841370",
            "box8OriginCriterion": { "code": "WO" },
            "box9GrossWeight": { "value": "9840.5", "unit": "KGM" },
            "box10Invoice": { "number": "INV1", "date": "2026-11-12" },
        }],
        "box11ExporterDeclaration": {
            "producedIn": "CN", "importingCountry": "MY", "place": "Ningbo", "date": "2026-11-18", "signatory": "Shen Yue",
        },
        "box12Certification": { "authority": "CCPIT", "place": "Ningbo", "date": "2026-11-19" },
        "box13Ticks": {
            "issuedRetroactively": false, "exhibition": false, "movementCertificate": false, "thirdPartyInvoicing": false,
        },
    })
}

fn bill(i: u64, filler: &Filler) -> Value {
    let address = |city: &str, country: &str| json!({ "street": "Quay Road", "city": city, "countryCode": country });
    json!({
        "transportDocumentReference": format!("SPL{i:012}"),
        "transportDocumentStatus": "ISSUED",
        "transportDocumentTypeCode": "BOL",
        "isShippedOnBoardType": true,
        "isElectronic": true,
        "isToOrder": true,
        "numberOfOriginalsWithoutCharges": 1,
        "shippedOnBoardDate": "2026-11-20",
        "issueDate": "2026-11-20",
        "termsAndConditions": format!("Terms of the carrier.{}", filler.text),
        "receiptTypeAtOrigin": "CY",
        "deliveryTypeAtDestination": "CY",
        "cargoMovementTypeAtOrigin": "FCL",
        "cargoMovementTypeAtDestination": "FCL",
        "carrierCode": "SPL",
        "carrierCodeListProvider": "SMDG",
        "transports": {
            "plannedDepartureDate": "2026-11-20",
            "plannedArrivalDate": "2026-11-28",
            "portOfLoading": { "UNLocationCode": "CNNGB" },
            "portOfDischarge": { "UNLocationCode": "MYPKG" },
            "vesselVoyages": [{ "vesselName": "Sampan Pearl", "carrierExportVoyageNumber": "047S" }],
        },
        "invoicePayableAt": { "UNLocationCode": "CNNGB" },
        "partyContactDetails": [{ "name": "Desk", "email": "docs@line.example" }],
        "documentParties": {
            "shipper": { "partyName": "Ningbo Tools Ltd", "address": address("Ningbo", "CN") },
            "issuingParty": { "partyName": "Sampan Line", "address": address("Singapore", "SG") },
            "notifyParties": [{ "partyName": "Klang Import Sdn Bhd", "address": address("Klang", "MY") }],
        },
        "consignmentItems": [{
            "carrierBookingReference": "SPLB260947",
            "descriptionOfGoods": ["Centrifugal water pumps"],
            "HSCodes": ["841370"],
            "cargoItems": [{
                "equipmentReference": "SPLU4072613",
                "cargoGrossWeight": { "value": 9840.5, "unit": "KGM" },
                "outerPackaging": { "packageCode": "CT", "numberOfPackages": 240, "description": "cartons" },
            }],
        }],
        "utilizedTransportEquipments": [{
            "equipment": { "equipmentReference": "SPLU4072613", "ISOEquipmentCode": "22G1" },
            "isShipperOwned": false,
            "seals": [{ "number": "NGB118204", "source": "CAR" }],
        }],
    })
}

#[cfg(test)]
mod tests {
    use sampan_proto::doc;

    use super::*;

    #[test]
    fn every_size_gives_valid_documents_of_exactly_that_size() {
        let sizes = [
            (DocKind::CertificateOfOrigin, vec![1_024, 1_300, 1_500, 1_501, 1_600, 2_000, 4_000]),
            (DocKind::BillOfLading, vec![2_048, 2_049, 16_384]),
        ];
        for (kind, sizes) in sizes {
            for size in sizes {
                for i in 0..40 {
                    let bytes = document(kind, i, size).expect("a document");
                    assert_eq!(bytes.len(), size, "{kind} {i}");
                    let checked = doc::check(kind, &bytes).unwrap_or_else(|e| panic!("{kind} {i} of {size}: {e}"));
                    assert!(checked.findings.is_empty(), "{kind}: {:?}", checked.findings);
                }
            }
        }
    }

    #[test]
    fn numbers_differ_and_impossible_sizes_are_refused() {
        let number = |i| {
            let bytes = document(DocKind::CertificateOfOrigin, i, 1_024).expect("a document");
            doc::check(DocKind::CertificateOfOrigin, &bytes).expect("valid").reference.number
        };
        assert_ne!(number(1), number(2));
        assert!(document(DocKind::CertificateOfOrigin, 1, 100).is_err());
        assert!(document(DocKind::CertificateOfOrigin, 1, 1 << 20).is_err());
    }
}
