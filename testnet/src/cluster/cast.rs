//! Who takes part in a local network: agencies that validate, and people who trade.

use sampan_proto::member::Role;

use crate::usage::Unusable;

/// A member to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its handle.
    pub id: String,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Whether it runs a validator.
    pub validates: bool,
}

/// Carrier of the story.
pub const CARRIER: &str = "sampan-line";
/// Issuing authority of the story.
pub const AUTHORITY: &str = "ccpit-ningbo";
/// Exporter of the story; runs the first full node.
pub const EXPORTER: &str = "ningbo-tools";
/// Importer of the story.
pub const IMPORTER: &str = "klang-import";
/// Bank of the story.
pub const BANK: &str = "harbour-bank";
/// Another bank, which the same cargo is offered to.
pub const OTHER_BANK: &str = "straits-bank";
/// Issuing authority of a country on the way.
pub const TRANSIT_AUTHORITY: &str = "sg-chamber";

/// How the handles of a load's issuers begin.
pub const ISSUER: &str = "issuer-";

/// The customs agencies, in the order in which they are taken on as validators.
const AGENCIES: [(&str, &str, &str); 11] = [
    ("cn-customs", "General Administration of Customs (sample)", "CN"),
    ("my-customs", "Jabatan Kastam Diraja (sample)", "MY"),
    ("sg-customs", "Singapore Customs (sample)", "SG"),
    ("th-customs", "Thai Customs (sample)", "TH"),
    ("vn-customs", "Viet Nam Customs (sample)", "VN"),
    ("id-customs", "Bea dan Cukai (sample)", "ID"),
    ("ph-customs", "Bureau of Customs (sample)", "PH"),
    ("kh-customs", "Customs and Excise of Cambodia (sample)", "KH"),
    ("la-customs", "Lao Customs (sample)", "LA"),
    ("mm-customs", "Myanmar Customs (sample)", "MM"),
    ("bn-customs", "Royal Customs and Excise (sample)", "BN"),
];

/// The people, in the order in which they run full nodes.
const PEOPLE: [(&str, &str, &str, Role); 7] = [
    (EXPORTER, "Ningbo Tools Ltd", "CN", Role::Trader),
    (IMPORTER, "Klang Import Sdn Bhd", "MY", Role::Trader),
    (BANK, "Harbour Bank", "SG", Role::Bank),
    (CARRIER, "Sampan Line", "SG", Role::Carrier),
    (AUTHORITY, "CCPIT Ningbo", "CN", Role::IssuingAuthority),
    (OTHER_BANK, "Straits Bank", "SG", Role::Bank),
    (TRANSIT_AUTHORITY, "Singapore Chamber (sample)", "SG", Role::IssuingAuthority),
];

/// The first `count` agencies, as validators.
///
/// # Errors
/// When there are not so many.
pub fn validators(count: usize) -> Result<Vec<Part>, Unusable> {
    if !(1..=AGENCIES.len()).contains(&count) {
        return Err(Unusable::because(format!("1 to {} validators, not {count}", AGENCIES.len())));
    }
    let agency = |&(id, name, country): &(&str, &str, &'static str)| Part {
        id: id.to_owned(),
        name: name.to_owned(),
        country,
        roles: vec![Role::Customs],
        validates: true,
    };
    Ok(AGENCIES.iter().take(count).map(agency).collect())
}

/// The sample members.
#[must_use]
pub fn people() -> Vec<Part> {
    let person = |&(id, name, country, role): &(&str, &str, &'static str, Role)| Part {
        id: id.to_owned(),
        name: name.to_owned(),
        country,
        roles: vec![role],
        validates: false,
    };
    PEOPLE.iter().map(person).collect()
}

/// `count` more members that issue documents, for a load.
#[must_use]
pub fn issuers(count: usize) -> Vec<Part> {
    let issuer = |i| Part {
        id: format!("{ISSUER}{i:03}"),
        name: format!("Chamber and Line No. {i}"),
        country: "CN",
        roles: vec![Role::IssuingAuthority, Role::Carrier],
        validates: false,
    };
    (1..=count).map(issuer).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sampan_proto::ids::MemberId;
    use sampan_proto::member::Country;

    use super::*;

    #[test]
    fn every_part_can_be_a_member_and_no_two_share_a_handle() {
        let all = [validators(11).expect("agencies"), people(), issuers(100)].concat();
        let ids: BTreeSet<MemberId> = all.iter().map(|part| part.id.parse().expect("a handle")).collect();
        assert_eq!(ids.len(), 118);
        for part in &all {
            part.country.parse::<Country>().expect("a country");
        }
        assert!(validators(0).is_err() && validators(12).is_err());
    }
}
