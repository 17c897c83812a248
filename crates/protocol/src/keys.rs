mod file_key;
mod public_key;
mod secret_key;

pub use file_key::FileKey;
pub use public_key::PublicKey;
pub use secret_key::SecretKey;
