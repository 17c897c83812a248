//! The certificate of the server's own TLS: read from files, and read again when an operator says so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::{Key, TlsFiles, keys};

/// Why TLS can't be spoken. Each names the setting.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read, or has not what it should have.
    #[error("{key} names {}, in which no {wanted} can be read", path.display())]
    File {
        /// The setting.
        key: &'static Key,
        /// The file.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
        /// What the reader said.
        source: PemError,
    },
    /// The two don't fit each other, or are of a kind that is not supported.
    #[error(
        "the certificate of {} and the private key of {} can't be used together",
        keys::TLS_CERT_FILE,
        keys::TLS_KEY_FILE
    )]
    Pair(#[source] rustls::Error),
}

/// The certificate in use. Handshakes take what was read last.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn read(files: &TlsFiles) -> Result<Arc<Self>, TlsError> {
        let current = RwLock::new(Arc::new(certified_key(files)?));
        Ok(Arc::new(Self { files: files.clone(), current }))
    }

    /// Reads the files again. Connections that are open keep the old certificate, and if the new one is no good,
    /// new connections do as well.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn renew(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(certified_key(&self.files)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// TLS 1.2 and 1.3 with this certificate, for HTTP/1.1.
    ///
    /// # Errors
    /// [`TlsError::Pair`] if the provider of cryptography can't do that.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Pair)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certified_key(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let chain = chain(&files.certificate)
        .map_err(|source| unread(&keys::TLS_CERT_FILE, &files.certificate, "PEM certificate", source))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|source| unread(&keys::TLS_KEY_FILE, &files.key, "PEM private key", source))?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(TlsError::Pair)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
    if chain.is_empty() { Err(PemError::NoItemsFound) } else { Ok(chain) }
}

fn unread(key: &'static Key, path: &Path, wanted: &'static str, source: PemError) -> TlsError {
    TlsError::File { key, path: path.to_owned(), wanted, source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tempfile::TempDir;

    use super::*;

    struct Folder(TempDir);

    impl Folder {
        fn files(&self) -> TlsFiles {
            TlsFiles { certificate: self.0.path().join("cert.pem"), key: self.0.path().join("key.pem") }
        }

        fn write(&self, certificate: &str, key: &str) {
            std::fs::write(self.files().certificate, certificate).unwrap();
            std::fs::write(self.files().key, key).unwrap();
        }
    }

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn folder() -> Folder {
        let folder = Folder(TempDir::new().unwrap());
        let (certificate, key) = pair();
        folder.write(&certificate, &key);
        folder
    }

    fn message(outcome: Result<impl Sized, TlsError>) -> String {
        outcome.err().map(|error| error.to_string()).unwrap()
    }

    #[test]
    fn a_renewed_certificate_is_used_and_a_bad_one_is_not() {
        let folder = folder();
        let certificate = Certificate::read(&folder.files()).unwrap();
        let current = || certificate.current.read().unwrap().cert[0].clone();
        let first = current();

        let (other, key) = pair();
        folder.write(&other, &key);
        certificate.renew().unwrap();
        let second = current();
        assert_ne!(first, second);

        folder.write("", &key);
        assert!(certificate.renew().is_err());
        assert_eq!(current(), second);
    }

    #[test]
    fn what_is_wrong_names_the_setting() {
        let folder = folder();
        let (certificate, key) = pair();
        folder.write("nothing", &key);
        let said = message(Certificate::read(&folder.files()));
        assert!(
            said.contains("(AGENTDROP_TLS_CERT_FILE) names") && said.contains("no PEM certificate"),
            "{said}"
        );

        folder.write(&certificate, &certificate);
        let said = message(Certificate::read(&folder.files()));
        assert!(
            said.contains("(AGENTDROP_TLS_KEY_FILE) names") && said.contains("no PEM private key"),
            "{said}"
        );

        std::fs::remove_file(folder.files().key).unwrap();
        let said = message(Certificate::read(&folder.files()));
        assert!(said.contains("(AGENTDROP_TLS_KEY_FILE) names"), "{said}");

        folder.write(&certificate, &pair().1);
        let said = message(Certificate::read(&folder.files()));
        assert!(
            said.contains("AGENTDROP_TLS_CERT_FILE") && said.contains("AGENTDROP_TLS_KEY_FILE"),
            "{said}"
        );
    }

    #[test]
    fn only_http_1_1_is_offered() {
        let config = Certificate::read(&folder().files()).unwrap().server_config().unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    }
}
