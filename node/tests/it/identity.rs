//! One identity, one node: a copy, a backup and a stranger with our key.

use sampan_node::engine::Provenance;
use sampan_node::fault::Fatal;
use sampan_node::net::Publication;
use sampan_proto::api::NodeStatus;
use sampan_proto::genesis::Parameters;
use sampan_proto::ids::Height;
use sampan_proto::vote::{Signed, Vote, VoteType};
use sampan_proto::wire::ConsensusMessage;

use crate::harness::{Network, PATIENCE};
use crate::peer::Peer;

/// Blocks come by themselves, so that silence ends.
fn lively() -> Parameters {
    Parameters { heartbeat_ms: 300, ..Parameters::default() }
}

async fn votes(net: &Network, i: usize) -> bool {
    net.get_json::<NodeStatus>(i, "/v1/node").await.validator
}

/// Follows the chain until node `i` votes; gives the height at which it says so.
async fn votes_again(net: &Network, i: usize) -> Height {
    let wait = async {
        let mut height = Height(0);
        loop {
            let status = net.reaches(i, height.next()).await;
            if status.validator {
                return status.height;
            }
            height = status.height;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it votes in the end")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_never_votes_while_the_original_runs_and_says_so() {
    let mut net = Network::new(4, 1, lively());
    for i in 0..4 {
        net.start(i).await;
    }
    net.reaches(0, Height(2)).await;
    net.stop(0).await;
    // The copy has the data and the consensus key of node 0, on a machine of its own.
    net.impersonate(4, 0);
    net.start(0).await;
    net.start(4).await;
    assert!(votes(&net, 0).await, "the original was stopped and started: it votes");
    assert!(!votes(&net, 4).await, "the copy does not");
    let fault = net.stops(4).await;
    assert!(matches!(fault, Fatal::SharedKey { .. }), "{fault}");
    assert!(fault.to_string().contains("another node votes"), "{fault}");
    assert!(fault.hint().contains("stop one of the two"), "{}", fault.hint());
    let height = net.reaches(1, Height(0)).await.height;
    net.reaches(0, height.next()).await;
    assert!(votes(&net, 0).await, "the original goes on");
    for i in 0..4 {
        assert_eq!(net.metric(i, "sampan_equivocations_total").await, 0, "nobody said two things");
    }
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_and_an_empty_disk_vote_again_once_newer_heights_are_decided() {
    let mut net = Network::new(4, 0, lively());
    net.start_all().await;
    net.reaches(3, Height(2)).await;
    net.stop(3).await;
    net.copy_data(3, "backup");
    net.start(3).await;
    let before = net.reaches(3, Height(4)).await.height;
    net.stop(3).await;
    net.restore_data(3, "backup");
    net.start(3).await;
    assert!(!votes(&net, 3).await);
    assert_eq!(net.metric(3, "sampan_voting").await, 0);
    // A restart does not give the vote back.
    net.stop(3).await;
    net.start(3).await;
    assert!(!votes(&net, 3).await);
    let height = votes_again(&net, 3).await;
    assert!(height > before.next());
    assert_eq!(net.metric(3, "sampan_voting").await, 1);
    // Three of four must vote now, and it is one of them.
    net.stop(0).await;
    let height = net.reaches(3, Height(0)).await.height;
    net.reaches(3, height.next().next()).await;
    net.stop(3).await;
    net.start(3).await;
    assert!(votes(&net, 3).await, "and it keeps the vote");
    // The disk is lost, and a new one knows nothing: the first block shows that the network is older.
    net.stop(3).await;
    std::fs::remove_dir_all(net.data_dir(3)).expect("removed");
    net.start(3).await;
    let height = net.reaches(1, Height(0)).await.height;
    assert!(!net.reaches(3, height).await.validator);
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_log_costs_the_vote_and_the_operators_word_gives_it_back() {
    let mut net = Network::new(4, 0, lively());
    net.start_all().await;
    net.reaches(3, Height(2)).await;
    net.stop(3).await;
    std::fs::remove_file(net.data_dir(3).join("consensus.wal")).expect("a log");
    net.start(3).await;
    assert!(!votes(&net, 3).await);
    net.stop(3).await;
    net.start_from(3, Provenance::Vouched).await;
    assert!(votes(&net, 3).await);
    net.stop(3).await;
    net.start_from(3, Provenance::Restored).await;
    assert!(!votes(&net, 3).await);
    net.stop_all().await;
}

/// A key that somebody else uses while the node itself votes.
#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_hears_its_own_key_speak_elsewhere_stops() {
    let mut net = Network::new(4, 1, Parameters { heartbeat_ms: 60_000, ..Parameters::default() });
    net.start(0).await;
    let key = net.consensus_key(0);
    let thief = Peer::join(&net, net.network_key(4), &[0]).await;
    let vote = |height, by: &sampan_proto::keys::SecretKey| {
        let (chain, validator) = (net.genesis.chain, by.public());
        let vote = Vote { chain, vote_type: VoteType::Prevote, height, round: 0, block: None, validator };
        Publication::Consensus(ConsensusMessage::Vote(Signed::sign(vote, by)))
    };
    // Another validator's vote is what it is for.
    thief.say(vote(Height(1), &net.consensus_key(1)));
    assert!(votes(&net, 0).await);
    thief.say(vote(Height(2), &key));
    let fault = net.stops(0).await;
    assert!(matches!(fault, Fatal::SharedKey { height: Height(2), .. }), "{fault}");
    net.start(0).await;
    assert!(!votes(&net, 0).await, "and the next start is a silent one");
    thief.net.shutdown().await;
    net.stop_all().await;
}
