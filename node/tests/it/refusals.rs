//! A clear no: each bad input gets its own code, a path and a hint through HTTP, and leaves nothing behind.

use sampan_proto::api::{NodeStatus, Submission};
use sampan_proto::genesis::Parameters;
use sampan_proto::ids::Height;
use sampan_proto::keys::Signature;
use sampan_proto::member::{Member, Purpose};
use sampan_proto::statement::{DsseEnvelope, SignedStatement};

use crate::harness::Network;

fn quiet() -> Parameters {
    Parameters { heartbeat_ms: 60_000, ..Parameters::default() }
}

async fn refused(net: &Network, body: &[u8], status: u16, code: &str, path: &str) {
    let before: NodeStatus = net.get_json(0, "/v1/node").await;
    let (answered, problem) = net.submit_bytes(0, body).await;
    assert_eq!((answered, problem["code"].as_str()), (status, Some(code)), "{problem}");
    assert!(problem["path"].as_str().is_some_and(|at| at.starts_with(path)), "{problem}");
    assert!(problem["hint"].as_str().is_some_and(|hint| hint.len() > 10), "{problem}");
    let after: NodeStatus = net.get_json(0, "/v1/node").await;
    assert_eq!((after.mempool, after.height), (before.mempool, before.height), "{code} leaves nothing behind");
}

fn json(submission: &Submission) -> Vec<u8> {
    serde_json::to_vec(submission).expect("json")
}

fn bare(statement: &SignedStatement) -> Vec<u8> {
    json(&Submission { statement: DsseEnvelope::from(statement), body: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_input_gets_its_own_code_and_nothing_is_stored() {
    let mut net = Network::new(1, 0, quiet());
    net.start_all().await;
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    net.is_final(0, statement).await;

    refused(&net, b"{\"statement\":", 400, "json_malformed", "$").await;
    refused(&net, b"{\"statement\":1,\"statement\":2}", 400, "json_duplicate_key", "$.statement").await;
    refused(&net, &vec![b' '; 500 * 1024], 413, "json_too_large", "$").await;

    let (good, _) = net.transfer("klang-import", record, 1, "harbour-bank");
    let signed = SignedStatement::try_from(good.statement).expect("an envelope");
    let payload = String::from_utf8(signed.payload.clone()).expect("text");
    let edited = |from: &str, to: &str| {
        let changed = payload.replacen(from, to, 1);
        assert_ne!(changed, payload, "{from} occurs");
        bare(&net.sign_bytes("klang-import", changed.into_bytes()))
    };
    let chain = net.genesis.chain.to_string();
    refused(&net, &edited("\"seq\":1", "\"seq\":1,\"note\":1"), 422, "json_unknown_field", "$").await;
    refused(&net, &edited(&chain, &"0".repeat(64)), 422, "wrong_chain", "$").await;
    refused(&net, &edited("\"seq\":1", "\"seq\":7"), 409, "wrong_seq", "$.action.title.seq").await;
    let expiry = payload.split("\"not_after_ms\":").nth(1).and_then(|rest| rest.split(',').next()).expect("expiry");
    refused(&net, &edited(expiry, "1"), 422, "statement_expired", "$.not_after_ms").await;
    let foreign = net.sign_bytes("harbour-bank", signed.payload.clone());
    refused(&net, &bare(&foreign), 403, "unknown_key", "$.signatures[0]").await;
    let stranger = payload.replacen("\"klang-import\"", "\"nobody-here\"", 1);
    refused(&net, &bare(&net.sign_bytes("klang-import", stranger.into_bytes())), 403, "unknown_member", "$.member")
        .await;
    let mut forged = signed.clone();
    let Signature::Ed25519(bytes) = &mut forged.signatures[0].signature;
    bytes[40] ^= 1;
    refused(&net, &bare(&forged), 422, "bad_signature", "$").await;

    let (mut other, _, _) = net.bill("SMPN0002", "klang-import");
    if let Some(body) = &mut other.body {
        body.bytes.0.push(b' ');
    }
    refused(&net, &json(&other), 422, "body_mismatch", "$.body").await;
    other.body = None;
    refused(&net, &json(&other), 422, "body_missing", "$.body").await;
    let (fine, _, _) = net.bill("SMPN0003", "klang-import");
    let issue = SignedStatement::try_from(fine.statement.clone()).expect("an envelope");
    let issue = String::from_utf8(issue.payload).expect("text").replacen("\"sampan-line\"", "\"harbour-bank\"", 1);
    let by_bank = net.sign_bytes("harbour-bank", issue.into_bytes());
    let by_bank = Submission { statement: (&by_bank).into(), body: fine.body };
    refused(&net, &json(&by_bank), 403, "wrong_role", "$.member").await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_signs_nothing_any_more() {
    let retire = |member: &mut Member| {
        let statement_keys = member.keys.iter_mut().filter(|key| key.purpose == Purpose::Statement);
        if member.id.as_str() == "klang-import" {
            statement_keys.for_each(|key| key.valid_until = Some(Height(2)));
        }
    };
    let mut net = Network::founded(1, 0, quiet(), retire);
    net.start_all().await;
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    assert_eq!(net.is_final(0, statement).await, Height(1));
    // It is the possessor, but its key counts up to height 1.
    let (transfer, _) = net.transfer("klang-import", record, 1, "harbour-bank");
    refused(&net, &json(&transfer), 403, "key_revoked", "$.signatures[0]").await;
    net.stop_all().await;
}

/// One validator of four decides nothing, so what it takes in stays until there is no more room.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_fills_half_of_the_mempool_is_told_to_wait() {
    let mut net = Network::new(4, 0, quiet());
    net.set_mempool_bytes(0, 1024 * 1024);
    net.start(0).await;
    for i in 0..2 {
        let (bill, ..) = net.large_bill(&format!("SMPN100{i}"), "klang-import", 230 * 1024);
        assert_eq!(net.submit(0, &bill).await.0, 202);
    }
    let (bill, ..) = net.large_bill("SMPN1009", "klang-import", 230 * 1024);
    refused(&net, &json(&bill), 429, "member_quota", "$.member").await;
    net.stop_all().await;
}
