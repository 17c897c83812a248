//! Where tests end the process as a power cut would: on either side of the commit of any act.
//!
//! `AGENTDROP_FAULT_POINT=CreateTransfer:before` ends it before the first commit of that act, `…:after@2` after the
//! second one. Only builds with debug assertions look at the variable, so no release has such a place.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

const VARIABLE: &str = "AGENTDROP_FAULT_POINT";

static ARMED: LazyLock<Option<FaultPoint>> =
    LazyLock::new(|| std::env::var(VARIABLE).ok().and_then(|text| FaultPoint::parse(&text)));

/// A side of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// Ends the process, if it is to end here.
pub(crate) fn at_commit<A>(side: Side) {
    if cfg!(debug_assertions) && ARMED.as_ref().is_some_and(|point| point.reached::<A>(side)) {
        std::process::abort();
    }
}

struct FaultPoint {
    act: String,
    side: Side,
    /// How often it is still passed.
    passes: AtomicU32,
}

impl FaultPoint {
    fn parse(text: &str) -> Option<Self> {
        let (place, nth) = text.split_once('@').unwrap_or((text, "1"));
        let (act, side) = place.split_once(':')?;
        let side = match side {
            "before" => Side::Before,
            "after" => Side::After,
            _ => return None,
        };
        let passes = nth.parse::<u32>().ok()?.checked_sub(1)?;
        Some(Self { act: act.to_owned(), side, passes: AtomicU32::new(passes) })
    }

    fn reached<A>(&self, side: Side) -> bool {
        let here = side == self.side && name_of::<A>() == self.act;
        let pass = |left: u32| left.checked_sub(1);
        here && self.passes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pass).is_err()
    }
}

/// The type's own name, without its path and what it is generic over.
fn name_of<A>() -> &'static str {
    let path = std::any::type_name::<A>();
    let path = path.split_once('<').map_or(path, |(outer, _)| outer);
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain;
    struct Around<T>(T);

    #[test]
    fn a_point_is_reached_on_its_side_the_nth_time() {
        let point = FaultPoint::parse("Plain:after@2").unwrap();
        assert!(!point.reached::<Plain>(Side::Before));
        assert!(!point.reached::<Around<Plain>>(Side::After));
        assert!(!point.reached::<Plain>(Side::After));
        assert!(point.reached::<Plain>(Side::After));
        let around = FaultPoint::parse("Around:before").unwrap();
        assert!(around.reached::<Around<std::sync::Arc<Plain>>>(Side::Before));
        for nonsense in ["", "Plain", "Plain:during", "Plain:after@0", "Plain:after@x"] {
            assert!(FaultPoint::parse(nonsense).is_none(), "{nonsense}");
        }
    }
}
