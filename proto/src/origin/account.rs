//! The quantity account: what a certificate certified can be used once.

use super::act::ItemAmounts;
use super::state::Origin;
use crate::doc::Amounts;
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
