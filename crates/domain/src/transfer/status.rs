/// Where a transfer is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferStatus {
    /// Prepared by its sender, whose bytes have not all come, or have not been confirmed.
    Pending,
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
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Pending, "pending"),
        (Self::Active, "active"),
        (Self::Downloaded, "downloaded"),
        (Self::Expired, "expired"),
        (Self::Deleted, "deleted"),
    ];

    /// What a recipient may ask for: of a transfer that is not there yet it learns nothing.
    pub const RECEIVED: [(Self, &'static str); 4] = [
        (Self::Active, "active"),
        (Self::Downloaded, "downloaded"),
        (Self::Expired, "expired"),
        (Self::Deleted, "deleted"),
    ];
}
