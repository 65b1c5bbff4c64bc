#![no_main]

use sampan_testnet::fuzz::{Name, feed};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| feed(Name::Wire, bytes));
