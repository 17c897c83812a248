//! See `agentdrop_fuzz::key_encoding`.
#![no_main]

use agentdrop_fuzz::key_encoding;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    key_encoding(data);
});
