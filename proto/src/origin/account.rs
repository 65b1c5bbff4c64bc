//! The quantity account: what a certificate certified can be used once.

use std::collections::BTreeMap;

use super::act::ItemAmounts;
use super::refuse;
use super::state::Origin;
use crate::doc::{Amount, Amounts, Unit};
use crate::limits::DRAWN_UNITS;
use crate::reject::{Code, Reject};

/// Takes `used` from an account.
///
/// # Errors
/// [`Code::AccountOverdrawn`] or [`Code::NoSuchItem`] at the item, with what is left.
pub fn draw(origin: &Origin, used: &ItemAmounts) -> Result<ItemAmounts, Reject> {
    let mut account = origin.account.clone();
    for (number, amounts) in used {
        let path = format!("$.{}", number.0);
        let Some(left) = account.get_mut(number) else {
            return Err(Reject::new(Code::NoSuchItem, path, format!("the certificate has no item {}", number.0)));
        };
        if amounts.is_zero() {
            return Err(Reject::new(Code::NoSuchItem, path, "nothing of it is used: leave the item out"));
        }
        *left = left.minus(amounts).ok_or_else(|| overdrawn(path, amounts, left))?;
    }
    Ok(account)
}

fn overdrawn(path: String, amounts: &Amounts, left: &Amounts) -> Reject {
    Reject::new(Code::AccountOverdrawn, path, format!("{amounts} asked for, {left} left"))
}

/// Whether a draw takes some of every unit in which the original certifies an item. A unit that is left out would be
/// left for another draw, and the same goods certified twice: once by weight and once by pieces. Nor is anything left of
/// an item once one of its units is used up.
///
/// # Errors
/// [`Code::QuantityImbalance`] at the item, naming the unit.
pub(super) fn in_every_unit(origin: &Origin, used: &ItemAmounts) -> Result<(), Reject> {
    for (number, amounts) in used {
        let certified = origin.certified.get(number).into_iter().flat_map(|amounts| &amounts.0);
        let left_out = |(unit, amount): &(&Unit, &Amount)| **amount != Amount::ZERO && !has(amounts, unit);
        if let Some((unit, _)) = certified.into_iter().find(left_out) {
            let left = origin.account.get(number).cloned().unwrap_or_default();
            let detail = format!("{amounts} drawn and no {unit}, in which the item is certified too ({left} left)");
            return Err(Reject::new(Code::QuantityImbalance, format!("$.{}", number.0), detail));
        }
    }
    Ok(())
}

fn has(amounts: &Amounts, unit: &Unit) -> bool {
    amounts.0.get(unit).is_some_and(|amount| *amount != Amount::ZERO)
}

/// What was drawn before, and these draws besides, by unit: originals number their items in their own way.
///
/// # Errors
/// [`Code::QuantityImbalance`] when it is more than can be added, or in more units than a record keeps.
pub fn drawn<'a>(before: &Amounts, draws: impl IntoIterator<Item = &'a ItemAmounts>) -> Result<Amounts, Reject> {
    let total = sum(before.clone(), draws.into_iter().flat_map(BTreeMap::values))?;
    if total.0.len() > DRAWN_UNITS {
        return refuse(Code::QuantityImbalance, format!("drawn in more than {DRAWN_UNITS} units"));
    }
    Ok(total)
}

/// Whether a back-to-back certificate certifies no more than it and its predecessors drew, over all its items and
/// originals (ATIGA Annex 8 r.11, RCEP art. 3.19(e)). A unit that was not drawn is one in which the originals certify
/// nothing, for [`in_every_unit`] saw to the rest: there nothing can be compared. An item that has only such units would
/// be certified out of nothing.
///
/// # Errors
/// [`Code::QuantityImbalance`], its path relative to the items.
pub fn covered(certified: &ItemAmounts, drawn: &Amounts) -> Result<(), Reject> {
    let total = sum(Amounts::default(), certified.values())?;
    let beyond = |(unit, most): (&Unit, &Amount)| total.0.get(unit).is_some_and(|amount| amount > most);
    if drawn.0.iter().any(beyond) {
        return refuse(Code::QuantityImbalance, format!("{total} certified, {drawn} drawn"));
    }
    let comparable = |amounts: &Amounts| amounts.is_zero() || drawn.0.keys().any(|unit| has(amounts, unit));
    match certified.iter().find(|(_, amounts)| !comparable(amounts)) {
        Some((number, amounts)) => {
            let detail = format!("{amounts} certified, {drawn} drawn: no unit in common");
            Err(Reject::new(Code::QuantityImbalance, format!("$.{}", number.0), detail))
        }
        None => Ok(()),
    }
}

fn sum<'a>(before: Amounts, mut all: impl Iterator<Item = &'a Amounts>) -> Result<Amounts, Reject> {
    let sum = all.try_fold(before, |sum, amounts| sum.plus(amounts));
    sum.ok_or_else(|| Reject::new(Code::QuantityImbalance, "$", "more than can be added"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::{ItemNumber, OriginClaims, Scheme};

    /// Items from 1 on, each a list of amounts such as `6000 KGM, 240 PCE`.
    fn items(all: &[&str]) -> ItemAmounts {
        let one = |text: &str| {
            let (amount, unit) = text.split_once(' ').expect("an amount");
            (unit.parse().expect("unit"), amount.parse().expect("amount"))
        };
        let amounts = |text: &&str| Amounts(text.split(", ").filter(|text| !text.is_empty()).map(one).collect());
        (1..).map(ItemNumber).zip(all.iter().map(amounts)).collect()
    }

    fn drawn_from(draws: &[&[&str]]) -> Result<Amounts, Reject> {
        let draws: Vec<_> = draws.iter().map(|drawn| items(drawn)).collect();
        drawn(&Amounts::default(), &draws)
    }

    #[test]
    fn no_more_is_certified_than_drawn_and_nothing_out_of_nothing() {
        let judge = |certified: &[&str], draws: &[&[&str]]| {
            let covered = drawn_from(draws).and_then(|drawn| covered(&items(certified), &drawn));
            covered.map_err(|reject| (reject.code, reject.path))
        };
        let refused = |path: &str| Err((Code::QuantityImbalance, path.to_owned()));
        assert_eq!(judge(&["6000 KGM"], &[&["6000 KGM"]]), Ok(()));
        assert_eq!(judge(&["5999.9 KGM"], &[&["6000 KGM"]]), Ok(()), "less than it draws is its own loss");
        assert_eq!(judge(&["6000.1 KGM"], &[&["6000 KGM"]]), refused("$"));
        assert_eq!(judge(&["4000 KGM", "2000 KGM"], &[&["1000 KGM"], &["2000 KGM", "3000 KGM"]]), Ok(()), "sums");
        assert_eq!(judge(&["4000 KGM", "2000.1 KGM"], &[&["1000 KGM"], &["2000 KGM", "3000 KGM"]]), refused("$"));
        assert_eq!(judge(&["6000 KGM, 240 PCE"], &[&["6000 KGM"]]), Ok(()), "the originals certify no pieces");
        assert_eq!(judge(&["6000 KGM, 240 PCE"], &[&["6000 KGM, 240 PCE"]]), Ok(()));
        assert_eq!(judge(&["6000 KGM, 240 PCE"], &[&["6000 KGM, 239 PCE"]]), refused("$"));
        assert_eq!(judge(&["6000 KGM", "240 PCE"], &[&["6000 KGM"]]), refused("$.2"));
        assert_eq!(judge(&["6000 KGM", "0 KGM, 240 PCE"], &[&["6000 KGM"]]), refused("$.2"));
        assert_eq!(judge(&["6000 KGM", ""], &[&["6000 KGM"]]), Ok(()), "an item without amounts certifies none");
        assert_eq!(judge(&["1 KGM"], &[&[]]), refused("$.1"));
        let most = "999999999999999 KGM";
        assert_eq!(judge(&["1 KGM"], &[&[most], &["1 KGM"]]), refused("$"), "more than can be added");
    }

    #[test]
    fn a_record_keeps_so_many_units_and_no_more() {
        let units = |count: usize| (0..count).map(|unit| format!("1 {unit}")).collect::<Vec<_>>().join(", ");
        assert!(drawn_from(&[&[&units(DRAWN_UNITS)], &[&units(DRAWN_UNITS)]]).is_ok(), "the same units again");
        let beyond = drawn_from(&[&[&units(DRAWN_UNITS + 1)]]).map_err(|reject| reject.code);
        assert_eq!(beyond, Err(Code::QuantityImbalance));
    }

    #[test]
    fn a_draw_leaves_out_no_unit_of_an_item() {
        let claims = |certified: &[&str]| OriginClaims {
            scheme: Scheme::Acfta,
            issuing_country: "CN".parse().expect("country"),
            importing_country: "MY".parse().expect("country"),
            expires: "2027-11-19".parse().expect("day"),
            items: items(certified),
        };
        let judge = |certified: &[&str], left: &[&str], used: &[&str]| {
            let origin = Origin { account: items(left), ..Origin::issued(&claims(certified), None) };
            in_every_unit(&origin, &items(used)).map_err(|reject| (reject.code, reject.path, reject.detail))
        };
        let both = ["9840.5 KGM, 240 H87"];
        let refused = |item: u8, detail: &str| Err((Code::QuantityImbalance, format!("$.{item}"), detail.to_owned()));
        assert_eq!(judge(&both, &both, &["6000 KGM, 146 H87"]), Ok(()));
        let pieces = "6000 KGM drawn and no H87, in which the item is certified too (240 H87, 9840.5 KGM left)";
        assert_eq!(judge(&both, &both, &["6000 KGM"]), refused(1, pieces));
        let none = "0 H87, 6000 KGM drawn and no H87, in which the item is certified too (240 H87, 9840.5 KGM left)";
        assert_eq!(judge(&both, &both, &["6000 KGM, 0 H87"]), refused(1, none), "nothing is as if left out");
        let weight = "1 H87 drawn and no KGM, in which the item is certified too (240 H87, 0 KGM left)";
        assert_eq!(judge(&both, &["0 KGM, 240 H87"], &["1 H87"]), refused(1, weight), "pieces of what is used up");
        let one_of_two = ["9840.5 KGM", "240 H87"];
        assert_eq!(judge(&one_of_two, &one_of_two, &["6000 KGM"]), Ok(()), "another item may be left out");
        assert_eq!(judge(&["9840.5 KGM, 0 H87"], &["9840.5 KGM, 0 H87"], &["6000 KGM"]), Ok(()), "none was certified");
    }
}
