//! The story, one line a step, with the time since the line before.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use super::DemoError;
use super::error::doing;

pub struct Story<'w> {
    out: &'w mut dyn Write,
    began: Instant,
    last: Instant,
}

impl<'w> Story<'w> {
    pub fn begin(out: &'w mut dyn Write, folder: &Path) -> Result<Self, DemoError> {
        let now = Instant::now();
        let mut story = Self { out, began: now, last: now };
        story.line(format_args!(
            "Two accounts, two agents, one encrypted file. Everything is in {} and is removed at the end.",
            folder.display()
        ))?;
        Ok(story)
    }

    /// Who did what; it took the time since the line before.
    pub fn tell(&mut self, who: &str, what: impl Display) -> Result<(), DemoError> {
        let took = self.last.elapsed();
        self.line(format_args!("{:>7.1} ms  {who:<9} {what}", took.as_secs_f64() * 1e3))?;
        self.last = Instant::now();
        Ok(())
    }

    pub fn end(&mut self) -> Result<(), DemoError> {
        let took = self.began.elapsed().as_secs_f64();
        self.line(format_args!(
            "Done in {took:.2} s: both files arrived unchanged, and the server could read neither."
        ))
    }

    fn line(&mut self, text: impl Display) -> Result<(), DemoError> {
        let written: io::Result<()> = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
        written.map_err(doing("write to standard output"))
    }
}
