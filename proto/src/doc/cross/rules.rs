//! The rules between documents.

use crate::doc::finding::{Rule, Severity};

const PRACTICE: &str = "Customs practice: certificate and transport document of one shipment agree";

const fn rule(code: &'static str, severity: Severity, source: &'static str, says: &'static str) -> Rule {
    Rule { code, severity, source, says }
}

pub(super) const VESSEL: Rule = rule("X1", Severity::Warn, PRACTICE, "the certificate's vessel is one of the bill's");
pub(super) const VOYAGE: Rule = rule("X2", Severity::Warn, PRACTICE, "the certificate's voyage is one of the bill's");
pub(super) const DEPARTURE: Rule = rule(
    "X3",
    Severity::Warn,
    PRACTICE,
    "the certificate's day of departure lies within three days of the bill's day on board",
);
pub(super) const RETROACTIVE: Rule = rule(
    "X4",
    Severity::Warn,
    "ATIGA Annex 8 rule 10, RCEP article 3.17.8; ACFTA by practice of customs, three days of grace",
    "a certificate issued after the bill's day on board and the days of grace is ticked as issued retroactively",
);
pub(super) const LOADING: Rule = rule("X5", Severity::Warn, PRACTICE, "the port of loading is the same");
pub(super) const DISCHARGE: Rule = rule("X6", Severity::Warn, PRACTICE, "the port of discharge is the same");
pub(super) const MORE_PACKAGES: Rule =
    rule("X7", Severity::Warn, PRACTICE, "the certificate covers no more packages than the bill");
pub(super) const FEWER_PACKAGES: Rule =
    rule("X8", Severity::Info, PRACTICE, "a bill may cover goods beyond those of the certificate");
pub(super) const MORE_WEIGHT: Rule =
    rule("X9", Severity::Warn, PRACTICE, "the certificate covers no more gross weight than the bill");
pub(super) const LESS_WEIGHT: Rule =
    rule("X10", Severity::Info, PRACTICE, "a bill may cover weight beyond that of the certificate");
pub(super) const TARIFF: Rule =
    rule("X11", Severity::Warn, PRACTICE, "each HS code of the certificate is, to six digits, one of the bill's");
pub(super) const EXPORTER: Rule =
    rule("X12", Severity::Warn, PRACTICE, "the exporter is the shipper, or who the shipper acts for");
pub(super) const CONSIGNEE: Rule = rule(
    "X13",
    Severity::Warn,
    PRACTICE,
    "the certificate's consignee is consignee, endorsee or notify party of the bill",
);
pub(super) const SCRIPT: Rule =
    rule("X14", Severity::Info, "Sampan", "names in different scripts are for people to compare");
pub(super) const MARKS: Rule = rule(
    "X15",
    Severity::Info,
    "ATIGA minor discrepancies, RCEP article 3.26",
    "the certificate's marks stand on the bill; small differences do not void it",
);
pub(super) const CONTAINER: Rule =
    rule("X16", Severity::Warn, PRACTICE, "a container that the certificate speaks of is on the bill");
pub(super) const THROUGH: Rule = rule(
    "C20",
    Severity::Warn,
    "ATIGA Annex 8 rule 21; direct consignment",
    "the bill covers the way from the issuing to the importing country, or more evidence is needed",
);
pub(super) const TWO_VOYAGES: Rule = rule("X20", Severity::Warn, "Sampan", "a container is on one voyage at a time");
pub(super) const SHARED: Rule =
    rule("X21", Severity::Info, "Sampan", "a container under two bills of one voyage holds goods of both");
pub(super) const INVOICE: Rule = rule(
    "X22",
    Severity::Warn,
    "Sampan",
    "an exporter's invoice stands on one certificate, or on one and those that stand on it",
);

/// The rules with their severities.
pub const RULES: &[Rule] = &[
    VESSEL,
    VOYAGE,
    DEPARTURE,
    RETROACTIVE,
    LOADING,
    DISCHARGE,
    MORE_PACKAGES,
    FEWER_PACKAGES,
    MORE_WEIGHT,
    LESS_WEIGHT,
    TARIFF,
    EXPORTER,
    CONSIGNEE,
    SCRIPT,
    MARKS,
    CONTAINER,
    THROUGH,
    TWO_VOYAGES,
    SHARED,
    INVOICE,
];
