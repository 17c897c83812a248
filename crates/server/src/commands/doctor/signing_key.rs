//! Can URLs be signed, and with which key?

use agentdrop_domain::transfer::UrlSigner;

use super::finding::Finding;
use super::installation::Installation;
use crate::wiring::{WiringError, configured_signer, signer};

pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let config = installation.config();
    if let Some(signer) = configured_signer(config) {
        return vec![signs(&signer, "configured", "every node must have the same AGENTDROP_SIGNING_KEY")];
    }
    // Whether there is a database with tables is told elsewhere.
    let Ok(database) = &installation.database else { return Vec::new() };
    if !matches!(database.is_migrated().await, Ok(true)) {
        return Vec::new();
    }
    vec![match signer(config, database).await {
        Ok(signer) => signs(&signer, "kept in the database", "every node on this database has it"),
        Err(WiringError::Migration(_, error)) => refused(&error),
        Err(error) => refused(&error),
    }]
}

fn signs(signer: &impl UrlSigner, origin: &str, remark: &str) -> Finding {
    const MESSAGE: &[u8] = b"doctor";
    let signature = signer.sign(MESSAGE);
    if !signer.verify(MESSAGE, &signature) {
        return Finding::fail(
            "a signature made with the key is not recognised",
            "set AGENTDROP_SIGNING_KEY to 32 or more random characters",
        );
    }
    Finding::ok(format!("{origin}, its id is {}; {remark}", signature.key_id))
}

fn refused(error: &dyn std::error::Error) -> Finding {
    Finding::fail(
        format!("the database gives no key: {}", crate::with_causes(error)),
        "see the line about the database, or set AGENTDROP_SIGNING_KEY",
    )
}
