//! When what was written counts as written.

/// When a stored object, or a committed transaction of the embedded database, counts as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When the disk has it: it is synced, so that it survives a power cut.
    #[default]
    Full,
    /// When the operating system has it: it survives a crash of this process, not one of the machine.
    Os,
}
