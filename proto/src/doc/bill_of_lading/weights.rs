//! Weights digit by digit, as they were received.
//!
//! A parsed JSON value holds doubles, which round; what a carrier signs for and an account is drawn
//! down by must not. So the weights are read a second time, from the bytes.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Quantity;
use super::rules::WEIGHT;
use crate::doc::finding::Findings;
use crate::doc::{Amount, Amounts, Unit};

/// A weight as it stands in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) value: Amount,
    /// `KGM` or `LBR`.
    pub(super) unit: Unit,
}

impl Weight {
    /// In billionths of a kilogram, times 10^8: exact, for UN/ECE Recommendation 20 defines LBR, the
    /// avoirdupois pound, as 0.45359237 kg. Fewer than 110 bits.
    pub(super) fn comparable(&self) -> u128 {
        let factor = if self.unit.as_str() == "LBR" { 45_359_237 } else { 100_000_000 };
        self.value.billionths() * factor
    }
}

/// The weights of one cargo item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    pub(super) gross: Weight,
    pub(super) net: Option<Weight>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "consignmentItems", borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    #[serde(borrow)]
    cargo_items: Vec<Cargo<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cargo<'a> {
    #[serde(borrow)]
    cargo_gross_weight: Written<'a>,
    #[serde(borrow)]
    cargo_net_weight: Option<Written<'a>>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    unit: Unit,
}

/// The weights of every cargo item, item by item, from bytes that the schema accepts. None when they do
/// not have its shape; a weight with more digits than an amount holds is a finding, and none.
pub(super) fn read(bytes: &[u8], findings: &mut Findings) -> Option<Vec<Vec<Weights>>> {
    let body: Body<'_> = serde_json::from_slice(bytes).ok()?;
    let mut exact = |i: usize, j: usize, name: &str, written: &Written<'_>| {
        let Ok(value) = Amount::from_json(written.value.get()) else {
            let path = format!("$.consignmentItems[{i}].cargoItems[{j}].{name}.value");
            findings.breach(&WEIGHT, path, format!("{} has too many digits", shortened(written.value.get())));
            return None;
        };
        Some(Weight { value, unit: written.unit.clone() })
    };
    let mut all = Some(Vec::with_capacity(body.items.len()));
    for (i, item) in body.items.iter().enumerate() {
        let mut weights = Some(Vec::with_capacity(item.cargo_items.len()));
        for (j, cargo) in item.cargo_items.iter().enumerate() {
            let gross = exact(i, j, "cargoGrossWeight", &cargo.cargo_gross_weight);
            let net = cargo.cargo_net_weight.as_ref().map(|net| exact(i, j, "cargoNetWeight", net));
            match (gross, net, &mut weights) {
                (Some(gross), None, Some(weights)) => weights.push(Weights { gross, net: None }),
                (Some(gross), Some(Some(net)), Some(weights)) => weights.push(Weights { gross, net: Some(net) }),
                _ => weights = None,
            }
        }
        all = all.zip(weights).map(|(mut all, weights)| {
            all.push(weights);
            all
        });
    }
    all
}

/// The gross weight over all cargo items, by unit; none when a sum has more digits than an amount.
pub(super) fn gross(weights: &[Vec<Weights>]) -> Option<Amounts> {
    weights.iter().flatten().try_fold(Amounts::default(), |sum, weights| {
        sum.plus(&Amounts([(weights.gross.unit.clone(), weights.gross.value)].into()))
    })
}

/// Packages and gross weight over all cargo items.
pub(super) fn quantity(packages: impl Iterator<Item = u64>, weights: &[Vec<Weights>]) -> Option<Quantity> {
    let packages = packages.into_iter().try_fold(0_u64, u64::checked_add)?;
    Some(Quantity { packages, gross: gross(weights)? })
}

/// A number may be as long as a body; its first digits say enough.
fn shortened(number: &str) -> String {
    const DIGITS: usize = 40;
    number.get(..DIGITS).map_or_else(|| number.to_owned(), |start| format!("{start}…"))
}
