//! No core dumps: the memory of a gateway holds the secrets of channels and the bodies of alerts.

/// Makes this process undumpable: a crash leaves no core, and no other process of the same user can read its memory or
/// attach to it.
pub(super) fn forbid() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!("core dumps of this process cannot be forbidden: {error}");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn the_process_is_not_dumpable() {
        super::forbid();
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
