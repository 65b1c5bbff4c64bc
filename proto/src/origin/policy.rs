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
pub fn check_times(scheme: Scheme) -> CheckTimes {
    let ninety = |edition, source| CheckTimes { reply_days: 90, close_days: 180, edition, source };
    match scheme {
        Scheme::Acfta => ninety("2026-11", "ACFTA procedures, as practised (text not opened: to be confirmed)"),
        Scheme::Atiga => ninety("2021-09", "ATIGA Annex 8, rule 18"),
        Scheme::Rcep => ninety("2022-01", "RCEP art. 3.24: 30 to 90 days to answer, 90 to 180 to decide"),
        Scheme::NonPref => ninety("2026-11", "no agreement says: as for preferential certificates"),
    }
}
