use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::TlsWish;
use crate::sql::OpenError;
use crate::sql::error::in_one_line;

/// Whether connections are encrypted. Wherever they are, the server's certificate is verified.
#[derive(Clone)]
pub(super) enum Tls {
    Never,
    /// Plain where the server has no TLS, or none with a certificate that can be verified: whoever could
    /// present a false certificate could as well claim to have no TLS, so this mode protects from neither.
    IfPossible(MakeRustlsConnect),
    Always(MakeRustlsConnect),
}

impl Tls {
    pub(super) fn new(wish: TlsWish) -> Result<Self, OpenError> {
        let verified = || connector(wish.root_certificates.as_deref());
        match wish.mode {
            SslMode::Disable => Ok(Self::Never),
            SslMode::Prefer => Ok(Self::IfPossible(verified()?)),
            _ => Ok(Self::Always(verified()?)),
        }
    }
}

fn connector(root_certificates: Option<&Path>) -> Result<MakeRustlsConnect, OpenError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = root_certificates {
        add_from_file(&mut roots, path)
            .map_err(|reason| OpenError::RootCertificates { path: path.to_owned(), reason })?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Tls(in_one_line(&error)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn add_from_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let mut found = 0;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        found += 1;
    }
    if found == 0 { Err("it holds no PEM certificate".to_owned()) } else { Ok(()) }
}
