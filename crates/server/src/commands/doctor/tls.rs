//! Can TLS be spoken with the configured certificate?

use super::finding::Finding;
use super::installation::Installation;
use crate::tls::Certificate;
use crate::with_causes;

pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let Some(tls) = &installation.config().tls else {
        return vec![Finding::ok("none of the server's own")];
    };
    vec![match Certificate::read(&tls.files) {
        Ok(_) => Finding::ok(format!("the certificate {} fits its key", tls.files.certificate.display())),
        Err(error) => {
            Finding::fail(with_causes(&error), "let both be PEM files that the server's user can read")
        }
    }]
}
