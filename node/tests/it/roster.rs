//! The roster changes while the network runs: a validator joins and votes, another leaves, and nobody stops.

use sampan_proto::api::{HeaderView, ProposalView, ProposalsView};
use sampan_proto::genesis::Parameters;
use sampan_proto::governance::{Change, Ready, State};
use sampan_proto::ids::Height;
use sampan_proto::proof::{self, Bundle, Outcome, Policy, Verdict};

use crate::harness::{Network, PATIENCE};

/// Blocks come by themselves.
fn lively() -> Parameters {
    Parameters { heartbeat_ms: 300, ..Parameters::default() }
}

/// What gives the agency of node `i` a seat.
pub(crate) fn seat(net: &Network, i: usize) -> Change {
    let member = format!("customs-{i}").parse().expect("id");
    let ready = Ready::sign(net.genesis.chain, &member, &net.consensus_key(i), sampan_node::clock::now_ms());
    Change::Seat { member, power: 1, ready }
}

/// What takes it away.
pub(crate) fn unseat(i: usize) -> Change {
    let reason = "moves house".parse().expect("note");
    Change::Unseat { member: format!("customs-{i}").parse().expect("id"), reason }
}

/// Waits until node `i` votes, or does not.
async fn voting(net: &Network, i: usize, votes: bool) {
    let wait = async {
        let mut height = Height(0);
        loop {
            let status = net.reaches(i, height.next()).await;
            if status.validator == votes {
                return;
            }
            height = status.height;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("node {i}: voting never became {votes}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_validator_joins_decides_and_two_may_then_stop() {
    let mut net = Network::with_candidates(4, 3, lively());
    net.start_all().await;
    let (bill, issued, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(4, &bill).await.0, 202, "a candidate's node follows like any other");
    net.is_final(4, issued).await;
    for i in 4..7 {
        voting(&net, i, false).await;
        net.decide(seat(&net, i), &[0, 1, 2, 3, 4][..i - 1]).await;
        voting(&net, i, true).await;
        let told: ProposalsView = net.get_json(0, "/v1/proposals").await;
        assert_eq!((told.proposals.len(), told.proposals[0].state), (i - 3, State::Enacted));
        let id = told.proposals[0].id;
        assert_eq!(net.get_json::<ProposalView>(1, &format!("/v1/proposals/{id}")).await.proposal.yes.len(), i - 1);
        assert_eq!(net.metric(0, "sampan_roster_size").await, i as u64 + 1);
    }
    // Seven decide with five: two of the founders stop, and the newcomers carry on.
    net.stop(0).await;
    net.stop(1).await;
    let (transfer, moved) = net.transfer("klang-import", record, 1, "harbour-bank");
    let height = net.sent(6, &transfer, moved).await;
    let bundle: Bundle = net.get_json(6, &format!("/v1/records/{record}/bundle?body=true")).await;
    assert_eq!(bundle.trust_path.len(), 3);
    let ladder = proof::verify(&bundle, &net.genesis, &Policy::default());
    assert_eq!((ladder.outcome(), ladder.verdict("law")), (Outcome::Valid, Some(Verdict::Valid)), "{ladder:?}");
    // Whoever was away catches up over blocks that it knows the deciders of, and then does not.
    net.start(0).await;
    let (back, there) = (net.reaches(0, height).await, net.reaches(6, height).await);
    assert_eq!(back.log_root, there.log_root);
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_was_away_follows_over_a_change_of_the_roster_from_nothing() {
    let mut net = Network::with_candidates(4, 1, lively());
    for i in 0..4 {
        net.start(i).await;
    }
    net.reaches(0, Height(2)).await;
    // Seated before its node ever ran: it was not listening then, so it begins in silence.
    let seated = net.decide(seat(&net, 4), &[0, 1, 2]).await;
    net.reaches(0, seated.next().next()).await;
    net.start(4).await;
    assert_eq!(net.reaches(4, seated.next()).await.chain, net.genesis.chain);
    voting(&net, 4, true).await;
    // With it, four of five go on without one.
    net.stop(2).await;
    let height = net.reaches(4, Height(0)).await.height;
    net.reaches(4, height.next().next()).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_leaves_follows_and_comes_back() {
    let mut net = Network::new(5, 0, lively());
    net.start_all().await;
    let left = net.decide(unseat(4), &[0, 1, 2, 3]).await;
    voting(&net, 4, false).await;
    // A restart does not bring the vote back, and what the others decide is followed.
    net.stop(4).await;
    net.start(4).await;
    net.reaches(4, left.next().next()).await;
    voting(&net, 4, false).await;
    let back = net.decide(seat(&net, 4), &[0, 1, 2]).await;
    net.reaches(4, back).await;
    voting(&net, 4, true).await;
    for i in 0..5 {
        assert_eq!(net.metric(i, "sampan_equivocations_total").await, 0, "nobody said two things");
    }
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_change_while_the_network_runs() {
    let mut net = Network::new(4, 0, lively());
    net.start_all().await;
    let slower = Parameters { heartbeat_ms: 400, propose_timeout_ms: 700, ..lively() };
    let changed = net.decide(Change::Parameters(slower.clone()), &[0, 1, 2]).await;
    let one = net.reaches(3, changed.next().next()).await;
    let by = async |net: &Network, height: Height| {
        net.get_json::<HeaderView>(3, &format!("/v1/headers/{height}")).await.header.parameters_hash
    };
    assert_eq!((by(&net, changed).await, by(&net, one.height).await), (lively().hash(), slower.hash()));
    net.stop_all().await;
    net.start_all().await;
    let again = net.reaches(3, one.height.next()).await;
    assert!(again.time_ms >= one.time_ms + 400, "an empty block waits for the new heartbeat");
    assert_eq!(by(&net, again.height).await, slower.hash(), "a restart keeps them");
    net.stop_all().await;
}
