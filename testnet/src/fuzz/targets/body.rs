//! Documents. The answer to the same bytes is always the same; a document that is accepted stays the same document with a
//! blank behind it, and its number and claims are what they were; one that is refused gets a place and a reason, which is
//! never that table and view of the schema disagree. A stored body is its one encoding.

use sampan_proto::body::Body;
use sampan_proto::doc::{self, CertificateForm, Checked, DocKind, Refusal, Severity};
use sampan_proto::limits;

use super::{Target, canonical};
use crate::fuzz::vectors;

/// The rule of a document that the schema takes and the view cannot read: our own mistake.
const DISAGREE: &str = "schema.shape";

pub(super) struct Bodies;

impl Bodies {
    fn document(kind: DocKind, bytes: &[u8]) {
        let answer = doc::check(kind, bytes);
        assert_eq!(doc::check(kind, bytes), answer, "another answer to the same bytes");
        match answer {
            Ok(checked) => Self::accepted(kind, bytes, &checked),
            Err(refusal) => Self::refused(&refusal),
        }
    }

    fn accepted(kind: DocKind, bytes: &[u8], checked: &Checked) {
        assert!(bytes.len() <= limits::BODY_BYTES, "larger than a document may be");
        assert!(checked.findings.iter().all(|finding| finding.severity != Severity::Refuse), "accepted and refused");
        assert_eq!(doc::jcs_sha256(bytes), Ok(checked.jcs_sha256.0), "two digests of one document");
        if bytes.len() < limits::BODY_BYTES {
            assert_eq!(doc::check(kind, &[bytes, b"\n"].concat()).as_ref(), Ok(checked), "a blank changes it");
        }
        let claims = serde_json::to_vec(&checked.claims).expect("claims have a JSON form");
        let again = serde_json::from_slice(&claims).ok();
        assert_eq!(again.as_ref(), Some(&checked.claims), "claims that cannot be signed as they are");
    }

    fn refused(refusal: &Refusal) {
        assert!(!refusal.findings().is_empty(), "refused without a reason");
        for finding in refusal.findings() {
            assert!(finding.path.starts_with('$') && !finding.detail.is_empty(), "no place or no reason: {finding:?}");
            assert_ne!(finding.rule, DISAGREE, "the schema takes what the view cannot read: {finding:?}");
        }
    }
}

impl Target for Bodies {
    fn seeds(&self) -> Vec<Vec<u8>> {
        let stored = vectors::bytes("bodies.json", "bodies", "borsh").unwrap_or_default();
        let documents = stored.iter().filter_map(|stored| borsh::from_slice::<Body>(stored).ok());
        let forms = CertificateForm::ALL.iter().map(|form| form.example());
        let examples = forms.chain([doc::template(DocKind::BillOfLading)]).map(|text| text.as_bytes().to_vec());
        documents.map(|body| body.bytes).chain(examples).chain(stored.clone()).collect()
    }

    fn take(&self, bytes: &[u8]) {
        for kind in DocKind::ALL {
            Self::document(*kind, bytes);
        }
        let _ = canonical::<Body>(bytes, limits::BODY_BYTES + 1_024);
    }
}
