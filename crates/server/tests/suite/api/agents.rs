//! What agents' keys may be.

use agentdrop_test_support::app::{App, Backend};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::bad_fields;

on_both_backends!(points_that_give_no_secret_are_refused_as_keys);

/// The points of small order on Curve25519 and the other ways to write them, little-endian.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

async fn points_that_give_no_secret_are_refused_as_keys(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let register = |key: &[u8]| {
        let body = json!({"agent_id": "alpha", "public_key": STANDARD.encode(key)});
        app.post("/v1/agents/register", &ann.key, body)
    };
    let waiting = app.post("/v1/agents/register", &ann.key, json!({"agent_id": "late"})).await.expect(201);
    let token = waiting.text("connection_token");
    for point in SMALL_ORDER {
        let raw = bytes(point);
        // The highest bit of a key means nothing.
        let masked = [&raw[..31], &[raw[31] | 0x80]].concat();
        for key in [raw.clone(), masked, [&SPKI_HEAD[..], &raw].concat()] {
            assert_eq!(bad_fields(&register(&key).await), ["public_key"], "{point}");
        }
        let body = json!({"public_key": STANDARD.encode(&raw)});
        assert_eq!(
            bad_fields(&app.post("/v1/agents/connect", &token, body).await),
            ["public_key"],
            "{point}"
        );
    }
    for length in [0, 31, 33, 44] {
        assert_eq!(bad_fields(&register(&vec![9; length]).await), ["public_key"], "{length} bytes");
    }
    let _ = register(&[9; 32]).await.expect(201);
}
