use super::*;
use crate::mock::id;

#[test]
fn one_sweep_and_one_purge_a_transfer() {
    let purge = |n| JobKind::PurgeTransfer(id(n)).unique_key();
    assert_eq!(JobKind::Sweep.unique_key(), "sweep");
    assert_eq!(purge(50), format!("purge:{}", id::<TransferId>(50)));
    assert_ne!(purge(50), purge(51));
}
