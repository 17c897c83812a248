//! Sizes and times as people write them.

const UNITS: [(&str, u64); 5] =
    [("KB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40), ("B", 1)];
const TIMES: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Bytes of `50MB`, `50 mb` or `52428800`; KB, MB, GB and TB are 2^10, 2^20, 2^30 and 2^40.
#[must_use]
pub fn parse_bytes(text: &str) -> Option<u64> {
    scaled(&text.to_ascii_uppercase(), &UNITS)
}

/// Seconds of `14d`, `24h`, `30m`, `90s` or `90`.
#[must_use]
pub fn parse_seconds(text: &str) -> Option<u64> {
    scaled(text, &TIMES)
}

/// Bytes in the largest unit that divides them.
#[must_use]
pub fn show_bytes(bytes: u64) -> String {
    show(bytes, &UNITS)
}

/// Seconds in the largest unit that divides them.
#[must_use]
pub fn show_seconds(seconds: u64) -> String {
    show(seconds, &TIMES)
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
        .unwrap_or((text, 1));
    let digits = digits.trim_end();
    // `u64::from_str` would take a leading `+` as well.
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn show(value: u64, units: &[(&str, u64)]) -> String {
    units
        .iter()
        .filter(|(_, factor)| value > 0 && value.is_multiple_of(*factor))
        .max_by_key(|(_, factor)| *factor)
        .map_or_else(|| value.to_string(), |(unit, factor)| format!("{}{unit}", value / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_two() {
        assert_eq!(parse_bytes("50MB"), Some(50 << 20));
        assert_eq!(parse_bytes("2 gb"), Some(2 << 30));
        assert_eq!(parse_bytes("1TB"), Some(1 << 40));
        assert_eq!(parse_bytes("7KB"), Some(7 << 10));
        assert_eq!(parse_bytes("17B"), Some(17));
        assert_eq!(parse_bytes("0"), Some(0));
    }

    #[test]
    fn nonsense_and_overflow_are_refused() {
        for text in ["", "MB", "-1", "+1", "1.5GB", "1 MiB", "99999999999TB", "GB1"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
        for text in ["", "d", "1w", "-1h", "1.5h"] {
            assert_eq!(parse_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn times_have_units_too() {
        assert_eq!(parse_seconds("14d"), Some(14 * 86_400));
        assert_eq!(parse_seconds("24h"), Some(86_400));
        assert_eq!(parse_seconds("30m"), Some(1_800));
        assert_eq!(parse_seconds("90"), Some(90));
    }

    #[test]
    fn shown_values_parse_to_what_they_show() {
        for bytes in [0, 1, 1023, 1024, 50 << 20, 3 << 30, 1 << 40] {
            assert_eq!(parse_bytes(&show_bytes(bytes)), Some(bytes));
        }
        assert_eq!((show_bytes(50 << 20), show_seconds(86_400)), ("50MB".to_owned(), "1d".to_owned()));
        assert_eq!(show_seconds(5_400), "90m");
    }
}
