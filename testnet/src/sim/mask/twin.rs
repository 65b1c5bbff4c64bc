//! The twin: two nodes with one key, each of which believes that it is alone.

use super::Mask;

/// Whether a second machine runs with the key.
pub(in crate::sim) fn doubles(mask: Mask) -> bool {
    mask == Mask::Twin
}
