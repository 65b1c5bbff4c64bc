//! The anchor: what every proof is checked against, and where it comes from.
//!
//! A file that the user names is the anchor: the genesis, or a header that was pinned with `sampan network pin`.
//! Without one, the node's own genesis is taken on first use, said so, and kept: from then on that address must
//! speak for that network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sampan_proto::genesis::Genesis;
use sampan_proto::ids::ChainId;
use sampan_proto::limits::GENESIS_BYTES;
use sampan_proto::member::Member;
use sampan_proto::proof::{self, PIN_MEDIA_TYPE, Pin, Start};

use crate::client::Client;
use crate::failure::Failure;
use crate::files;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::{text, time};

/// Largest list of pinned nodes, in bytes.
const PINS_BYTES: usize = 256 * 1024;

/// A genesis or a pinned header, with where it came from.
#[derive(Debug)]
pub(crate) struct Anchor {
    base: Base,
    /// Where it came from, in words.
    pub(crate) origin: String,
}

#[derive(Debug)]
enum Base {
    Genesis(Box<Genesis>),
    Pin(Box<Pin>),
}

impl proof::Anchor for Anchor {
    fn start(&self) -> Start<'_> {
        match &self.base {
            Base::Genesis(genesis) => genesis.start(),
            Base::Pin(pin) => pin.start(),
        }
    }
}

impl Anchor {
    fn genesis(genesis: Genesis, origin: String) -> Self {
        Self { base: Base::Genesis(Box::new(genesis)), origin }
    }

    /// A block that was verified before, by whoever keeps this file.
    pub(crate) fn remembered(pin: Pin, path: &Path) -> Self {
        Self { base: Base::Pin(Box::new(pin)), origin: text::origin_file(path) }
    }

    /// Whether it is within the trusting period, by the clock of this machine.
    pub(crate) fn is_young(&self) -> bool {
        let start = proof::Anchor::start(self);
        time::now_ms().saturating_sub(start.time_ms) <= start.trusting_period_ms()
    }

    /// The network.
    pub(crate) fn chain(&self) -> ChainId {
        proof::Anchor::start(self).chain
    }

    /// What people call it.
    pub(crate) fn network(&self) -> &str {
        proof::Anchor::start(self).network
    }

    /// The genesis, which a small receipt is made for and checked with.
    pub(crate) fn founding(&self) -> Result<&Genesis, Failure> {
        match &self.base {
            Base::Genesis(genesis) => Ok(genesis),
            Base::Pin(_) => {
                Err(Failure::refused("a small receipt is checked with the genesis file, not with a pinned block")
                    .hint("pass the genesis file as `--genesis FILE`"))
            }
        }
    }

    /// The members that it knows: those of the genesis; a pinned header knows none.
    pub(crate) fn members(&self) -> &[Member] {
        match &self.base {
            Base::Genesis(genesis) => &genesis.members,
            Base::Pin(_) => &[],
        }
    }
}

/// The anchor for talking to a node. One that is old proves less than people think, and they are told so.
pub(crate) fn for_node(settings: &Settings, client: &Client, printer: &Printer) -> Result<Anchor, Failure> {
    let anchor = find(settings, client, printer)?;
    if !anchor.is_young() {
        printer.warn(text::old_anchor(&anchor.origin, proof::Anchor::start(&anchor).trusting_period_ms()));
    }
    Ok(anchor)
}

fn find(settings: &Settings, client: &Client, printer: &Printer) -> Result<Anchor, Failure> {
    if let Some(path) = &settings.genesis {
        return from_file(path);
    }
    let pins = settings.folder.as_deref().map(Pins::at);
    if let Some(pins) = &pins
        && let Some(chain) = pins.chain_of(client.base())?
        && let Some(anchor) = pins.anchor(chain)?
    {
        return Ok(anchor);
    }
    let bytes = client.genesis()?;
    let genesis = Genesis::from_bytes(&bytes)
        .map_err(|error| Failure::unproven(text::node_genesis_is_none(client.base())).why(error))?;
    let pinned = pins.as_ref().map(|pins| pins.add(client.base(), genesis.chain, &bytes)).transpose()?;
    printer.warn(text::anchor_from_node(client.base(), &genesis, pinned.as_deref()));
    Ok(Anchor::genesis(genesis, text::origin_node(client.base())))
}

/// The anchor for checking a bundle of `chain`: a file, a pin, or, if a node is named, that node's. Whatever network was
/// looked at once is pinned, so its pin vouches only for whoever names no other one, and says where it is from.
pub(crate) fn for_bundle(settings: &Settings, chain: ChainId, printer: &Printer) -> Result<Anchor, Failure> {
    if let Some(path) = &settings.genesis {
        return from_file(path);
    }
    let pins = settings.folder.as_deref().map(Pins::at);
    let own = match (&pins, &settings.node) {
        (Some(pins), Some(node)) => own_network(pins, node, settings, printer)?.map(|own| (own, pins, node)),
        _ => None,
    };
    if let Some((own, pins, node)) = own.filter(|(own, ..)| *own != chain) {
        return Err(Failure::unproven(text::another_network(chain, node, own))
            .hint(text::other_network(own, &text::origin_pin(&pins.genesis(own))))
            .hint("if the other network is meant, name its genesis file, or a node of it: `--node URL`"));
    }
    if let Some(anchor) = pins.as_ref().map(|pins| pins.anchor(chain)).transpose()?.flatten() {
        if own.is_none() {
            printer.warn(text::anchor_of_first_use(anchor.network(), chain, &anchor.origin));
        }
        return Ok(anchor);
    }
    match &settings.node {
        Some(node) => for_node(settings, &Client::new(node), printer),
        None => Err(no_anchor()),
    }
}

/// The network of the node in the settings: as it is pinned, or else as the node says now. None when it was never asked
/// and cannot be.
fn own_network(pins: &Pins, node: &str, settings: &Settings, printer: &Printer) -> Result<Option<ChainId>, Failure> {
    if let Some(own) = pins.chain_of(node)? {
        return Ok(Some(own));
    }
    match for_node(settings, &Client::new(node), printer) {
        Ok(anchor) => Ok(Some(anchor.chain())),
        Err(failure) if failure.may_pass() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The anchor for signing offline: a file, or the pin of the node in the settings.
pub(crate) fn offline(settings: &Settings) -> Result<Option<Anchor>, Failure> {
    if let Some(path) = &settings.genesis {
        return from_file(path).map(Some);
    }
    let (Some(folder), Some(node)) = (&settings.folder, &settings.node) else { return Ok(None) };
    let pins = Pins::at(folder);
    match pins.chain_of(node)? {
        Some(chain) => pins.anchor(chain),
        None => Ok(None),
    }
}

/// There is nothing to check proofs with.
pub(crate) fn no_anchor() -> Failure {
    Failure::refused("no anchor to check proofs with")
        .hint("pass `--genesis FILE`, set SAMPAN_GENESIS, or name a node that is asked once")
}

fn from_file(path: &Path) -> Result<Anchor, Failure> {
    let bytes = files::read(path, GENESIS_BYTES)?;
    let is_pin = bytes.windows(PIN_MEDIA_TYPE.len()).any(|part| part == PIN_MEDIA_TYPE.as_bytes());
    if is_pin {
        let pin = Pin::from_json(&bytes)
            .map_err(|error| Failure::refused(format!("`{}` is not an anchor file", path.display())).why(error))?;
        return Ok(Anchor { base: Base::Pin(Box::new(pin)), origin: text::origin_file(path) });
    }
    let genesis = Genesis::from_bytes(&bytes)
        .map_err(|error| Failure::refused(format!("`{}` is not a genesis file", path.display())).why(error))?;
    Ok(Anchor::genesis(genesis, text::origin_file(path)))
}

/// Genesis files taken from nodes on first use, and which node spoke for which.
struct Pins {
    folder: PathBuf,
}

impl Pins {
    fn at(settings: &Path) -> Self {
        Self { folder: settings.join("anchors") }
    }

    fn list(&self) -> PathBuf {
        self.folder.join("nodes.json")
    }

    fn genesis(&self, chain: ChainId) -> PathBuf {
        self.folder.join(format!("{chain}.json"))
    }

    fn nodes(&self) -> Result<BTreeMap<String, ChainId>, Failure> {
        let path = self.list();
        if !path.exists() {
            return Ok(BTreeMap::new());
        }
        serde_json::from_slice(&files::read(&path, PINS_BYTES)?).map_err(|error| {
            Failure::refused(format!("cannot read the pinned nodes in `{}`", path.display()))
                .why(error)
                .hint("remove the file to pin anew, and compare the chain id")
        })
    }

    fn chain_of(&self, node: &str) -> Result<Option<ChainId>, Failure> {
        Ok(self.nodes()?.get(node).copied())
    }

    /// The pinned genesis of a network, its name checked against its content.
    fn anchor(&self, chain: ChainId) -> Result<Option<Anchor>, Failure> {
        let path = self.genesis(chain);
        if !path.exists() {
            return Ok(None);
        }
        let anchor = from_file(&path)?;
        if anchor.chain() == chain {
            return Ok(Some(Anchor { origin: text::origin_pin(&path), ..anchor }));
        }
        Err(Failure::unproven(format!("the pinned anchor `{}` has been changed", path.display()))
            .hint("remove it to pin anew, and compare the chain id"))
    }

    fn add(&self, node: &str, chain: ChainId, genesis: &[u8]) -> Result<PathBuf, Failure> {
        let mut nodes = self.nodes()?;
        nodes.insert(node.to_owned(), chain);
        let list = serde_json::to_vec_pretty(&nodes)
            .map_err(|error| Failure::unexpected("cannot write the pinned nodes").why(error))?;
        files::folder(&self.folder)?;
        let path = self.genesis(chain);
        files::replace(&path, genesis)?;
        files::replace(&self.list(), &list)?;
        Ok(path)
    }
}
