//! The fingerprint of goods: equal for the same goods on any bill, and nothing that an outsider could guess.

use crate::doc::bill_of_lading::TransportDocument;
use crate::hash::{Domain, Hash32};

/// The goods of a bill under the network's goods key, which its members share and nobody else knows: container,
/// HS heading to six digits, packages and gross weight of every cargo item, whatever their order. A second bill
/// for the same containers with the same goods has the same fingerprint, whoever issued it.
#[must_use]
pub fn goods_fingerprint(goods_key: &[u8; 32], document: &TransportDocument<'_>) -> Hash32 {
    let mut lines: Vec<String> = Vec::new();
    for item in &document.consignment_items {
        let codes = if item.extended_hs_codes.is_empty() { &item.hs_codes } else { &item.extended_hs_codes };
        let mut headings: Vec<&str> = codes.iter().map(|code| code.get(..6).unwrap_or(code)).collect();
        headings.sort_unstable();
        let headings = headings.join(",");
        for cargo in &item.cargo_items {
            let (weight, packages) = (&cargo.cargo_gross_weight, &cargo.outer_packaging.number_of_packages);
            let container = cargo.equipment_reference.to_ascii_uppercase();
            lines.push(format!("{container} {headings} {packages} {} {}", weight.value, weight.unit));
        }
    }
    lines.sort_unstable();
    Domain::Goods.hash_borsh(&(goods_key, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::{self, DocKind};

    fn print(key: u8, edit: impl FnOnce(&mut serde_json::Value)) -> Hash32 {
        let mut body = serde_json::from_str(doc::template(DocKind::BillOfLading)).expect("json");
        edit(&mut body);
        goods_fingerprint(&[key; 32], &TransportDocument::view(&body).expect("a bill"))
    }

    #[test]
    fn the_same_goods_on_another_bill_are_the_same_goods() {
        let one = print(1, |_| ());
        assert_eq!(one, print(1, |body| body["transportDocumentReference"] = "OTHER1".into()));
        assert_eq!(one, print(1, |body| body["carrierCode"] = "XXX".into()));
        assert_ne!(one, print(2, |_| ()), "without the key nobody can tell");
        let cargo = |body: &mut serde_json::Value, key: &str, value: serde_json::Value| {
            body["consignmentItems"][0]["cargoItems"][0][key] = value;
        };
        assert_ne!(one, print(1, |body| cargo(body, "equipmentReference", "MAEU1234567".into())));
    }
}
