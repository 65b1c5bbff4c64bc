//! The quantity account: what a certificate certified can be used once.

use std::collections::BTreeMap;

use super::act::ItemAmounts;
use super::refuse;
use super::state::Origin;
use crate::doc::{Amount, Amounts, Unit};
use crate::ids::RecordId;
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

/// Whether a back-to-back certificate certifies no more than it draws, over all its items and originals (ATIGA Annex 8
/// r.11, RCEP art. 3.19(e)). Originals number their items in their own way, so it is the sums that are compared. In a
/// unit that is not drawn nothing can be compared; an item that has only such units would be certified out of nothing.
///
/// # Errors
/// [`Code::QuantityImbalance`], its path relative to the items.
pub fn covered(certified: &ItemAmounts, draws: &BTreeMap<RecordId, ItemAmounts>) -> Result<(), Reject> {
    let taken = sum(draws.values().flat_map(BTreeMap::values))?;
    let total = sum(certified.values())?;
    let beyond = |(unit, most): (&Unit, &Amount)| total.0.get(unit).is_some_and(|amount| amount > most);
    if taken.0.iter().any(beyond) {
        return refuse(Code::QuantityImbalance, format!("{total} certified, {taken} drawn"));
    }
    let comparable = |amounts: &Amounts| {
        let counts = |(unit, amount): (&Unit, &Amount)| *amount != Amount::ZERO && taken.0.contains_key(unit);
        amounts.is_zero() || amounts.0.iter().any(counts)
    };
    match certified.iter().find(|(_, amounts)| !comparable(amounts)) {
        Some((number, amounts)) => {
            let detail = format!("{amounts} certified, {taken} drawn: no unit in common");
            Err(Reject::new(Code::QuantityImbalance, format!("$.{}", number.0), detail))
        }
        None => Ok(()),
    }
}

fn sum<'a>(mut all: impl Iterator<Item = &'a Amounts>) -> Result<Amounts, Reject> {
    let sum = all.try_fold(Amounts::default(), |sum, amounts| sum.plus(amounts));
    sum.ok_or_else(|| Reject::new(Code::QuantityImbalance, "$", "more than can be added"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::ItemNumber;
    use crate::hash::Hash32;

    /// Items from 1 on, each a list of amounts such as `6000 KGM, 240 PCE`.
    fn items(all: &[&str]) -> ItemAmounts {
        let one = |text: &str| {
            let (amount, unit) = text.split_once(' ').expect("an amount");
            (unit.parse().expect("unit"), amount.parse().expect("amount"))
        };
        let amounts = |text: &&str| Amounts(text.split(", ").filter(|text| !text.is_empty()).map(one).collect());
        (1..).map(ItemNumber).zip(all.iter().map(amounts)).collect()
    }

    #[test]
    fn no_more_is_certified_than_drawn_and_nothing_out_of_nothing() {
        let judge = |certified: &[&str], draws: &[&[&str]]| {
            let draws = (1..).zip(draws).map(|(id, drawn)| (RecordId(Hash32([id; 32])), items(drawn))).collect();
            covered(&items(certified), &draws).map_err(|reject| (reject.code, reject.path))
        };
        let refused = |path: &str| Err((Code::QuantityImbalance, path.to_owned()));
        assert_eq!(judge(&["6000 KGM"], &[&["6000 KGM"]]), Ok(()));
        assert_eq!(judge(&["5999.9 KGM"], &[&["6000 KGM"]]), Ok(()), "less than it draws is its own loss");
        assert_eq!(judge(&["6000.1 KGM"], &[&["6000 KGM"]]), refused("$"));
        assert_eq!(judge(&["4000 KGM", "2000 KGM"], &[&["1000 KGM"], &["2000 KGM", "3000 KGM"]]), Ok(()), "sums");
        assert_eq!(judge(&["4000 KGM", "2000.1 KGM"], &[&["1000 KGM"], &["2000 KGM", "3000 KGM"]]), refused("$"));
        assert_eq!(judge(&["6000 KGM, 240 PCE"], &[&["6000 KGM"]]), Ok(()), "pieces were not drawn, the weight was");
        assert_eq!(judge(&["6000 KGM, 240 PCE"], &[&["6000 KGM, 239 PCE"]]), refused("$"));
        assert_eq!(judge(&["6000 KGM", "240 PCE"], &[&["6000 KGM"]]), refused("$.2"));
        assert_eq!(judge(&["6000 KGM", "0 KGM, 240 PCE"], &[&["6000 KGM"]]), refused("$.2"));
        assert_eq!(judge(&["6000 KGM", ""], &[&["6000 KGM"]]), Ok(()), "an item without amounts certifies none");
        let most = "999999999999999 KGM";
        assert_eq!(judge(&["1 KGM"], &[&[most], &["1 KGM"]]), refused("$"), "more than can be added");
    }
}
