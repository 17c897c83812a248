use super::MockTx;
use crate::account::Usage;

/// Lets the transaction count storage and monthly transfers, of which there are always enough.
pub fn allow_quota(tx: &mut MockTx) {
    tx.expect_usage().returning(|_| Ok(Usage::default()));
    tx.expect_take_storage().returning(|_, _, _| Ok(true));
    tx.expect_give_back_storage().returning(|_, _| Ok(()));
    tx.expect_count_transfer().returning(|_, _, _| Ok(true));
    tx.expect_unhold_transfer().returning(|_, _| Ok(0));
}
