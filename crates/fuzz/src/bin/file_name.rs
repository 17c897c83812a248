//! See `agentdrop_fuzz::file_name`.
#![no_main]

use agentdrop_fuzz::file_name;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    file_name(data);
});
