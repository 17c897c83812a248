//! Takes an input apart.

/// What is left of an input. Past its end it gives zeros.
#[derive(Clone, Copy)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    /// The next bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_at(N.min(self.0.len()));
        self.0 = rest;
        let mut array = [0; N];
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// What comes before the next of these bytes, which is taken too; everything if there is none.
    pub fn until(&mut self, end: u8) -> &'a [u8] {
        let at = self.0.iter().position(|byte| *byte == end);
        let (part, rest) = at.map_or((self.0, &[][..]), |at| (&self.0[..at], &self.0[at + 1..]));
        self.0 = rest;
        part
    }
}

/// What introduces a repetition; no text needs it.
const REPEAT: u8 = 0x1d;

/// An input written short: the repetition mark, a count and a byte are so many times 64 of that byte, and every
/// other byte is itself. So an input of a few bytes reaches limits of many kilobytes.
pub fn expanded(short: &[u8]) -> Vec<u8> {
    let (mut input, mut long) = (Input(short), Vec::new());
    while !input.0.is_empty() {
        match input.byte() {
            REPEAT => {
                let times = 64 * usize::from(input.byte());
                long.resize(long.len() + times, input.byte());
            }
            byte => long.push(byte),
        }
    }
    long
}
