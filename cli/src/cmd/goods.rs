//! The goods of a bill by their fingerprint: what a pledge names, and what a proof that there is none asks for.

use std::path::Path;

use sampan_proto::doc::bill_of_lading::TransportDocument;
use sampan_proto::doc::{Claims, DocKind};
use sampan_proto::hash::Hash32;
use sampan_proto::limits::BODY_BYTES;
use sampan_proto::title::goods_fingerprint;

use super::Context;
use super::check::insist;
use crate::args::trade::Cargo;
use crate::failure::Failure;
use crate::files;

/// The fingerprint: given, or of the document under the network's goods key; none when neither is named.
pub(super) fn named(args: &Cargo, context: &Context) -> Result<Option<Hash32>, Failure> {
    match (args.goods, &args.document, &args.goods_key) {
        (Some(goods), ..) => Ok(Some(goods)),
        (None, Some(document), Some(key)) => fingerprint(document, key, context).map(Some),
        _ => Ok(None),
    }
}

fn fingerprint(document: &Path, key: &Path, context: &Context) -> Result<Hash32, Failure> {
    let bytes = files::read(document, BODY_BYTES)?;
    let checked = insist(DocKind::BillOfLading, &bytes, document, context)?;
    let body = serde_json::from_slice(&bytes).ok();
    let view = body.as_ref().and_then(TransportDocument::view);
    let view = view.ok_or_else(|| Failure::unexpected("the document was accepted but cannot be read"))?;
    let Claims::BillOfLading(claims) = checked.claims else {
        return Err(Failure::refused(format!("`{}` is no bill of lading", document.display())));
    };
    Ok(goods_fingerprint(&goods_key(key)?, &view, &claims.quantity))
}

fn goods_key(path: &Path) -> Result<[u8; 32], Failure> {
    let text = files::read(path, 1024)?;
    let key = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse::<Hash32>().ok());
    key.map(|key| key.0).ok_or_else(|| {
        Failure::refused(format!("`{}` holds no goods key", path.display()))
            .hint("a goods key is 64 hexadecimal digits, the same for all members of the network")
    })
}
