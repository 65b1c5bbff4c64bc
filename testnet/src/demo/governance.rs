//! The network grows: an exporter of another country is admitted by three of four agencies, a bank turns over its
//! key, and a member that may not act any more is refused.

use anyhow::{Context, Result};
use sampan_node::setup::{self, MemberPlan};
use sampan_proto::member::Role;
use serde_json::Value;

use super::desk::{does, may_not, record};
use super::scene::{Scene, exits, text};
use super::story::Story;
use crate::cluster::cast::{BANK, CARRIER, IMPORTER};
use crate::cluster::handle;

/// The exporter that joins.
const NEWCOMER: &str = "hai-phong-tools";

/// The whole of it.
pub(super) async fn tell(scene: &Scene, story: &mut Story) -> Result<()> {
    admitted(scene, story).await?;
    turned_over(scene, story).await?;
    suspended(scene, story).await
}

/// An agency's act of governance, with its offline key.
pub(super) async fn governs(scene: &Scene, story: &mut Story, who: &str, node: usize, args: &[&str]) -> Result<Value> {
    let daily = &scene.cluster.person(who)?.key_file;
    let key = daily.with_file_name(setup::GOVERNANCE_KEY);
    let said = scene.signing(&key, node, args).await?;
    let words: Vec<&str> = args.iter().filter(|arg| !arg.contains('/') && arg.len() < 64).copied().collect();
    exits(story, &format!("`sampan {}` by {who}", words.join(" ")), &said, 0)?;
    said.json()
}

/// The statement that an answer names.
pub(super) fn statement(answer: &Value) -> Result<String> {
    let id = answer.get("statement").and_then(Value::as_str);
    Ok(id.with_context(|| format!("the answer names no statement: {answer}"))?.to_owned())
}

async fn admitted(scene: &Scene, story: &mut Story) -> Result<()> {
    story.step("An exporter of Viet Nam asks to join; three of four agencies admit it");
    let plan = MemberPlan {
        id: handle(NEWCOMER)?,
        name: "Hải Phòng Tools".to_owned(),
        country: "VN".parse()?,
        roles: [Role::Trader].into(),
        power: None,
    };
    let made = setup::create_member(&scene.file(NEWCOMER), &plan)?;
    let entry = made.dir.join(setup::ENTRY_FILE);
    let proposed = governs(scene, story, "cn-customs", 0, &["gov", "propose", "admit", text(&entry)?]).await?;
    let proposal = statement(&proposed)?;
    let file = scene.file("credit-bl.json");
    let mut bill: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    bill["transportDocumentReference"] = "SMPN2640091".into();
    std::fs::write(&file, serde_json::to_vec_pretty(&bill)?)?;
    let issue = ["issue", text(&file)?, "--to", NEWCOMER, "--holder", NEWCOMER];
    may_not(scene, story, CARRIER, 0, &issue, "unknown_recipient").await?;
    governs(scene, story, "my-customs", 1, &["gov", "vote", &proposal, "yes"]).await?;
    governs(scene, story, "sg-customs", 2, &["gov", "vote", &proposal, "yes"]).await?;
    let said = does(scene, story, CARRIER, 3, &issue).await?;
    let holder = scene.record(1, &record(&said)?).await?.possessor;
    story.same("the new member holds a bill", &holder, &Some(handle(NEWCOMER)?))
}

async fn turned_over(scene: &Scene, story: &mut Story) -> Result<()> {
    story.step("A bank turns over its daily key; the old one signs nothing any more");
    let new = scene.file("bank-2027.key.json");
    let made = scene.offline(&["keys", "new", "--member", BANK, "--output", text(&new)?, "--json"]).await?;
    exits(story, "`sampan keys new` makes the next key", &made, 0)?;
    let public = |answer: &Value| answer.get("public").and_then(Value::as_str).map(str::to_owned);
    let answer = made.json()?;
    let add = public(&answer).with_context(|| format!("the answer names no key: {answer}"))?;
    let old = scene.cluster.person(BANK)?.key.secret.public().to_string();
    let rotate = ["gov", "rotate-key", "--purpose", "statement", "--add", &add, "--retire", &old];
    governs(scene, story, BANK, 2, &rotate).await?;
    let finding = ["title", "remark", &"0".repeat(64), "--seq", "1", "--file", text(&new)?];
    may_not(scene, story, BANK, 2, &finding, "key_revoked").await
}

async fn suspended(scene: &Scene, story: &mut Story) -> Result<()> {
    story.step("A member loses its licence: it may not act until it is reinstated");
    let suspend = ["gov", "propose", "suspend", IMPORTER, "--reason", "licence ended"];
    let proposal = statement(&governs(scene, story, "th-customs", 3, &suspend).await?)?;
    for (who, node) in [("cn-customs", 0), ("my-customs", 1)] {
        governs(scene, story, who, node, &["gov", "vote", &proposal, "yes"]).await?;
    }
    let act = ["title", "prove-control", &"0".repeat(64), "--seq", "1", "--challenge", &"ab".repeat(16)];
    may_not(scene, story, IMPORTER, 0, &act, "member_suspended").await
}
