use std::time::Duration;

use axum::http::header;
use sampan_proto::api::{HeaderView, HistoryView, MembersView, NodeStatus, ProposalsView};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::proof::{BUNDLE_MEDIA_TYPE, Bundle};
use sampan_proto::reject::Code;
use sampan_proto::statement::Action;

use super::super::ops::quorum_in_reach;
use super::fixture::{BANK, CARRIER, CUSTOMS, EXPORTER, IMPORTER, LOCAL, Solo};
use crate::metrics::monotonic;

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_can_be_read_and_proven() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2610001")).await;
    solo.finish(&solo.transfer(EXPORTER, &ticket, 1, IMPORTER)).await;
    let record = ticket.record;

    let history: HistoryView = solo.get(format!("/v1/records/{record}/history")).await.json();
    assert_eq!(history.record.seq, 2);
    let actors: Vec<_> = history.acts.iter().map(|act| act.statement.member.as_str()).collect();
    assert_eq!(actors, [CARRIER, EXPORTER]);
    let Action::Issue(issue) = &history.acts[0].statement.action else { panic!("an issue comes first") };
    let first = history.acts[0].index;
    let older: HistoryView = solo.get(format!("/v1/records/{record}/history?at={first}")).await.json();
    assert_eq!((older.acts.len(), older.older, history.older), (1, None, None), "up to that act");
    let problem = solo.get(format!("/v1/records/{record}/history?at=1000000")).await.problem();
    assert_eq!((problem.known_code(), problem.path.as_str()), (Some(Code::NotFound), "$.at"));

    let mut bundles = Vec::new();
    for uri in [
        format!("/v1/records/{record}/status"),
        format!("/v1/records/{record}/bundle"),
        format!("/v1/references/{CARRIER}/{}", issue.reference),
        format!("/v1/references/{CARRIER}/{record}"),
        format!("/v1/members/{BANK}"),
        format!("/v1/records/{}/status", issue.reference),
        format!("/v1/records/{record}/status?goods={}", issue.reference),
    ] {
        let answer = solo.get(&uri).await;
        assert_eq!(answer.headers[header::CONTENT_TYPE], BUNDLE_MEDIA_TYPE, "{uri}");
        let bundle: Bundle = answer.json();
        solo.proven(&bundle);
        bundles.push(bundle);
    }
    assert_eq!(bundles[1].history.len(), 2);
    assert_eq!(bundles[2].reference.as_ref().and_then(|part| part.record), Some(record));
    assert_eq!(bundles[3].reference.as_ref().map(|part| part.record), Some(None), "never issued");
    assert_eq!(bundles[5].status.as_ref().map(|part| part.record.is_none()), Some(true), "no such record");
    assert_eq!(bundles[6].goods.as_ref().map(|part| part.record), Some(None), "nothing is pledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_members_and_genesis_are_as_decided() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2610002")).await;
    let newest: HeaderView = solo.get("/v1/headers/latest").await.json();
    assert_eq!(newest.hash, newest.header.hash());
    assert!(newest.certificate.verify(solo.state.genesis.chain, &solo.state.genesis.roster).is_ok());
    let answer = solo.get("/v1/headers/1").await;
    assert!(answer.headers[header::CACHE_CONTROL].to_str().expect("text").contains("immutable"));
    assert_eq!(answer.json::<HeaderView>().statements, [ticket.statement]);
    let problem = solo.get("/v1/headers/1000000").await.problem();
    assert_eq!(problem.known_code(), Some(Code::NotFound));
    assert!(problem.detail.contains("the newest is"), "{problem:?}");

    let members: MembersView = solo.get("/v1/members").await.json();
    assert_eq!(members.members, solo.state.genesis.members);
    assert_eq!(solo.get("/v1/members/nobody-here").await.problem().known_code(), Some(Code::NotFound));
    let genesis = solo.get("/v1/genesis").await;
    assert_eq!(Genesis::from_bytes(&genesis.bytes).expect("genesis"), *solo.state.genesis);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_ends_at_the_next_block_or_when_its_time_is_up() {
    let solo = Solo::start();
    let began = monotonic();
    let early: NodeStatus = solo.get("/v1/node?after=1000&wait_s=1").await.json();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!((early.chain, early.validator), (solo.state.genesis.chain, true));
    assert_eq!(early.member.as_ref().map(sampan_proto::ids::MemberId::as_str), Some(CUSTOMS));
    let issue = solo.issue("SPLNGB2610003");
    let poll = format!("/v1/node?after={}&wait_s=30", early.height);
    let (later, _) = tokio::join!(solo.get(poll), solo.submit(&issue));
    let later: NodeStatus = later.json();
    assert!(later.height > early.height && began.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_block_nothing_is_proven_and_the_node_says_so() {
    let solo = Solo::start();
    if solo.state.store.tip().height > Height::GENESIS {
        return; // A slow machine let the heartbeat pass.
    }
    let answer = solo.get(format!("/v1/records/{}/status", "0".repeat(64))).await;
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    assert_eq!(answer.problem().known_code(), Some(Code::NotReady));
    assert_eq!(
        solo.get(format!("/v1/records/{}", "0".repeat(64))).await.problem().known_code(),
        Some(Code::UnknownRecord)
    );
    assert_eq!(solo.get("/v1/headers/latest").await.problem().known_code(), Some(Code::NotReady));
    assert_eq!(solo.get("/healthz").await.bytes, b"ok\n");
    assert_eq!(solo.get("/readyz").await.bytes, b"ready\n", "a network of one is ready at genesis");
    assert!(String::from_utf8_lossy(&solo.get("/metrics").await.bytes).contains("sampan_roster_size 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_ready_when_a_quorum_is_in_reach() {
    let solo = Solo::start();
    let (genesis, customs) = (&solo.state.genesis, CUSTOMS.parse().expect("id"));
    let reach =
        |voter, connected: &[_]| quorum_in_reach(genesis.members.iter(), &genesis.roster, Height(1), voter, connected);
    assert!(reach(Some(&customs), &[]));
    assert!(!reach(None, &[]), "a node that does not vote needs the validator");
    let network = |member: &sampan_proto::member::Member| {
        let mut keys = member.keys_at(sampan_proto::member::Purpose::Network, Height(1));
        crate::net::peer_id(keys.next().expect("key"))
    };
    let of = |id: &str| network(genesis.members.iter().find(|m| m.id.as_str() == id).expect("member"));
    assert!(reach(None, &[of(CUSTOMS)]));
    assert!(!reach(None, &[of(BANK), of(CARRIER)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_exist_is_not_found() {
    let solo = Solo::start();
    let id: RecordId = "7".repeat(64).parse().expect("id");
    for uri in ["", "/history", "/bundle", "/body"] {
        let problem = solo.get(format!("/v1/records/{id}{uri}")).await.problem();
        assert_eq!(problem.known_code(), Some(Code::UnknownRecord), "{uri}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_for_whoever_may_read_both_documents_and_of_a_pair() {
    let solo = Solo::start();
    let one = solo.finish(&solo.issue("SPLNGB2610011")).await.record;
    let two = solo.finish(&solo.issue("SPLNGB2610012")).await.record;
    let uri = format!("/v1/records/{one}/findings/{two}");
    assert_eq!(solo.get(&uri).await.problem().known_code(), Some(Code::NotDisclosed), "asked from elsewhere");
    let here = axum::http::Request::get(&uri).body(axum::body::Body::empty()).expect("request");
    let problem = solo.ask(LOCAL, here).await.problem();
    assert_eq!(problem.known_code(), Some(Code::NotAPair), "two bills");
    let unknown = format!("/v1/records/{one}/findings/{}", "7".repeat(64));
    let here = axum::http::Request::get(&unknown).body(axum::body::Body::empty()).expect("request");
    assert_eq!(solo.ask(LOCAL, here).await.problem().known_code(), Some(Code::UnknownRecord));
    let proposals: ProposalsView = solo.get("/v1/proposals").await.json();
    assert!(proposals.proposals.is_empty());
    let none = solo.get(format!("/v1/proposals/{}", "7".repeat(64))).await.problem();
    assert_eq!(none.known_code(), Some(Code::UnknownProposal));
}
