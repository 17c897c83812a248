//! See `agentdrop_fuzz::idempotency`.
#![no_main]

use agentdrop_fuzz::idempotency;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    idempotency(data);
});
