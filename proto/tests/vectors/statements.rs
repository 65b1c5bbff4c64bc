//! Statements: names, signatures, grammar; and what they commit to.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;
use sampan_proto::body::{Body, pepper_commitment};
use sampan_proto::codec;
use sampan_proto::doc::{CertificateForm, DocKind};
use sampan_proto::genesis::Parameters;
use sampan_proto::governance::{Change, Govern, Ready};
use sampan_proto::ids::{Height, MemberId, RecordId, ReferenceKey, StatementId};
use sampan_proto::keys::{SecretKey, Signature};
use sampan_proto::member::Purpose;
use sampan_proto::proof::Binary;
use sampan_proto::protocol::Protocol;
use sampan_proto::statement::{
    Action, Application, DsseEnvelope, Finding, Issue, OnRecord, PAYLOAD_TYPE, Replacement, Replaces, SignedStatement,
    pae,
};
use sampan_proto::title::TitleAct;

use crate::sheet::{Json, hex, object, settle, text};
use crate::strict::verdicts;
use crate::support::cast::{self, CARRIER, CHAMBER, TRADER};
use crate::support::digest;
use crate::support::scene::{self, kilograms, note};
use crate::support::story::{self, ISSUE_INDEX, Story};

fn id(name: &str) -> MemberId {
    cast::id(name)
}

/// One statement of every kind, in the order of SPEC section 3.
fn actions(story: &Story) -> Vec<Action> {
    let record = RecordId(digest(0x21));
    let replaces = |how| Replaces { how, records: BTreeMap::from([(record, 5), (RecordId(digest(0x22)), 7)]) };
    let bill = Issue {
        holder: Some(id(TRADER)),
        replaces: Some(replaces(Replacement::Combination)),
        from_paper: Some(digest(0x23)),
        version: 2,
        ..story.bill_issue.clone()
    };
    let certificate = Issue {
        application: Some(record),
        draws: BTreeMap::from([(RecordId(digest(0x24)), kilograms("9840.5"))]),
        ..story.origin_issue.clone()
    };
    let Issue { claims, body, .. } = story.origin_issue.clone();
    let mut actions = vec![
        Action::from(story.bill_issue.clone()),
        Action::from(bill),
        Action::from(certificate),
        Action::Apply(Box::new(Application { claims, body, to: id(CHAMBER) })),
    ];
    let title = |act| match &act {
        TitleAct::Freeze { .. } | TitleAct::Unfreeze { .. } => Action::Title(OnRecord { record, seq: None, act }),
        _ => Action::title(record, 3, act),
    };
    actions.extend(scene::acts().into_iter().map(title));
    actions.push(title(scene::offer(true)));
    actions.extend(scene::origin_acts().into_iter().map(|act| Action::origin(record, 3, act)));
    let finding = |other| Finding { record, rule: note("X4"), says: note("weights differ"), other };
    actions.extend([None, Some(RecordId(digest(0x22)))].map(|other| Action::Finding(finding(other))));
    actions.extend(governance().map(Action::Govern));
    actions
}

fn governance() -> impl Iterator<Item = Govern> {
    let proposal = StatementId(digest(0x25));
    let newcomer = cast::member("far-trading", "Far Trading", "VN", sampan_proto::member::Role::Trader);
    let entry = cast::entry(newcomer.clone(), None);
    let key = |purpose| cast::key("far-trading", purpose).public();
    let consensus = cast::key("far-trading", Purpose::Consensus);
    let ready = Ready::sign(cast::genesis().chain, &id(TRADER), &consensus, cast::BEGIN_MS);
    let changes = [
        Change::Admit { member: Binary(newcomer), signature: entry.signature },
        Change::Suspend { member: id(TRADER), reason: note("court order 14/2026") },
        Change::Reinstate { member: id(TRADER), reason: note("lifted") },
        Change::RecoverKeys {
            member: id(TRADER),
            statement: key(Purpose::Statement),
            governance: key(Purpose::Governance),
        },
        Change::Seat { member: id(TRADER), power: 10, ready },
        Change::Unseat { member: id(TRADER), reason: note("its node is silent") },
        Change::Parameters(Parameters { heartbeat_ms: 5_000, ..Parameters::default() }),
        Change::Edition { list: note("HS"), edition: note("2028"), sha256: digest(0x26) },
        Change::Upgrade(Protocol { version: 2, from: Height(1_000) }),
    ];
    let until_ms = cast::BEGIN_MS + 86_400_000;
    let propose = changes.map(|change| Govern::Propose { change: Box::new(change), until_ms });
    let rotate = |retire| Govern::RotateKey { purpose: Purpose::Statement, add: key(Purpose::Statement), retire };
    propose.into_iter().chain([
        Govern::Vote { proposal, yes: true },
        Govern::Object { proposal },
        Govern::Enact { proposal },
        rotate(None),
        rotate(Some(cast::key(TRADER, Purpose::Statement).public())),
    ])
}

fn parses(payload: &[u8]) -> bool {
    SignedStatement { payload: payload.to_vec(), signatures: vec![] }.parse().is_ok()
}

/// A statement with its names; in `full` also the bytes that these are digests of.
fn named(name: &str, signed: &SignedStatement, story: &Story, full: bool) -> Json {
    let verified = signed.clone().verify(story.chain.genesis.chain).expect("verified");
    let said = verified.statement();
    let record = said.action.record(verified.id());
    let envelope = serde_json::to_string(&DsseEnvelope::from(signed)).expect("JSON");
    object([
        ("name", name.into()),
        ("payload", std::str::from_utf8(&signed.payload).expect("text").into()),
        ("pae", full.then(|| hex(pae(PAYLOAD_TYPE, &signed.payload))).into()),
        ("id", text(verified.id())),
        ("stored", full.then(|| hex(codec::encode(signed))).into()),
        ("envelope_id", text(verified.envelope())),
        ("envelope", envelope.into()),
        ("action", said.action.kind().as_str().into()),
        ("record", text(record)),
        ("body", said.action.body().map(|body| body.commitment.to_string()).into()),
        ("changed", verdicts(&signed.payload, [1, 0x20], parses).into()),
    ])
}

#[test]
fn statements() {
    let story = Story::tell();
    let chain = &story.chain;
    let mut good = Vec::new();
    let mut kinds = BTreeSet::new();
    let mut payloads = Vec::new();
    for action in actions(&story) {
        let key = cast::key(TRADER, action.purpose());
        let statement = chain.statement(TRADER, 9, action);
        let signed = SignedStatement::sign(&statement, &[&key]).expect("signed");
        kinds.insert(statement.action.kind());
        payloads.push(String::from_utf8(signed.payload.clone()).expect("text"));
        let full = good.is_empty();
        good.push(named(statement.action.kind().as_str(), &signed, &story, full));
    }
    assert_eq!(kinds.len(), sampan_proto::statement::ActionKind::ALL.len() - 3, "all but those that others bring");
    let keys = [Purpose::Statement, Purpose::Governance].map(|purpose| cast::key(CARRIER, purpose));
    let statement = chain.statement(CARRIER, 1, Action::from(story.bill_issue.clone()));
    let twice = SignedStatement::sign(&statement, &[&keys[0], &keys[1]]).expect("signed");
    good.push(named("two signatures", &twice, &story, true));
    settle(
        "statements.json",
        &[
            ("chain", vec![text(chain.genesis.chain)]),
            ("statements", good),
            ("envelopes_refused", envelopes(&story)),
            ("payloads", grammar(&payloads)),
        ],
    );
}

/// Envelopes whose form, network or signatures are wrong.
fn envelopes(story: &Story) -> Vec<Json> {
    let chain = story.chain.genesis.chain;
    let good = DsseEnvelope::from(&story.chain.statements[&ISSUE_INDEX]);
    let mut cases = Vec::new();
    let mut bad = |name: &str, envelope: DsseEnvelope| {
        let verified = SignedStatement::try_from(envelope.clone()).and_then(|signed| signed.verify(chain));
        assert!(verified.is_err(), "{name}");
        let envelope = serde_json::to_string(&envelope).expect("JSON");
        cases.push(object([("name", name.into()), ("envelope", envelope.into())]));
    };
    bad("another payload type", DsseEnvelope { payload_type: "application/json".to_owned(), ..good.clone() });
    bad("payload without padding", DsseEnvelope { payload: good.payload.replace('=', ""), ..good.clone() });
    let (head, rest) = story.chain.statements[&ISSUE_INDEX].payload.split_at(1);
    let pieces = BASE64.encode(head) + &BASE64.encode(rest);
    bad("payload in two padded pieces", DsseEnvelope { payload: pieces, ..good.clone() });
    bad("no signature", DsseEnvelope { signatures: vec![], ..good.clone() });
    bad(
        "a signature twice",
        DsseEnvelope { signatures: [good.signatures.clone(), good.signatures.clone()].concat(), ..good.clone() },
    );
    let mut changed = good.clone();
    let Signature::Ed25519(bytes) = &mut changed.signatures[0].sig;
    bytes[40] ^= 1;
    bad("a bad signature", changed);
    let mut foreign = good;
    foreign.signatures[0].keyid = cast::key(TRADER, Purpose::Statement).public();
    bad("another key", foreign);
    let key = |seed: u8| SecretKey::from_seed([seed; 32]);
    let statement = story.chain.statement(CARRIER, 1, Action::from(story.bill_issue.clone()));
    let by = |count: u8| {
        let payload = serde_json::to_vec(&statement).expect("JSON");
        let message = pae(PAYLOAD_TYPE, &payload);
        let signature =
            |seed| sampan_proto::statement::DsseSignature { keyid: key(seed).public(), sig: key(seed).sign(&message) };
        DsseEnvelope {
            signatures: (1..=count).map(signature).collect(),
            ..DsseEnvelope::from(&SignedStatement { payload, signatures: vec![] })
        }
    };
    assert!(SignedStatement::try_from(by(4)).and_then(|signed| signed.verify(chain)).is_ok());
    bad("five signatures", by(5));
    let mut elsewhere = statement;
    elsewhere.chain.0 = digest(9);
    let signed = SignedStatement::sign(&elsewhere, &[&cast::key(CARRIER, Purpose::Statement)]).expect("signed");
    bad("another network", DsseEnvelope::from(&signed));
    cases
}

/// Payloads that keep the grammar and payloads that do not; nothing about signatures.
struct Grammar<'a> {
    good: &'a [String],
    cases: Vec<Json>,
}

impl Grammar<'_> {
    fn by_action(&self, name: &str) -> String {
        let found = self.good.iter().find(|payload| payload.contains(&format!("\"{name}\":")));
        found.unwrap_or_else(|| panic!("a payload with {name}")).clone()
    }

    fn case(&mut self, name: &str, payload: String, accepted: bool) {
        assert_eq!(parses(payload.as_bytes()), accepted, "{name}: {payload}");
        self.cases.push(object([("name", name.into()), ("payload", payload.into()), ("accepted", accepted.into())]));
    }

    fn edit(&mut self, name: &str, base: &str, from: &str, to: &str, accepted: bool) {
        let changed = base.replacen(from, to, 1);
        assert_ne!(changed, base, "{name}: the case changes something");
        self.case(name, changed, accepted);
    }

    fn forms(&mut self) {
        let title = self.by_action("transfer");
        self.edit("as it is, with blanks", &title, "{\"version\":1,", "{ \"version\" :\n1\t,", true);
        self.edit("a key escaped", &title, "\"seq\"", "\"\\u0073eq\"", true);
        self.edit("an unknown field", &title, "{\"version\":1", "{\"version\":1,\"extra\":0", false);
        self.edit("an unknown field inside", &title, "{\"to\":", "{\"note\":\"x\",\"to\":", false);
        self.edit("a field twice", &title, "\"seq\":3", "\"seq\":3,\"seq\":3", false);
        self.edit("a field twice, once escaped", &title, "\"seq\":3", "\"seq\":3,\"\\u0073eq\":3", false);
        self.edit("a field missing", &title, "\"version\":1,", "", false);
        self.edit("no seq", &title, "\"seq\":3,", "", true);
        self.edit("null for what is left out", &title, "\"seq\":3", "\"seq\":null", false);
        self.edit("a fraction", &title, "\"seq\":3", "\"seq\":3.0", false);
        self.edit("an exponent", &title, "\"seq\":3", "\"seq\":3e0", false);
        self.edit("a negative integer", &title, "\"seq\":3", "\"seq\":-3", false);
        self.edit("a negative zero", &title, "\"seq\":3", "\"seq\":-0", false);
        self.edit("2^53", &title, "\"seq\":3", "\"seq\":9007199254740992", true);
        self.edit("2^53 + 1", &title, "\"seq\":3", "\"seq\":9007199254740993", false);
        self.edit("text for an integer", &title, "\"seq\":3", "\"seq\":\"3\"", false);
        self.edit("true for an integer", &title, "\"seq\":3", "\"seq\":true", false);
        self.edit("version 2", &title, "\"version\":1", "\"version\":2", false);
        self.edit("an array for an object", &title, "{\"to\":\"far-trading\"}", "[\"far-trading\"]", false);
        self.edit("two actions", &title, "{\"title\":", "{\"issue\":{},\"title\":", false);
        self.edit("no action", &title, "\"action\":{", "\"action\":{},\"x\":{", false);
        self.edit("an unknown act", &title, "\"transfer\"", "\"sell\"", false);
        self.edit("a member id in capitals", &title, "far-trading", "Far-trading", false);
        self.edit("a digest in capitals", &title, &"21".repeat(32), &"2A".repeat(32), false);
        self.edit("a nonce of 15 bytes", &title, &"09".repeat(16), &"09".repeat(15), false);
        let accept = self.by_action("accept-offer");
        self.edit("an act as a word", &accept, "{\"accept-offer\":{}}", "\"accept-offer\"", false);
        self.edit(
            "an act of nothing with something",
            &accept,
            "\"accept-offer\":{}",
            "\"accept-offer\":{\"to\":\"abc\"}",
            false,
        );
    }

    fn notes(&mut self) {
        let void = self.by_action("void");
        let reason = "\"issued by mistake\"";
        self.edit("a note with a bracket and null", &void, reason, &noted("[null]"), true);
        self.edit("a note of 255 characters", &void, reason, &noted(&"\u{6d77}".repeat(255)), true);
        self.edit("a note of 256 characters", &void, reason, &noted(&"x".repeat(256)), false);
        self.edit("no note", &void, reason, "\"\"", false);
        self.edit("a note with a blank in front", &void, reason, &noted(" x"), false);
        self.edit("a note with an ideographic blank behind", &void, reason, &noted("x\u{3000}"), false);
        self.edit("a note of two lines", &void, reason, &noted("a\\nb"), false);
        self.edit("a note with a line separator", &void, reason, &noted("a\u{2028}b"), false);
        self.edit("a note with a mark of direction", &void, reason, &noted("a\u{202e}b"), false);
        self.edit("a note that is not in NFC", &void, reason, &noted("e\u{301}"), false);
        self.edit("a note with half a surrogate pair", &void, reason, &noted("\\ud800"), false);
        self.edit("a note with an escaped pair", &void, reason, &noted("\\ud83d\\udea2"), true);
    }

    fn values(&mut self) {
        let payment =
            self.good.iter().find(|payload| payload.contains("\"payment\"")).expect("an offer against payment").clone();
        for (amount, accepted) in [
            ("0", true),
            ("0.000000001", true),
            ("999999999999999.999999999", true),
            ("1000000000000000", false),
            ("0.0000000001", false),
            ("01", false),
            ("1.0", false),
            ("1.", false),
            (".5", false),
            ("+1", false),
            ("1e3", false),
        ] {
            self.edit(&format!("the amount {amount}"), &payment, "\"31200\"", &noted(amount), accepted);
        }
        self.edit("an amount as a number", &payment, "\"31200\"", "31200", false);
        self.edit("a currency of four letters", &payment, "\"USD\"", "\"USDT\"", false);
        let used = self.by_action("used");
        for (number, accepted) in [
            ("0", true),
            ("65535", true),
            ("65536", false),
            ("01", false),
            ("+1", false),
            ("", false),
            ("\\u0031", true),
        ] {
            self.edit(&format!("item `{number}`"), &used, "{\"1\":", &format!("{{\"{number}\":"), accepted);
        }
        for (unit, accepted) in [("KG", true), ("5", true), ("KGMS", false), ("kgm", false), ("", false)] {
            self.edit(&format!("unit `{unit}`"), &used, "\"KGM\"", &noted(unit), accepted);
        }
        let issue = self.by_action("certificate-of-origin");
        self.edit("an issue that draws on nothing", &issue, "\"draws\":{", "\"draws\":{},\"x\":{", false);
        for (day, accepted) in [
            ("2028-02-29", true),
            ("2027-02-29", false),
            ("2027-13-01", false),
            ("2027-1-01", false),
            ("0000-02-29", true),
        ] {
            self.edit(&format!("expiry on {day}"), &issue, "2027-11-19", day, accepted);
        }
        self.edit("an unknown scheme", &issue, "\"ACFTA\"", "\"CPTPP\"", false);
        self.edit("a country in small letters", &issue, "\"CN\"", "\"cn\"", false);
    }

    fn sizes(&mut self) {
        let title = self.by_action("transfer");
        let sealed = self.by_action("sha256");
        let encrypted = |size: usize| {
            let remark = format!("{{\"encrypted\":\"{}\"}}", data_encoding::BASE64.encode(&vec![7; size]));
            sealed.replacen(&format!("{{\"sha256\":\"{}\"}}", digest(8)), &remark, 1)
        };
        assert!(encrypted(1).contains("encrypted"), "the remark is replaced");
        for (size, accepted) in [(0, false), (1, true), (120, true), (121, false)] {
            self.case(&format!("an encrypted remark of {size} bytes"), encrypted(size), accepted);
        }
        let admit = self.by_action("admit");
        let member = data_encoding::BASE64.encode(&codec::encode(&cast::member(
            "far-trading",
            "Far Trading",
            "VN",
            sampan_proto::member::Role::Trader,
        )));
        let longer = data_encoding::BASE64
            .encode(&[data_encoding::BASE64.decode(member.as_bytes()).expect("base64"), vec![0]].concat());
        self.edit("an entry with a byte behind", &admit, &member, &longer, false);
        let rotate = self.by_action("rotate-key");
        self.edit("a key of another suite", &rotate, "ed25519:", "ed448:", false);
        self.case(
            "too large",
            title.replacen("\"version\":1", &format!("\"version\":1{}", " ".repeat(8_192)), 1),
            false,
        );
        self.case("something behind", format!("{title} x"), false);
        self.case("nothing", String::new(), false);
    }
}

/// Text in quotation marks.
fn noted(text: &str) -> String {
    format!("\"{text}\"")
}

fn grammar(good: &[String]) -> Vec<Json> {
    let mut grammar = Grammar { good, cases: Vec::new() };
    grammar.forms();
    grammar.notes();
    grammar.values();
    grammar.sizes();
    grammar.cases
}

/// Documents with what their issuers must say of them.
#[test]
fn bodies() {
    let form = |form: CertificateForm| {
        (form.as_str(), DocKind::CertificateOfOrigin, form.example().as_bytes().to_vec(), CHAMBER)
    };
    let mut documents =
        vec![("bill", DocKind::BillOfLading, story::body(DocKind::BillOfLading, CARRIER).bytes, CARRIER)];
    documents.extend(CertificateForm::ALL.iter().copied().map(form));
    let bill = String::from_utf8(documents[0].2.clone()).expect("text");
    let bill = |from: &str, to: &str| {
        let changed = bill.replacen(from, to, 1);
        assert_ne!(changed, bill, "the case changes something");
        changed.into_bytes()
    };
    let weight = "\"value\": 9840.5";
    documents.extend([
        ("a weight with an exponent", DocKind::BillOfLading, bill(weight, "\"value\": 98.4050e+2"), CARRIER),
        ("a weight that no double holds", DocKind::BillOfLading, bill(weight, "\"value\": 9840.500000001"), CARRIER),
        ("a number spelled otherwise", DocKind::BillOfLading, bill("\"SPLNGB2611047\"", "\"spl ngb\u{ff12}611\u{200b}047\""), CARRIER),
        ("fields of one's own", DocKind::BillOfLading, bill("{", "{ \"\u{20ac}\": [1e21, -0.0, 1e-7, 123456789012345680000, 4.35, null], \"\\u0080\": \"\\u000f\\/<\u{1f600}\", \"\u{1f600}\": 1, \"\u{fb33}\": 2,"), CARRIER),
    ]);
    let case = |(name, kind, bytes, issuer): (&str, DocKind, Vec<u8>, &str)| {
        let body = Body { bytes, ..story::body(kind, issuer) };
        let checked =
            sampan_proto::doc::check(kind, &body.bytes).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        let reference = sampan_proto::body::reference_key(&body.pepper, &id(issuer), &checked.reference);
        let second = sampan_proto::doc::Reference { version: 2, ..checked.reference.clone() };
        let second: ReferenceKey = sampan_proto::body::reference_key(&body.pepper, &id(issuer), &second);
        object([
            ("name", name.into()),
            ("kind", text(kind)),
            ("borsh", hex(codec::encode(&body))),
            ("commitment", text(body.commitment())),
            ("jcs_sha256", text(checked.jcs_sha256)),
            ("pepper_commitment", text(pepper_commitment(&body.pepper))),
            ("issuer", issuer.into()),
            ("number", checked.reference.number.as_str().into()),
            ("reference", text(reference)),
            ("reference_of_version_2", text(second)),
            ("claims", serde_json::to_string(&checked.claims).expect("JSON").into()),
        ])
    };
    settle("bodies.json", &[("bodies", documents.into_iter().map(case).collect())]);
}
