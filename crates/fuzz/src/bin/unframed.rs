//! See `agentdrop_fuzz::unframed`.
#![no_main]

use agentdrop_fuzz::unframed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    unframed(data);
});
