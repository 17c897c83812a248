use proptest::prelude::*;

use super::*;
use crate::mock::id;

fn key(n: usize) -> ObjectKey {
    ObjectKey::of_upload(id(n as u128))
}

proptest! {
    #[test]
    fn a_range_of_the_whole_is_the_ranges_of_its_pieces(
        sizes in prop::collection::vec(0..20_u64, 0..8),
        from in 0..100_u64,
        length in 0..100_u64,
    ) {
        let range = from..from + length;
        let objects = sizes.iter().enumerate().map(|(n, size)| (key(n), *size));
        // Which byte of which object is at each place of the whole.
        let whole: Vec<(ObjectKey, u64)> =
            objects.clone().flat_map(|(key, size)| (0..size).map(move |at| (key.clone(), at))).collect();
        let wanted: Vec<_> = whole.into_iter().skip(from as usize).take(length as usize).collect();
        let found: Vec<_> =
            within(objects, &range).into_iter().flat_map(|(key, range)| range.map(move |at| (key.clone(), at))).collect();
        prop_assert_eq!(found, wanted);
    }
}
