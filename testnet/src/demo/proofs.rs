//! A stranger with a file: the genesis and a bundle, and no node to ask.

use anyhow::{Context, Result};
use serde_json::Value;

use super::papers::Papers;
use super::scene::{EXPORTERS_NODE, Scene, exits, text};
use super::story::Story;
use crate::cluster::founding;

/// The bundle holds offline, a changed copy does not, and neither does one of another network.
pub(super) async fn offline(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("A stranger gets the bill as one file and checks it with no network at all");
    let (file, genesis) = (scene.file("bl.bundle.json"), scene.cluster.genesis_path());
    let (bundle, genesis) = (text(&file)?, text(genesis)?);
    let record = papers.bill.record.to_string();
    let said = scene.reading(EXPORTERS_NODE, &["bundle", &record, "--with-body", "--output", bundle]).await?;
    exits(story, "`sampan bundle --with-body` writes the file", &said, 0)?;
    let said = scene.offline(&["verify", bundle, "--genesis", genesis]).await?;
    exits(story, "`sampan verify`, asking no node, says that it holds", &said, 0)?;
    for line in said.text().lines().filter(|line| !line.trim().is_empty()) {
        story.tell(line);
    }

    story.step("Copies with one byte changed are refused");
    let bytes = std::fs::read(&file)?;
    for part in ["body", "head.certificate", "history[1].statement.payload"] {
        let copy = scene.file("changed.bundle.json");
        std::fs::write(&copy, with_one_byte_changed(&bytes, part)?)?;
        let said = scene.offline(&["verify", text(&copy)?, "--genesis", genesis]).await?;
        exits(story, &format!("one byte of {part} changed: exit 3"), &said, 3)?;
    }

    story.step("The same file is refused as a proof for another network");
    let elsewhere = founding::found_elsewhere(&scene.file("elsewhere"))?;
    let said = scene.offline(&["verify", bundle, "--genesis", text(&elsewhere)?]).await?;
    exits(story, "with another network's genesis: exit 3", &said, 3)
}

/// The bundle with one character changed in the middle of a base64 part, so that it stays well-formed.
fn with_one_byte_changed(bundle: &[u8], part: &str) -> Result<Vec<u8>> {
    let json: Value = serde_json::from_slice(bundle)?;
    let pointer = format!("/{}", part.replace(['.', '['], "/").replace(']', ""));
    let value = json.pointer(&pointer).and_then(Value::as_str).with_context(|| format!("the bundle has no {part}"))?;
    let at = bundle.windows(value.len()).position(|window| window == value.as_bytes()).context("the part's place")?;
    let mut changed = bundle.to_vec();
    let byte = changed.get_mut(at + value.len() / 2).context("a byte in the middle")?;
    *byte = if *byte == b'A' { b'B' } else { b'A' };
    Ok(changed)
}

/// The life of the bill, told by the network.
pub(super) async fn trace(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("The life of the bill, as any node tells it");
    let said = scene.reading(EXPORTERS_NODE, &["trace", &papers.bill.record.to_string()]).await?;
    for line in said.text().lines() {
        story.tell(line);
    }
    exits(story, "`sampan trace` tells it", &said, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_byte_changes_where_it_should() {
        let bundle = br#"{"body":"QUJDREVGR0g=","history":[{"statement":{"payload":"AAAA"}}]}"#;
        for part in ["body", "history[0].statement.payload"] {
            let changed = with_one_byte_changed(bundle, part).expect("changes");
            let differ = changed.iter().zip(bundle).filter(|(a, b)| a != b).count();
            assert_eq!((changed.len(), differ), (bundle.len(), 1), "{part}");
            serde_json::from_slice::<Value>(&changed).expect("still JSON");
        }
        assert!(with_one_byte_changed(bundle, "head").is_err());
    }
}
