//! People at their desks: each act is a command of the people's tool, and each refusal has its code and proof.

use anyhow::{Context, Result};
use sampan_proto::ids::RecordId;
use serde_json::Value;

use super::scene::{Scene, exits, text};
use super::story::Story;

/// A member acts; the act is final and its receipt verified.
pub(super) async fn does(scene: &Scene, story: &mut Story, who: &str, node: usize, args: &[&str]) -> Result<Value> {
    let said = scene.acting(who, node, &[args, &["--bundle", "-"]].concat()).await?;
    exits(story, &told(who, args), &said, 0)?;
    said.json()
}

/// A member acts against the law and is refused with `code`.
pub(super) async fn may_not(
    scene: &Scene,
    story: &mut Story,
    who: &str,
    node: usize,
    args: &[&str],
    code: &str,
) -> Result<()> {
    let said = scene.acting(who, node, &[args, &["--bundle", "-"]].concat()).await?;
    exits(story, &format!("{} is refused", told(who, args)), &said, 1)?;
    let came = said.json()?.pointer("/error/code").and_then(Value::as_str).map(str::to_owned);
    story.same(&format!("because {}", code.replace('_', " ")), &came.as_deref(), &Some(code))
}

/// The same, and the refusal's proof verifies offline from the genesis alone.
pub(super) async fn may_not_provably(
    scene: &Scene,
    story: &mut Story,
    who: &str,
    node: usize,
    args: &[&str],
    code: &str,
) -> Result<()> {
    let proof = scene.file(&format!("{code}.bundle.json"));
    let said = scene.acting(who, node, &[args, &["--bundle", text(&proof)?]].concat()).await?;
    exits(story, &format!("{} is refused", told(who, args)), &said, 1)?;
    let came = said.json()?.pointer("/error/code").and_then(Value::as_str).map(str::to_owned);
    story.same(&format!("because {}", code.replace('_', " ")), &came.as_deref(), &Some(code))?;
    let genesis = text(scene.cluster.genesis_path())?;
    let verified = scene.offline(&["verify", text(&proof)?, "--genesis", genesis]).await?;
    exits(story, "`sampan verify` checks the proof that came with the no", &verified, 0)
}

/// The record that an answer names.
pub(super) fn record(answer: &Value) -> Result<RecordId> {
    let id = answer.get("record").and_then(Value::as_str);
    id.with_context(|| format!("the answer names no record: {answer}"))?.parse().context("a record's id")
}

/// The command as a person would tell it: without files and ids.
fn told(who: &str, args: &[&str]) -> String {
    let plain = |arg: &&&str| !arg.contains('/') && arg.len() < 64;
    let words: Vec<&str> = args.iter().filter(plain).copied().collect();
    format!("`sampan {}` by {who}", words.join(" "))
}
