use axum::http::StatusCode;
use sampan_proto::api::{Batch, BatchResults, RecordView, StatementStatus, Submission, SubmitResult, Ticket};
use sampan_proto::evidence::{self, Evidence};
use sampan_proto::proof::Bundle;
use sampan_proto::reject::Code;
use sampan_proto::statement::SignedStatement;

use super::fixture::{BANK, CARRIER, EXPORTER, IMPORTER, Solo, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_becomes_final_and_its_receipt_proves_it() {
    let solo = Solo::start();
    let submission = solo.issue("SPLNGB2600001");
    let ticket = solo.finish(&submission).await;
    let receipt: Bundle = solo.get(format!("/v1/receipts/{}", ticket.statement)).await.json();
    solo.proven(&receipt);
    let view: RecordView = solo.get(format!("/v1/records/{}", ticket.record)).await.json();
    assert_eq!(view.record.possessor, Some(EXPORTER.parse().expect("id")));
    assert!(solo.state.metrics.encode().contains("route=\"/v1/statements\",status=\"202\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_again_is_harmless_and_answered_with_the_receipt() {
    let solo = Solo::start();
    let submission = solo.issue("SPLNGB2600002");
    let first: Ticket = solo.submit(&submission).await.json();
    let again = solo.submit(&submission).await;
    // Still waiting, or final already: both are good answers to a client that lost the first.
    if again.status == StatusCode::ACCEPTED {
        let second: Ticket = again.json();
        assert_eq!((second.statement, second.record), (first.statement, first.record));
    }
    solo.get(format!("/v1/statements/{}?wait_s=20", first.statement)).await;
    let problem = solo.submit(&submission).await.problem();
    assert_eq!(problem.known_code(), Some(Code::StatementAlreadyExecuted));
    let receipt = problem.proof.expect("the receipt");
    assert!(receipt.receipt.is_some());
    solo.proven(&receipt);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_second_gets_the_proof_of_what_came_first() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2600003")).await;

    let problem = solo.submit(&solo.issue("SPLNGB2600003")).await.problem();
    assert_eq!(problem.known_code(), Some(Code::ReferenceAlreadyIssued));
    let proof = problem.proof.expect("the reference");
    assert_eq!(proof.reference.as_ref().and_then(|part| part.record), Some(ticket.record));
    solo.proven(&proof);

    solo.finish(&solo.transfer(EXPORTER, &ticket, 1, IMPORTER)).await;
    assert!(solo.offences().await.is_empty(), "a number that is sent again is no offence");
    for (by, seq, code) in [(EXPORTER, 1, Code::WrongSeq), (EXPORTER, 2, Code::NotPossessor)] {
        let problem = solo.submit(&solo.transfer(by, &ticket, seq, BANK)).await.problem();
        assert_eq!(problem.known_code(), Some(code));
        let proof = problem.proof.expect("the record");
        let status = proof.status.as_ref().and_then(|part| part.record.as_ref()).expect("it exists");
        assert_eq!(status.0.possessor, Some(IMPORTER.parse().expect("id")));
        solo.proven(&proof);
    }
    let [offence] = solo.offences().await.try_into().expect("sold to two");
    assert_eq!(offence.kind, "statements");
    let evidence: Evidence = solo.get(format!("/v1/evidence/{}", offence.id)).await.json();
    let (ladder, proven) = evidence::verify(&evidence, &solo.state.genesis);
    let proven = proven.unwrap_or_else(|| panic!("{ladder:#?}"));
    assert_eq!(proven.members, [EXPORTER.parse().expect("id")]);
    let metrics = solo.state.metrics.encode();
    assert!(metrics.contains("sampan_double_dealings_total 1") && metrics.contains("sampan_equivocations_total 0"));
}

/// Both were good when they came; the block took one. The other learns what it lost to.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_statement_comes_back_with_the_proof_of_what_stood_in_its_way() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2600200")).await;
    let mut rivals = vec![solo.transfer(EXPORTER, &ticket, 1, IMPORTER), solo.transfer(EXPORTER, &ticket, 1, BANK)];
    rivals.extend([solo.issue("SPLNGB2600201"), solo.issue("SPLNGB2600201")]);
    let answer: BatchResults = solo.post("/v1/statements/batch", json(&Batch { submissions: rivals })).await.json();
    let mut dropped = Vec::new();
    for result in &answer.results {
        let SubmitResult::Ticket(accepted) = result else { panic!("all are good as yet: {result:?}") };
        let status = solo.get(format!("/v1/statements/{}?wait_s=20", accepted.statement)).await.json();
        match status {
            StatementStatus::Final { .. } => {}
            StatementStatus::Dropped { problem } => dropped.push((accepted.clone(), problem)),
            other => panic!("settled within its time: {other:?}"),
        }
    }
    let codes: Vec<_> = dropped.iter().map(|(_, problem)| problem.known_code()).collect();
    assert_eq!(codes, [Some(Code::WrongSeq), Some(Code::ReferenceAlreadyIssued)]);
    let proofs: Vec<Bundle> = dropped.iter().map(|(_, problem)| *problem.proof.clone().expect("a proof")).collect();
    for proof in &proofs {
        solo.proven(proof);
    }
    let record = proofs[0].status.as_ref().and_then(|part| part.record.as_ref()).expect("the bill");
    assert_eq!((record.0.id, record.0.seq), (ticket.record, 2), "somebody else has it now");
    let issued = proofs[1].reference.as_ref().and_then(|part| part.record).expect("the number is taken");
    assert_ne!(issued, dropped[1].0.record, "by the other issue");
    let kinds: Vec<_> = solo.offences().await.into_iter().map(|offence| offence.kind).collect();
    assert_eq!(kinds, ["statements"], "the bill was signed over to two; the number was only sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_each_in_order() {
    let solo = Solo::start();
    let good = solo.issue("SPLNGB2600004");
    let mut broken = solo.issue("SPLNGB2600005");
    broken.statement.payload_type = "application/json".to_owned();
    let mut torn = solo.issue("SPLNGB2600006");
    torn.body = None;
    let last = solo.issue("SPLNGB2600007");
    let batch = Batch { submissions: vec![good.clone(), broken, torn, good, last] };
    let answer: BatchResults = solo.post("/v1/statements/batch", json(&batch)).await.json();
    let words = answer.results.iter().map(|result| match result {
        SubmitResult::Ticket(_) => "ticket",
        SubmitResult::Problem(problem) => problem.code.as_str(),
    });
    assert_eq!(words.collect::<Vec<_>>(), ["ticket", "envelope_malformed", "body_missing", "ticket", "ticket"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_cannot_fill_the_node_and_each_answer_is_its_own() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2600100")).await;
    let mut many: Vec<Submission> = (1..8).map(|i| solo.issue(&format!("SPLNGB26001{i:02}"))).collect();
    many.push(solo.transfer(EXPORTER, &ticket, 1, IMPORTER));
    let ids: Vec<_> = many.iter().map(|s| SignedStatement::try_from(s.statement.clone()).expect("read").id()).collect();
    let answer: BatchResults = solo.post("/v1/statements/batch", json(&Batch { submissions: many })).await.json();
    let mut refused = 0;
    for (i, (result, id)) in answer.results.iter().zip(ids).enumerate() {
        match result {
            SubmitResult::Ticket(ticket) => assert_eq!(ticket.statement, id, "{i}"),
            SubmitResult::Problem(problem) => {
                assert_eq!(problem.code, "member_quota");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 4, "three of the carrier's may wait: {answer:?}");
    assert!(matches!(answer.results[7], SubmitResult::Ticket(_)), "the exporter waits for nobody");
    assert!(solo.state.metrics.encode().contains("sampan_refused_total{code=\"member_quota\"} 4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_nobody_sent_is_unknown_and_no_receipt_exists() {
    let solo = Solo::start();
    let id = "0".repeat(64);
    let status: StatementStatus = solo.get(format!("/v1/statements/{id}")).await.json();
    assert_eq!(status, StatementStatus::Unknown);
    let problem = solo.get(format!("/v1/receipts/{id}")).await.problem();
    assert_eq!(problem.known_code(), Some(Code::NotFound));
    let other = solo.transfer(CARRIER, &solo.finish(&solo.issue("SPLNGB2600008")).await, 1, BANK);
    assert_eq!(solo.submit(&other).await.problem().known_code(), Some(Code::NotPossessor));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_hardly_any_disk_takes_nothing_and_still_answers() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2600201")).await;
    solo.state.space.look(1, 2);
    let problem = solo.submit(&solo.issue("SPLNGB2600202")).await;
    assert_eq!(problem.headers[axum::http::header::RETRY_AFTER], "1");
    let problem = problem.problem();
    assert_eq!((problem.status, problem.code.as_str()), (503, "disk_almost_full"));
    let view: RecordView = solo.get(format!("/v1/records/{}", ticket.record)).await.json();
    assert_eq!(view.record.seq, 1);
    solo.state.space.look(2, 2);
    solo.finish(&solo.issue("SPLNGB2600202")).await;
}
