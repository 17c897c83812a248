/// Where a transfer is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferStatus {
    /// Can be downloaded.
    Active,
    /// Its last allowed download was answered.
    Downloaded,
    /// It ran out.
    Expired,
    /// Its sender deleted it.
    Deleted,
}

impl TransferStatus {
    /// Every status, with its word on the wire.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Active, "active"),
        (Self::Downloaded, "downloaded"),
        (Self::Expired, "expired"),
        (Self::Deleted, "deleted"),
    ];
}
