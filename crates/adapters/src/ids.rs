//! Fresh ids.

use agentdrop_domain::ids::IdGenerator;
use uuid::Uuid;

/// Makes random UUIDs (version 4), which tell nothing about when or where they were made.
#[derive(Debug, Clone, Copy, Default)]
pub struct UuidGenerator;

impl IdGenerator for UuidGenerator {
    #[expect(clippy::disallowed_methods, reason = "this is where the port takes ids from")]
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }
}

#[cfg(test)]
mod tests {
    use agentdrop_domain::ids::{AccountId, IdGenerator};

    use super::*;

    #[test]
    fn ids_are_random_and_differ() {
        let ids: &dyn IdGenerator = &UuidGenerator;
        let (a, b): (AccountId, AccountId) = (ids.next(), ids.next());
        assert_ne!(a, b);
        assert_eq!(a.uuid().get_version_num(), 4);
    }
}
