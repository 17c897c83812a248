//! What the accounts of the world use of their storage. Every account is on the plan `free`.

use std::sync::{Arc, Mutex};

use super::{MockTx, Rows, TransferStatus, lock};
use crate::account::Usage;
use crate::mock::Fixture;
use crate::plan::allows;

/// What is counted against accounts, and what of it transfers hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Storage {
    pub(crate) used: u64,
    pub(crate) held: std::collections::BTreeMap<crate::ids::TransferId, u64>,
}

pub(super) fn quota_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    tx.expect_account().returning(|of| Ok(Some(Fixture::new().account(of.uuid().as_u128()))));
    on!(tx, copy, expect_usage, |rows, _of| Usage { storage_bytes: rows.storage.used, ..Usage::default() });
    on!(tx, copy, expect_take_storage, |rows, _of, bytes, limit| {
        let fits = allows(limit, rows.storage.used.saturating_add(bytes));
        rows.storage.used += if fits { bytes } else { 0 };
        fits
    });
    on!(tx, copy, expect_give_back_storage, |rows, _of, bytes| {
        rows.storage.used = rows.storage.used.checked_sub(bytes).expect("given back twice");
    });
    on!(tx, copy, expect_count_transfer, |_rows, _of, _start, _limit| true);
    on!(tx, copy, expect_hold_for_upload, |rows, id, bytes| {
        if let Some(upload) = rows.uploads.get_mut(&id) {
            upload.reserved_bytes = bytes;
        }
    });
    on!(tx, copy, expect_unhold_transfer, |rows, id, most| {
        let Some(held) = rows.storage.held.get_mut(&id) else { return Ok(0) };
        let freed = most.min(*held);
        *held -= freed;
        freed
    });
    on!(tx, copy, expect_unhold_run_out, |rows, _of, now| {
        let transfers = &rows.transfers;
        let has_run_out = |id| {
            transfers.get(id).is_some_and(|transfer| {
                use TransferStatus::{Active, Pending};
                matches!(transfer.status, Active | Pending) && transfer.expires_at <= now
            })
        };
        let run_out = rows.storage.held.iter_mut().filter(|(id, _)| has_run_out(id));
        run_out.map(|(_, held)| std::mem::take(held)).sum::<u64>()
    });
    on!(tx, copy, expect_unhold_abandoned, |rows, _of, now| {
        let abandoned = rows.uploads.values_mut().filter(|upload| upload.lease_until <= now);
        abandoned
            .map(|upload| {
                upload.reaping = true;
                std::mem::take(&mut upload.reserved_bytes)
            })
            .sum::<u64>()
    });
}
