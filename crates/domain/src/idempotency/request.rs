use super::record::RecordName;
use super::sealer::{Hasher, Sealer, SealingKey};
use super::{Answer, IdempotencyKey};
use crate::ids::ApiKeyId;
use crate::secret::Token;

/// Separates what is derived here from all else that is ever derived from a token.
const CONTEXT: &[u8] = b"agentdrop idempotency 1";

/// Which operation on which object: a key stands for one request to one of them.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The HTTP method, or what stands for it.
    pub method: &'a str,
    /// The path, with the ids in it.
    pub path: &'a str,
}

/// One use of a key by one credential on one target: where its record is, and what opens it.
#[derive(Debug, Clone)]
pub struct Usage {
    pub(super) credential: ApiKeyId,
    pub(super) name: RecordName,
    seal: SealingKey,
}

impl Usage {
    /// The use of `key` by whoever presented `token`, which is known as `credential`.
    #[must_use]
    pub fn of(
        sealer: &dyn Sealer,
        credential: ApiKeyId,
        token: &Token,
        target: Target<'_>,
        key: &IdempotencyKey,
    ) -> Self {
        let mut context = Vec::new();
        for part in [CONTEXT, target.method.as_bytes(), target.path.as_bytes(), key.as_str().as_bytes()] {
            context.extend_from_slice(&length(part));
            context.extend_from_slice(part);
        }
        let (name, seal) = sealer.derive(token, &context);
        Self { credential, name, seal }
    }

    pub(super) fn sealed(&self, sealer: &dyn Sealer, request: RequestDigest, answer: &Answer) -> Vec<u8> {
        sealer.seal(&self.seal, &request.0, &answer.to_bytes())
    }

    pub(super) fn opened(
        &self,
        sealer: &dyn Sealer,
        request: RequestDigest,
        sealed: &[u8],
    ) -> Option<Answer> {
        Answer::from_bytes(&sealer.open(&self.seal, &request.0, sealed)?)
    }
}

/// What a request asks for, by its SHA-256: two of one digest are the same request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestDigest(pub [u8; 32]);

/// Takes up a request piece by piece. Each piece counts with its length, so that no two requests run together
/// to the same bytes.
pub struct RequestHasher(Box<dyn Hasher>);

impl RequestHasher {
    /// Nothing taken up yet.
    #[must_use]
    pub fn new(sealer: &dyn Sealer) -> Self {
        Self(sealer.hasher())
    }

    /// The next piece.
    #[must_use]
    pub fn with(mut self, piece: &[u8]) -> Self {
        self.add(piece);
        self
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> RequestDigest {
        RequestDigest(self.0.finish())
    }

    fn add(&mut self, piece: &[u8]) {
        self.0.update(&length(piece));
        self.0.update(piece);
    }
}

/// Takes up a form whose files are streamed. How fields and files follow each other does not count, their own
/// orders do.
pub struct FormHasher {
    request: RequestHasher,
    fields: RequestHasher,
    files: RequestHasher,
}

impl FormHasher {
    /// A form within a request of which `request` has taken up the rest.
    #[must_use]
    pub fn new(sealer: &dyn Sealer, request: RequestHasher) -> Self {
        Self { request, fields: RequestHasher::new(sealer), files: RequestHasher::new(sealer) }
    }

    /// A field.
    pub fn field(&mut self, name: &str, text: &str) {
        self.fields.add(name.as_bytes());
        self.fields.add(text.as_bytes());
    }

    /// A file, whose bytes have been hashed on the way.
    pub fn file(&mut self, name: &str, content_type: &str, size: u64, sha256: &[u8; 32]) {
        for piece in [name.as_bytes(), content_type.as_bytes(), &size.to_be_bytes(), sha256] {
            self.files.add(piece);
        }
    }

    /// The digest of the whole request.
    #[must_use]
    pub fn finish(self) -> RequestDigest {
        let (fields, files) = (self.fields.finish(), self.files.finish());
        self.request.with(&fields.0).with(&files.0).finish()
    }
}

fn length(piece: &[u8]) -> [u8; 8] {
    (piece.len() as u64).to_be_bytes()
}
