//! See `agentdrop_fuzz::multipart`.
#![no_main]

use agentdrop_fuzz::multipart;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    multipart(data);
});
