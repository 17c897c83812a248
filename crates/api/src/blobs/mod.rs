//! `/blobs/{id}`: the bytes of a file, to whoever holds a signed URL. Ranges are answered, so that a broken
//! download resumes.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, Header as _, Range};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, body::SizedStream, get, head, web};
use agentdrop_domain::blob::{BlobError, ByteSource};
use agentdrop_domain::ids::FileId;
use agentdrop_domain::transfer::{
    FetchError, FileName, OpenFile, ReadError, Right, TransferFile, open_bytes,
};
use futures_util::stream;

use crate::http::{ApiError, ErrorBody, Id, Services};
use crate::state::Api;

mod delivery;
mod running;
mod store;
mod url;

pub use delivery::{Awaited, fetch_url};
use running::Running;
use url::{forged, verified};
#[cfg(feature = "fuzzing")]
pub use url::{signed_query, ticket_of};

/// The operations of this subject.
pub fn configure(services: &mut Services<'_>) {
    services.service(fetch).service(describe).service(store::store);
}

/// Fetch the bytes of a file with a URL that the download operation answered.
///
/// No key is needed; the URL is the key. A single `Range` is answered with 206.
#[utoipa::path(
    tag = "transfers",
    operation_id = "fetchFile",
    params(
        ("id" = String, Path, description = "the file's id"),
        ("grant" = String, Query, description = "from the signed URL"),
        ("size" = u64, Query, description = "from the signed URL"),
        ("expires" = i64, Query, description = "from the signed URL"),
        ("key" = String, Query, description = "from the signed URL"),
        ("sig" = String, Query, description = "from the signed URL"),
        ("Range" = Option<String>, Header, description = "`bytes=from-to`"),
        ("If-Range" = Option<String>, Header, description = "the `ETag` that the range must belong to"),
    ),
    responses(
        (status = 200, description = "the whole file", content_type = "application/octet-stream"),
        (status = 206, description = "the range", content_type = "application/octet-stream"),
        (status = 403, description = "`FORBIDDEN`: the URL was changed, or is not one of ours", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        (status = 410, description = "`GONE`: the URL does not work any more", body = ErrorBody),
        (status = 416, description = "`RANGE_NOT_SATISFIABLE`", body = ErrorBody),
        (status = 500, description = "`INTERNAL_ERROR`", body = ErrorBody),
        (status = 503, description = "`SERVICE_UNAVAILABLE`", body = ErrorBody),
    )
)]
#[get("/blobs/{id}")]
async fn fetch(request: HttpRequest, id: Id<FileId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let wanted = wanted(&api, &request, id.0)?;
    let (file, grant) = api.ask(wanted).await?;
    let range = wanted_range(&request, &file)?;
    let running = Running::begin(api.get_ref().clone(), &grant).await?;
    let body = open(&api, wanted, &file, range).await?;
    Ok(head_of(&file, range).body(SizedStream::new(length(&file, range), running.stream(body))))
}

/// Ask what a fetch would answer, without the bytes.
#[utoipa::path(
    tag = "transfers",
    operation_id = "describeFile",
    params(
        ("id" = String, Path, description = "the file's id"),
        ("grant" = String, Query, description = "from the signed URL"),
        ("size" = u64, Query, description = "from the signed URL"),
        ("expires" = i64, Query, description = "from the signed URL"),
        ("key" = String, Query, description = "from the signed URL"),
        ("sig" = String, Query, description = "from the signed URL"),
        ("Range" = Option<String>, Header, description = "`bytes=from-to`"),
        ("If-Range" = Option<String>, Header, description = "the `ETag` that the range must belong to"),
    ),
    responses(
        (status = 200, description = "the headers of the whole file"),
        (status = 206, description = "the headers of the range"),
        (status = 403, description = "the URL was changed, or is not one of ours"),
        (status = 404, description = "no such file"),
        (status = 410, description = "the URL does not work any more"),
        (status = 416, description = "the range lies outside the file"),
        (status = 500, description = "the server met an unexpected condition"),
        (status = 503, description = "the database does not answer"),
    )
)]
#[head("/blobs/{id}")]
async fn describe(
    request: HttpRequest,
    id: Id<FileId>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (file, _) = api.ask(wanted(&api, &request, id.0)?).await?;
    described(&request, &file)
}

/// The answer to a fetch of the file, without the bytes.
///
/// # Errors
/// 416 if the wanted range lies outside the file.
pub(crate) fn described(request: &HttpRequest, file: &TransferFile) -> Result<HttpResponse, ApiError> {
    let range = wanted_range(request, file)?;
    let nothing = stream::empty::<Result<Bytes, ApiError>>();
    Ok(head_of(file, range).body(SizedStream::new(length(file, range), nothing)))
}

/// The first and the last byte of a range.
type ByteRange = Option<(u64, u64)>;

fn wanted_range(request: &HttpRequest, file: &TransferFile) -> Result<ByteRange, ApiError> {
    let headers = request.headers();
    let same_file = headers.get(header::IF_RANGE).is_none_or(|tag| tag.as_bytes() == etag(file).as_bytes());
    if !headers.contains_key(header::RANGE) || !same_file {
        return Ok(None);
    }
    // Several ranges, other units and nonsense are answered with the whole file, as RFC 9110 allows.
    let Ok(Range::Bytes(ranges)) = Range::parse(request) else { return Ok(None) };
    let [range] = ranges.as_slice() else { return Ok(None) };
    range.to_satisfiable_range(file.size).map(Some).ok_or_else(|| {
        let message = format!("the file has {} bytes", file.size);
        ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_NOT_SATISFIABLE", message)
            .file_size(file.size)
    })
}

fn length(file: &TransferFile, range: ByteRange) -> u64 {
    range.map_or(file.size, |(first, last)| last - first + 1)
}

/// Strong, as the bytes under an id never change, and the same from the first fetch on: the SHA-256 of parts is taken
/// later.
fn etag(file: &TransferFile) -> String {
    let sha256 = file.sha256.filter(|_| file.parts == 0);
    format!("\"{}\"", sha256.map_or_else(|| file.id.to_string(), hex::encode))
}

fn head_of(file: &TransferFile, range: ByteRange) -> HttpResponseBuilder {
    let mut response = match range {
        None => HttpResponse::Ok(),
        Some((first, last)) => {
            let mut partial = HttpResponse::PartialContent();
            partial.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", file.size)));
            partial
        }
    };
    response
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((header::ETAG, etag(file)))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::CONTENT_DISPOSITION, disposition(&file.name)));
    response
}

/// An attachment of the file's name (RFC 6266). What a quoted string can't hold as it is gets `_` there, and the
/// whole name as `filename*` beside it.
fn disposition(name: &FileName) -> String {
    let name = name.as_str();
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && c != '"' || c == ' ' { c } else { '_' }).collect();
    let extended =
        if plain == name { String::new() } else { format!("; filename*=UTF-8''{}", escaped(name)) };
    format!("attachment; filename=\"{plain}\"{extended}")
}

/// As an extended value has it: everything but `attr-char` as hex digits (RFC 8187, 3.2.1).
fn escaped(name: &str) -> String {
    let as_is = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    let bytes = name.bytes();
    bytes
        .map(|byte| if as_is(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

async fn open(
    api: &Api,
    wanted: OpenFile,
    file: &TransferFile,
    range: ByteRange,
) -> Result<Box<dyn ByteSource>, ApiError> {
    let (ports, bytes_of) = (api.ports.clone(), file.clone());
    let range = range.map(|(first, last)| first..last + 1);
    let opened = api.run(async move { Ok(open_bytes(&ports, &bytes_of, range).await) }).await?;
    match opened {
        Ok(body) => Ok(body),
        Err(ReadError::Store(error)) => Err(error.into()),
        Err(ReadError::Blob(error)) => {
            if matches!(error, BlobError::NotFound(_)) {
                // They may have been removed since the database was asked; then it says so now.
                api.ask(wanted).await?;
            }
            Err(error.into())
        }
    }
}

/// What a signed URL opens.
fn wanted(api: &Api, request: &HttpRequest, file: FileId) -> Result<OpenFile, ApiError> {
    match verified(api, request, file)?.right {
        Right::Fetch(grant) => Ok(OpenFile { grant, file }),
        Right::Send(..) => Err(forged()),
    }
}

crate::refusals!(FetchError: pass [Denied, Store] { Gone => GONE "GONE" });

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_given_in_ascii_and_whole_where_it_is_more() {
        let of = |name: &str| disposition(&FileName::try_from(name).unwrap());
        assert_eq!(of("a report.pdf"), "attachment; filename=\"a report.pdf\"");
        assert_eq!(of("\"é\".txt"), "attachment; filename=\"___.txt\"; filename*=UTF-8''%22%C3%A9%22.txt");
        // These end a value, or begin the next one, for a reader that keeps to the grammar.
        assert!(of("é=@;'*%").ends_with("; filename*=UTF-8''%C3%A9%3D%40%3B%27%2A%25"));
    }
}
