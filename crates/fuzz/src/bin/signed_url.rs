//! See `agentdrop_fuzz::signed_url`.
#![no_main]

use agentdrop_fuzz::signed_url;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    signed_url(data);
});
