//! What a check finds.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but something should be looked at.
    Warn,
    /// It does not work.
    Fail,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    verdict: Verdict,
    text: String,
    advice: Option<String>,
}

impl Finding {
    /// Nothing to do.
    pub fn ok(text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, text: text.into(), advice: None }
    }

    /// It works, but `advice` should be considered.
    pub fn warn(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, text: text.into(), advice: Some(advice.into()) }
    }

    /// A remark that says by itself what to do.
    pub fn remark(text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, text: text.into(), advice: None }
    }

    /// It does not work until `advice` is followed.
    pub fn fail(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, text: text.into(), advice: Some(advice.into()) }
    }

    /// How bad it is.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// `ok|warn|FAIL  what: finding; what to do`.
    pub fn line(&self, what: &str) -> String {
        let verdict = match self.verdict {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        let advice = self.advice.as_deref().map(|advice| format!("; {advice}")).unwrap_or_default();
        format!("{verdict}  {what}: {}{advice}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_bad_what_and_what_to_do() {
        assert_eq!(Finding::ok("fine").line("disk"), "ok    disk: fine");
        assert_eq!(Finding::remark("odd").line("disk"), "warn  disk: odd");
        assert_eq!(Finding::warn("odd", "look").line("disk"), "warn  disk: odd; look");
        assert_eq!(Finding::fail("full", "free some").line("disk"), "FAIL  disk: full; free some");
    }
}
