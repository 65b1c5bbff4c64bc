//! Time limits as dated data: each row names its source and how sure we are of it.

use crate::doc::Scheme;

/// Times of a retroactive check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckTimes {
    /// Days for the issuer's answer.
    pub reply_days: u64,
    /// Days for the whole check.
    pub close_days: u64,
    /// Edition of the row.
    pub edition: &'static str,
    /// Where it comes from.
    pub source: &'static str,
}

/// The times under a scheme.
#[must_use]
pub const fn check_times(scheme: Scheme) -> CheckTimes {
    match scheme {
        Scheme::Acfta => CheckTimes {
            reply_days: 90,
            close_days: 180,
            edition: "2026-11",
            source: "ACFTA operational certification procedures, as practised (text not opened: to be confirmed)",
        },
    }
}
