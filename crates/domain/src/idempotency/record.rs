use super::RequestDigest;
use crate::clock::Timestamp;
use crate::ids::{ApiKeyId, AttemptId};

/// Where a use of a key is recorded: a code that only its credential can make again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordName(pub [u8; 32]);

/// What is kept of one use of a key: a running mark, or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub name: RecordName,
    /// Whose it is.
    pub credential: ApiKeyId,
    /// The attempt that holds the mark, or made the answer.
    pub attempt: AttemptId,
    /// What was asked; `None` while the body is still arriving.
    pub request: Option<RequestDigest>,
    /// The sealed answer; `None` while the request is running.
    pub answer: Option<Vec<u8>>,
    /// From then on it counts no more: the end of the mark's lease, or of the answer's time.
    pub expires_at: Timestamp,
}

/// What a record means for a request under the same key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// Nothing that counts: act.
    Run,
    /// A twin is at work.
    InProgress,
    /// The key stands for another request.
    Mismatch,
    /// The request of that digest was answered.
    Answered(RequestDigest, &'a [u8]),
}

impl Record {
    /// What the record means now for a request; `request` is `None` while its body is still to come.
    pub(super) fn verdict(&self, request: Option<RequestDigest>, now: Timestamp) -> Verdict<'_> {
        if self.expires_at <= now {
            return Verdict::Run;
        }
        if let (Some(was), Some(is)) = (self.request, request)
            && was != is
        {
            return Verdict::Mismatch;
        }
        match (self.request, &self.answer) {
            (Some(was), Some(sealed)) => Verdict::Answered(was, sealed),
            _ => Verdict::InProgress,
        }
    }
}

/// A success, as it goes on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, or what stands for it.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [&self.status.to_be_bytes()[..], &self.body].concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (status, body) = bytes.split_first_chunk()?;
        Some(Self { status: u16::from_be_bytes(*status), body: body.to_vec() })
    }
}
