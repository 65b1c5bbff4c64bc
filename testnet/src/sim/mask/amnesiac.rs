//! The amnesiac: it forgets its write-ahead log whenever it starts, and votes all the same.

use super::Mask;

/// Whether a machine with this mask starts without its log.
pub(in crate::sim) fn forgets(mask: Option<Mask>) -> bool {
    mask == Some(Mask::Amnesiac)
}
