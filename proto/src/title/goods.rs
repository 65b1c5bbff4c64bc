//! The fingerprint of goods: equal for the same goods on any bill, and nothing that an outsider could guess.

use crate::doc::Quantity;
use crate::doc::bill_of_lading::TransportDocument;
use crate::hash::{Domain, Hash32};

/// The goods of a bill under the network's goods key, which its members share and nobody else knows: container, HS
/// codes to six digits and packages of every cargo item, whatever their order, and all of it together with its exact
/// gross weight. A second bill for the same goods in the same containers has the same fingerprint, whoever issued it.
#[must_use]
pub fn goods_fingerprint(goods_key: &[u8; 32], document: &TransportDocument<'_>, quantity: &Quantity) -> Hash32 {
    let mut lines: Vec<String> = Vec::new();
    for item in &document.consignment_items {
        let codes = if item.extended_hs_codes.is_empty() { &item.hs_codes } else { &item.extended_hs_codes };
        let mut headings: Vec<&str> = codes.iter().map(|code| code.get(..6).unwrap_or(code)).collect();
        headings.sort_unstable();
        let headings = headings.join(",");
        for cargo in &item.cargo_items {
            let container = cargo.equipment_reference.to_ascii_uppercase();
            lines.push(format!("{container} {headings} {}", cargo.outer_packaging.number_of_packages));
        }
    }
    lines.sort_unstable();
    lines.push(quantity.to_string());
    Domain::Goods.hash_borsh(&(goods_key, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::{self, Claims, DocKind};

    fn print(key: u8, edit: impl FnOnce(&mut serde_json::Value)) -> Hash32 {
        let mut body: serde_json::Value = serde_json::from_str(doc::template(DocKind::BillOfLading)).expect("json");
        edit(&mut body);
        let checked = doc::check(DocKind::BillOfLading, body.to_string().as_bytes()).expect("accepted");
        let Claims::BillOfLading(claims) = checked.claims else { panic!("a bill") };
        goods_fingerprint(&[key; 32], &TransportDocument::view(&body).expect("a bill"), &claims.quantity)
    }

    #[test]
    fn the_same_goods_on_another_bill_are_the_same_goods() {
        let one = print(1, |_| ());
        assert_eq!(one, print(1, |body| body["transportDocumentReference"] = "OTHER1".into()));
        assert_eq!(one, print(1, |body| body["carrierCode"] = "XXX".into()));
        assert_ne!(one, print(2, |_| ()), "without the key nobody can tell");
        let weight = |body: &mut serde_json::Value| {
            body["consignmentItems"][0]["cargoItems"][0]["cargoGrossWeight"]["value"] = 9_840.6.into();
        };
        assert_ne!(one, print(1, weight), "a hundred grams more are other goods");
    }
}
