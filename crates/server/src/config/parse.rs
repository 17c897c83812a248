//! One function a form of value. Each answers `None` for what is not allowed; what is, the table of keys
//! says.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::secret::Secret;

/// The fewest characters of a key for signed URLs.
const SIGNING_KEY_CHARACTERS: usize = 32;

pub fn socket_address(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

/// A whole number within a range.
pub fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Option<T>
where
    T: std::str::FromStr + PartialOrd,
{
    move |text| text.parse().ok().filter(|number| range.contains(number))
}

/// `-1` and `unlimited` are no limit, hence the outer `Option` for what is not allowed.
pub fn limit(most: u64) -> impl Fn(&str) -> Option<Option<u64>> {
    move |text| match text {
        "-1" | "unlimited" => Some(None),
        _ => whole(0..=most)(text).map(Some),
    }
}

pub fn switch(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// The items of a comma-separated list, trimmed; empty items are passed over.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

pub fn networks(text: &str) -> Option<Vec<IpNet>> {
    let network = |item: &str| item.parse().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
    items(text).map(network).collect::<Result<_, _>>().ok()
}

pub fn signing_keys(text: &str) -> Option<Vec<Secret>> {
    let keys: Vec<&str> = items(text).collect();
    let long_enough = |key: &&str| key.chars().count() >= SIGNING_KEY_CHARACTERS;
    (!keys.is_empty() && keys.iter().all(long_enough)).then(|| keys.into_iter().map(Secret::new).collect())
}

/// An `http` or `https` URL that paths can be appended to: no closing `/`.
pub fn base_url(text: &str) -> Option<String> {
    http_url(text).map(|url| url.as_str().trim_end_matches('/').to_owned())
}

/// A [`base_url`] of scheme, host and port alone.
pub fn origin(text: &str) -> Option<String> {
    http_url(text).filter(|url| url.path() == "/").map(|url| url.as_str().trim_end_matches('/').to_owned())
}

fn http_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (bare && matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// A folder that is there or could be made: anything but a path at which something else stands.
pub fn folder(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    (path.is_dir() || !path.exists()).then(|| path.to_owned())
}

/// A file, which is looked into by whoever needs it: not every command that reads the configuration may.
pub fn file(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    (!path.is_dir()).then(|| path.to_owned())
}

pub fn bucket(text: &str) -> Option<String> {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let fits = (3..=63).contains(&text.len())
        && text.bytes().all(|b| alphanumeric(b) || matches!(b, b'.' | b'-'))
        && text.bytes().next().is_some_and(alphanumeric)
        && text.bytes().last().is_some_and(alphanumeric);
    fits.then(|| text.to_owned())
}

pub fn region(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| text.to_owned())
}

pub fn credential(text: &str) -> Option<Secret> {
    let fits = (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| Secret::new(text))
}

pub fn log_filter(text: &str) -> Option<String> {
    EnvFilter::builder().parse(text).ok().map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_keep_to_their_range() {
        let parse = whole(1..=10_u32);
        assert_eq!((parse("1"), parse("10")), (Some(1), Some(10)));
        for text in ["0", "11", "-1", "ten", "1.0", "", "99999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn limits_may_be_unlimited() {
        let parse = limit(100);
        assert_eq!((parse("unlimited"), parse("-1"), parse("0")), (Some(None), Some(None), Some(Some(0))));
        assert_eq!((parse("101"), parse("-2"), parse("none")), (None, None, None));
    }

    #[test]
    fn networks_take_single_addresses() {
        let networks = networks("10.0.0.0/8, ::1,192.0.2.7").unwrap();
        let shown: Vec<String> = networks.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.0/8", "::1/128", "192.0.2.7/32"]);
        assert!(super::networks("10.0.0.0/33").is_none());
        assert!(super::networks("proxy.example").is_none());
    }

    #[test]
    fn every_signing_key_has_32_characters() {
        let (long, short) = ("k".repeat(32), "k".repeat(31));
        assert_eq!(signing_keys(&format!("{long}, {long}")).unwrap().len(), 2);
        assert!(signing_keys(&format!("{long},{short}")).is_none());
        assert!(signing_keys(" , ").is_none());
    }

    #[test]
    fn base_urls_have_neither_query_nor_user_nor_closing_slash() {
        assert_eq!(base_url("https://drop.example/a/").as_deref(), Some("https://drop.example/a"));
        for text in ["drop.example", "ftp://x", "https://u:p@x", "https://x?y=1", "https://x#y", "https://"] {
            assert_eq!(base_url(text), None, "{text}");
        }
        assert_eq!(origin("http://minio:9000/").as_deref(), Some("http://minio:9000"));
        assert_eq!(origin("http://minio:9000/bucket"), None);
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(folder(file.path().to_str().unwrap()), None);
        assert!(folder("/no/such/folder/yet").is_some());
        assert!(super::file(file.path().to_str().unwrap()).is_some());
        assert_eq!(super::file("/"), None);
    }

    #[test]
    fn bucket_names_follow_s3() {
        assert_eq!(bucket("agent-drop.1").as_deref(), Some("agent-drop.1"));
        for text in ["ab", "Upper", "-x-", "with/slash", &"x".repeat(64)] {
            assert_eq!(bucket(text), None, "{text}");
        }
    }

    #[test]
    fn regions_and_credentials_are_plain_text() {
        assert_eq!(region("eu-central-1").as_deref(), Some("eu-central-1"));
        assert_eq!(region("eu central"), None);
        assert_eq!(credential("AKIA123").unwrap().expose(), "AKIA123");
        assert!(credential("two words").is_none());
    }

    #[test]
    fn log_filters_are_tried() {
        assert!(log_filter("info,agentdrop_api=debug").is_some());
        assert!(log_filter("info,agentdrop_api=loud").is_none());
    }

    #[test]
    fn addresses_have_a_port() {
        assert!(socket_address("[::1]:80").is_some());
        assert!(socket_address("127.0.0.1").is_none());
        assert!(socket_address("localhost:80").is_none());
    }

    #[test]
    fn switches_are_true_or_false() {
        assert_eq!((switch("true"), switch("false"), switch("yes")), (Some(true), Some(false), None));
    }
}
