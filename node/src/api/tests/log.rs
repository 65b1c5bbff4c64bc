use axum::http::header;
use sampan_proto::checkpoint::{Consistency, LogAt, Note};
use sampan_proto::codec;
use sampan_proto::entry::Entry;
use sampan_proto::ids::Height;
use sampan_proto::merkle::frontier::Frontier;
use sampan_proto::proof::{BUNDLE_MEDIA_TYPE, Bundle};
use sampan_proto::reject::Code;

use super::fixture::{Answer, EXPORTER, IMPORTER, Solo};

/// Three statements in blocks of their own: entries 0 to 5.
async fn told() -> Solo {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2650001")).await;
    solo.finish(&solo.transfer(EXPORTER, &ticket, 1, IMPORTER)).await;
    solo.finish(&solo.issue("SPLNGB2650002")).await;
    solo
}

fn caching(answer: &Answer) -> &str {
    answer.headers[header::CACHE_CONTROL].to_str().expect("text")
}

/// Entries behind their lengths.
fn entries(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(codec::decode(entry, entry.len()).expect("an entry"));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_rebuilds_the_log_from_tiles_and_trusts_the_roster_only() {
    let solo = told().await;
    let answer = solo.get("/v1/log/checkpoint").await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    let note = Note::parse(&answer.bytes).expect("a checkpoint");
    let (header, certificate) = note.quorum().expect("decided");
    certificate.verify(solo.state.genesis.chain, &solo.state.genesis.roster).expect("by the roster");
    let LogAt { size, root } = note.checkpoint.log;
    assert_eq!(size, 6);

    let hashes = solo.get("/v1/log/tile/0/000.p/6").await;
    assert_eq!((hashes.bytes.len(), caching(&hashes)), (6 * 32, "public, max-age=60"));
    let bundle = solo.get("/v1/log/tile/entries/000.p/6").await;
    let mut mirror = Frontier::new();
    for (entry, hash) in entries(&bundle.bytes).iter().zip(hashes.bytes.chunks(32)) {
        assert_eq!(entry.leaf_hash().as_bytes(), hash);
        mirror.append(entry.leaf_hash());
    }
    assert_eq!((mirror.size(), mirror.root()), (size, root));
    assert_eq!(header.log_root, root);
    assert_eq!(solo.get("/v1/log/tile/0/000.p/4").await.bytes, hashes.bytes[..4 * 32], "as it was with four");
    assert_eq!(entries(&solo.get("/v1/log/tile/entries/000.p/1").await.bytes).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_tile_or_not_there_is_told_apart() {
    let solo = told().await;
    for path in
        ["0/000", "0/000.p/7", "0/001.p/1", "1/000.p/1", "entries/000", "entries/000.p/7", "entries/x018/446.p/1"]
    {
        let problem = solo.get(format!("/v1/log/tile/{path}")).await.problem();
        assert_eq!(problem.known_code(), Some(Code::NotFound), "{path}");
        assert!(problem.detail.contains("the log has 6 entries"), "{problem:?}");
    }
    for path in ["0/0", "8/000", "0/000.p/0", "0/000.p/256", "entries/0", "entries/-1", "x/000"] {
        let problem = solo.get(format!("/v1/log/tile/{path}")).await.problem();
        assert_eq!(problem.known_code(), Some(Code::RequestMalformed), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_entry_is_proven_against_any_later_header() {
    let solo = told().await;
    let mut seen = 0;
    for height in 1..=solo.state.store.tip().height.0 {
        let answer = solo.get(format!("/v1/log/head?height={height}")).await;
        assert_eq!(answer.headers[header::CONTENT_TYPE], BUNDLE_MEDIA_TYPE);
        let head: Bundle = answer.json();
        solo.proven(&head);
        let header = &head.head.header.0;
        assert_eq!(header.height, Height(height));
        for index in 0..header.log_size {
            let bundle: Bundle = solo.get(format!("/v1/receipts/{index}?against={height}")).await.json();
            solo.proven(&bundle);
            assert_eq!(bundle.entry.map(|part| part.path.0.index), Some(index));
            assert_eq!(bundle.head, head.head);
            seen += 1;
        }
        let late = solo.get(format!("/v1/receipts/{}?against={height}", header.log_size)).await.problem();
        assert_eq!(late.known_code(), Some(Code::NotFound));
    }
    assert!(seen >= 2 + 4 + 6, "{seen}");
    let act: Bundle = solo.get("/v1/receipts/1").await.json();
    solo.proven(&act);
    let statement = act.receipt.expect("a statement's own entry").statement;
    let id = sampan_proto::statement::SignedStatement::try_from(statement).expect("read").id();
    let named: Bundle = solo.get(format!("/v1/receipts/{id}?against=latest")).await.json();
    assert!(named.receipt.is_some());
    let block: Bundle = solo.get("/v1/receipts/0?against=latest").await.json();
    assert!(block.receipt.is_none() && block.entry.is_some());
    for bad in ["/v1/receipts/0?against=soon", "/v1/receipts/-1", "/v1/receipts/0?height=1"] {
        assert_eq!(solo.get(bad).await.problem().known_code(), Some(Code::RequestMalformed), "{bad}");
    }
    assert_eq!(solo.get("/v1/log/head?height=1000000").await.problem().known_code(), Some(Code::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_two_headers_logs_are_connected() {
    let solo = told().await;
    let newest = solo.state.store.tip().height.0;
    let mut logs = Vec::new();
    for height in 1..=newest {
        let head: Bundle = solo.get(format!("/v1/log/head?height={height}")).await.json();
        logs.push(LogAt::from(&head.head.header.0));
    }
    for (i, old) in logs.iter().enumerate() {
        for new in &logs[i..] {
            let uri = format!("/v1/log/consistency?from={}&to={}", old.size, new.size);
            let proof: Consistency = solo.get(uri).await.json();
            assert_eq!(proof.connects(old, new), Ok(()));
        }
    }
    let whole: Consistency = solo.get("/v1/log/consistency?from=0").await.json();
    assert_eq!((whole.verify(), whole.to), (Ok(()), logs[logs.len() - 1]));
    for (query, code) in
        [("from=7", Code::RequestMalformed), ("from=4&to=2", Code::RequestMalformed), ("from=1&to=7", Code::NotFound)]
    {
        assert_eq!(
            solo.get(format!("/v1/log/consistency?{query}")).await.problem().known_code(),
            Some(code),
            "{query}"
        );
    }
}
