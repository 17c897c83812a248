//! The file that is sent.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::DemoError;
use super::error::doing;

/// Every line of a generated file holds this text, and nothing else in the demo does.
pub const MARK: &str = "a line that only its recipient may read";

/// Writes a text file of at least `size` bytes.
pub fn write_file(path: &Path, size: u64) -> Result<(), DemoError> {
    write_lines(path, size).map_err(doing("write the file to send"))
}

fn write_lines(path: &Path, size: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create_new(path)?);
    let (mut written, mut number) = (0, 0_u64);
    while written < size {
        let line = format!("{number:>8} {:016x} {MARK}\n", mixed(number));
        file.write_all(line.as_bytes())?;
        written += line.len() as u64;
        number += 1;
    }
    file.flush()
}

/// Any bijection that looks random will do (the last step of SplitMix64).
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
