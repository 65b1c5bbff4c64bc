//! Execution, frozen: one history, made from a seed, leads to one header on every build and machine. Another header
//! is another protocol version, or a fork.

use sampan_proto::ids::RecordId;
use sampan_proto::record::Record;
use sampan_proto::title::{self, TitleAct};

use super::super::fixtures::Network;

/// Hash of the last header of the history below.
const LAST: &str = "c0eb274182c94a7fdf2bfd035dfbed9377bbab0043609af26c082beb77177f62";

/// Numbers as Knuth's MMIX generator gives them.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

const PEOPLE: [&str; 5] = ["ningbo-tools", "harbour-bank", "klang-import", "sampan-line", "cn-customs"];

fn act(numbers: &mut Numbers) -> TitleAct {
    let to = || PEOPLE[0].parse().expect("id");
    let note = || "as agreed".parse().expect("a note");
    let someone = PEOPLE[numbers.below(4)].parse().expect("id");
    match numbers.below(9) {
        0..=3 => TitleAct::Transfer { to: someone },
        4 => TitleAct::Pledge { bank: "harbour-bank".parse().expect("id"), goods: sampan_proto::hash::Hash32([7; 32]) },
        5 => TitleAct::Surrender { to: "sampan-line".parse().expect("id"), purpose: title::Purpose::Delivery },
        6 => TitleAct::Freeze { reason: note() },
        7 => TitleAct::RejectSurrender { reason: note() },
        _ => TitleAct::Endorse { to: to(), to_order: true },
    }
}

#[test]
fn the_same_history_leads_to_the_same_header_on_every_build() {
    let (mut net, mut numbers) = (Network::new(), Numbers(2_026));
    let mut records: Vec<RecordId> = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for block in 0..40u64 {
        let mut documents = Vec::new();
        if block % 4 == 0 {
            let bill = net.issue_bill(&format!("SMPN{block:04}"), PEOPLE[numbers.below(3)]);
            records.push(Record::id_of(bill.statement().id()));
            documents.push(bill);
        }
        if block % 7 == 0 {
            documents.push(net.issue_form_e("ccpit-ningbo", &format!("E26330000000{block:04}"), "ningbo-tools"));
        }
        for _ in 0..4 {
            let record = records[numbers.below(records.len())];
            let seq = net.state.records.get(&record).map_or(1, |record| record.seq);
            let by = PEOPLE[numbers.below(PEOPLE.len())];
            documents.push(net.title(by, record, seq, act(&mut numbers)));
        }
        let (_, answers) = net.block(&documents);
        accepted += answers.iter().filter(|answer| answer.is_ok()).count();
        refused += answers.iter().filter(|answer| answer.is_err()).count();
    }
    assert!(accepted > 25 && refused > 25, "{accepted} accepted, {refused} refused: both happen");
    assert_eq!(net.tip.hash.0.to_string(), LAST, "{accepted} accepted, {refused} refused");
}
