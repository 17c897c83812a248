//! Accounts 1, 2 and 3 with the agents 11, 12, 21, 22 and 31, account keys 1, 2 and 3, and the active
//! connections 101 (1 and 2) and 102 (3 and 1).

use super::backend::{TestDb, commit};
use super::fixtures::{Side, account, agent, api_key, connection, digest};

pub const A11: Side = Side { account: 1, agent: 11 };
pub const A12: Side = Side { account: 1, agent: 12 };
pub const B21: Side = Side { account: 2, agent: 21 };
pub const B22: Side = Side { account: 2, agent: 22 };
pub const C31: Side = Side { account: 3, agent: 31 };

pub async fn set(db: &TestDb) {
    commit!(db, |tx| {
        for n in 1..=3 {
            tx.insert_account(&account(n)).await.unwrap();
            tx.insert_api_key(&api_key(n, n, None), &digest(n)).await.unwrap();
        }
        for Side { account, agent: n } in [A11, A12, B21, B22, C31] {
            tx.insert_agent(&agent(n, account)).await.unwrap();
        }
        tx.insert_connection(&connection(101, 1, 2)).await.unwrap();
        tx.insert_connection(&connection(102, 3, 1)).await.unwrap();
    });
}
