//! See `agentdrop_fuzz::range_header`.
#![no_main]

use agentdrop_fuzz::range_header;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    range_header(data);
});
