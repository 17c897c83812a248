//! Log output: one subscriber for the process, on standard error, so that standard output stays free for
//! what commands answer.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Signed URLs begin with this path; whoever has the query string has the file.
const SIGNED_PATH: &str = "/blobs";

/// Logging can't be started.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter does not parse.
    #[error("the log filter is not valid: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something in the process logs already.
    #[error("logging is already set up: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging for the whole process.
///
/// # Errors
/// If the filter does not parse (a loaded configuration's does) or logging is already set up.
pub fn init(config: &LogConfig) -> Result<(), LoggingError> {
    subscriber(config, io::stderr, io::stderr().is_terminal())?.try_init()?;
    Ok(())
}

fn subscriber<W>(
    config: &LogConfig,
    writer: W,
    colours: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, tracing_subscriber::filter::ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(&config.filter)?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(Redacting(writer));
    Ok(match config.format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().with_ansi(false).finish()),
    })
}

/// Removes the query strings of signed URLs from every line, whoever logs it: this program, a library at
/// `trace`, or an error that quotes a URL.
struct Redacting<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Redacting<W> {
    type Writer = RedactingWriter<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        RedactingWriter(self.0.make_writer())
    }

    fn make_writer_for(&'w self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        RedactingWriter(self.0.make_writer_for(meta))
    }
}

struct RedactingWriter<W>(W);

impl<W: Write> Write for RedactingWriter<W> {
    /// The subscriber hands over a whole line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(without_signatures(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn without_signatures(line: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(SIGNED_PATH) {
        let after_path = start + SIGNED_PATH.len();
        let end = rest[after_path..].find(ends_url).map_or(rest.len(), |length| after_path + length);
        match rest[start..end].find('?') {
            Some(query) => {
                kept.push_str(&rest[..start + query]);
                kept.push_str("?[redacted]");
            }
            None => kept.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    if kept.is_empty() {
        return Cow::Borrowed(line);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\\' | '`' | '>')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str, act: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let config = LogConfig { filter: filter.to_owned(), format };
        let subscriber = subscriber(&config, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, act);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn query_strings_of_signed_urls_never_reach_the_log() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(format, "info", || {
                let uri = "/blobs/t/1?sig=SECRET&exp=1";
                tracing::info!(uri, debug = ?uri, "GET http://h{uri} then /blobs/t/2?sig=SECRET.");
                tracing::info!(path = "/v1/transfers?limit=5");
            });
            assert!(!text.contains("SECRET"), "{text}");
            assert!(
                text.contains("/blobs/t/1?[redacted]") && text.contains("/blobs/t/2?[redacted]"),
                "{text}"
            );
            assert!(text.contains("/v1/transfers?limit=5"), "{text}");
        }
    }

    #[test]
    fn what_needs_no_redaction_is_untouched() {
        for line in ["", "plain ? line", "GET /blobs/t/1 200", "/blobs /v1/x?y=1", "ends in /blobs"] {
            assert_eq!(without_signatures(line), line);
        }
    }

    #[test]
    fn json_lines_are_one_object_each() {
        let text = logged(LogFormat::Json, "info", || {
            tracing::info!(url = "http://h/blobs/1?sig=a", "one");
            tracing::warn!(quoted = "say \"/blobs/1?sig=a\"", "two");
        });
        let objects: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(objects.len(), 2);
        assert_eq!(objects[0]["fields"]["url"], "http://h/blobs/1?[redacted]");
        assert_eq!(objects[1]["fields"]["quoted"], "say \"/blobs/1?[redacted]\"");
    }

    #[test]
    fn the_filter_decides_what_is_written() {
        let text = logged(LogFormat::Text, "warn", || {
            tracing::info!("quiet");
            tracing::warn!("loud");
        });
        assert!(text.contains("loud") && !text.contains("quiet"), "{text}");
        assert!(
            subscriber(&LogConfig { filter: "a=b=c".to_owned(), format: LogFormat::Text }, io::sink, false)
                .is_err()
        );
    }
}
