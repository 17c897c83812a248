use super::*;
use crate::mock::Fixture;

fn check(input: &KeysInput) -> (Option<AgentKeys>, Vec<String>) {
    let mut errors = FieldErrors::default();
    let keys = input.check(&Fixture::new(), &mut errors);
    (keys, errors.into_invalid().0.into_iter().map(|error| error.field).collect())
}

fn good() -> KeysInput {
    KeysInput {
        public_key: Some(vec![7; 32]),
        public_key_algorithm: Some("X25519".to_owned()),
        signing_public_key: Some(vec![8; 32]),
        signing_key_algorithm: Some("Ed25519".to_owned()),
    }
}

#[test]
fn good_keys_pass_with_and_without_algorithms() {
    let keys = AgentKeys {
        public: PublicKey::from_stored([7; 32]),
        signing: Some(SigningKey::from_stored([8; 32])),
    };
    let silent = KeysInput { public_key_algorithm: None, signing_key_algorithm: None, ..good() };
    for input in [good(), silent] {
        assert_eq!(check(&input), (Some(keys), Vec::new()));
        assert_eq!(input.require(&Fixture::new()), Ok(keys));
    }
}

#[test]
fn no_keys_are_no_error_unless_they_are_required() {
    assert_eq!(check(&KeysInput::default()), (None, Vec::new()));
    let refusal = KeysInput::default().require(&Fixture::new()).unwrap_err();
    assert_eq!(refusal.0[0].field, "public_key");
}

#[test]
fn each_bad_field_is_named() {
    let bad = KeysInput {
        public_key: Some(vec![0; 32]),
        public_key_algorithm: Some("P-256".to_owned()),
        signing_public_key: Some(vec![8; 31]),
        signing_key_algorithm: Some("ed25519".to_owned()),
    };
    let fields = ["public_key_algorithm", "signing_key_algorithm", "signing_public_key", "public_key"];
    assert_eq!(check(&bad).1, fields);
    assert_eq!(bad.require(&Fixture::new()).unwrap_err().0.len(), 4);
}

#[test]
fn a_good_key_with_a_bad_algorithm_is_refused_where_keys_are_required() {
    let input = KeysInput { public_key_algorithm: Some("RSA".to_owned()), ..good() };
    assert_eq!(input.require(&Fixture::new()).unwrap_err().0[0].field, "public_key_algorithm");
}

#[test]
fn a_signing_key_needs_a_key_for_agreement() {
    let input = KeysInput { public_key: None, ..good() };
    assert_eq!(check(&input), (None, vec!["public_key".to_owned()]));
}
