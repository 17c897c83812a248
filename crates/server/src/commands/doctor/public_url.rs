//! Do the URLs that clients are told lead to the server?

use url::{Host, Url};

use super::finding::Finding;
use super::installation::Installation;
use super::probe::{Answer, ask, ask_here};
use crate::config::{Config, Key, keys, reachable};

/// The settings of a URL and of the listener behind it.
struct Door {
    url: &'static Key,
    listen: &'static Key,
}

static MAIN: Door = Door { url: &keys::PUBLIC_URL, listen: &keys::LISTEN };
static BLOBS: Door = Door { url: &keys::BLOB_PUBLIC_URL, listen: &keys::BLOB_LISTEN };

/// The URL of signed URLs, where it is another.
pub async fn check_blobs(installation: &Installation<'_>) -> Vec<Finding> {
    let config = installation.config();
    let Some(url) = &config.configured_blob_public_url else {
        return vec![Finding::ok("signed URLs begin with the public URL")];
    };
    let here = config.blob_listen.filter(|here| here.port() != 0);
    let local = here.map(|here| format!("{}://{}", config.blob_scheme(), reachable(here)));
    BLOBS.check(url, local).await
}

pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let config = installation.config();
    let Some(url) = public_url(config) else {
        return vec![Finding::warn(
            "`listen` has port 0, so nobody knows the URL before the start",
            "give AGENTDROP_LISTEN a fixed port, or set AGENTDROP_PUBLIC_URL",
        )];
    };
    MAIN.check(&url, local_url(config)).await
}

fn public_url(config: &Config) -> Option<String> {
    let known = config.configured_public_url.is_some() || config.listen.port() != 0;
    known.then(|| config.public_url(config.listen))
}

fn local_url(config: &Config) -> Option<String> {
    (config.listen.port() != 0).then(|| format!("{}://{}", config.scheme(), reachable(config.listen)))
}

/// A warning if API keys travel readably.
fn in_clear(url: &str) -> Option<Finding> {
    let url = Url::parse(url).ok()?;
    let on_this_machine = match url.host()? {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
    };
    (url.scheme() == "http" && !on_this_machine).then(|| {
        Finding::warn(
            format!("{url} is not encrypted, so API keys and signed links can be read on the way"),
            "put a reverse proxy with TLS in front or set AGENTDROP_TLS_CERT_FILE, and begin the URL with https://",
        )
    })
}

impl Door {
    async fn check(&self, url: &str, local: Option<String>) -> Vec<Finding> {
        let public = ask(url).await;
        let local = match local.filter(|local| *local != url && public != Answer::Ours) {
            Some(local) => Some((ask_here(&local).await, local)),
            None => None,
        };
        let local = local.as_ref().map(|(answer, url)| (url.as_str(), answer));
        in_clear(url).into_iter().chain([self.judge(url, &public, local)]).collect()
    }

    /// What it means who answered at the public URL, and at the server's own address where that was asked too.
    fn judge(&self, url: &str, public: &Answer, local: Option<(&str, &Answer)>) -> Finding {
        let (url_env, listen_env) = (self.url.env, self.listen.env);
        let running = local.and_then(|(local, answer)| (*answer == Answer::Ours).then_some(local));
        match (public, running) {
            (Answer::Ours, _) => Finding::ok(format!("{url} answers as an AgentDrop server")),
            (Answer::Redirect(to), _) => Finding::warn(
                format!("{url} redirects to {to}"),
                format!("set {url_env} to where it ends: uploads don't follow redirects"),
            ),
            (Answer::Untrusted(why), _) => Finding::fail(
                format!("{url} can't be trusted: {why}"),
                "check that TLS is spoken there, and that the certificate is for this name, complete, current and \
             of an authority that this machine trusts",
            ),
            (Answer::Foreign(status), Some(local)) => Finding::fail(
                format!("{url} answers {status}, not as the server that runs at {local}"),
                format!("let the reverse proxy pass every path of {url_env} to that server"),
            ),
            (Answer::Silent(why), Some(local)) => Finding::fail(
                format!("{url} can't be reached from here, though the server runs at {local}: {why}"),
                format!("check {url_env}, its name in the DNS, the firewall and the reverse proxy"),
            ),
            // 5xx is what a reverse proxy says when there is no server behind it.
            (Answer::Foreign(status), None) if *status < 500 => Finding::fail(
                format!("something else than an AgentDrop server answers {status} at {url}"),
                format!("give the server an address of its own with {listen_env}, or correct {url_env}"),
            ),
            (Answer::Foreign(status), None) => not_running(url, &format!("the answer is {status}")),
            (Answer::Silent(why), None) => not_running(url, why),
        }
    }
}

fn not_running(url: &str, why: &str) -> Finding {
    Finding::warn(
        format!("no server runs at {url} ({why})"),
        "start it with `agentdrop-server serve` and call the doctor again to have its URL checked",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    const PUBLIC: &str = "https://files.example";
    const LOCAL: &str = "http://127.0.0.1:8080";

    #[test]
    fn keys_must_not_travel_in_clear_beyond_this_machine() {
        for url in [
            "https://files.example",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:8080",
            "http://localhost:8080",
            "http://files.localhost",
        ] {
            assert_eq!(in_clear(url), None, "{url}");
        }
        for url in
            ["http://files.example", "http://10.0.0.1:8080", "http://[fd00::1]", "http://localhost.example"]
        {
            assert_eq!(in_clear(url).map(|finding| finding.verdict()), Some(Verdict::Warn), "{url}");
        }
    }

    #[test]
    fn what_runs_decides_how_bad_an_answer_is() {
        use Answer::{Foreign, Ours, Redirect, Silent, Untrusted};
        let silent = || Silent("refused".to_owned());
        for (public, local, verdict, says) in [
            (Ours, None, Verdict::Ok, "answers as an AgentDrop server"),
            (
                Redirect("https://www.files.example".to_owned()),
                Some(Ours),
                Verdict::Warn,
                "redirects to https://www.",
            ),
            (Untrusted("expired".to_owned()), None, Verdict::Fail, "expired; check that TLS"),
            (
                Foreign(404),
                Some(Ours),
                Verdict::Fail,
                "answers 404, not as the server that runs at http://127.0.0.1:8080",
            ),
            (silent(), Some(Ours), Verdict::Fail, "though the server runs at http://127.0.0.1:8080: refused"),
            (Foreign(404), Some(silent()), Verdict::Fail, "something else"),
            (Foreign(200), None, Verdict::Fail, "something else"),
            (
                Foreign(502),
                Some(silent()),
                Verdict::Warn,
                "no server runs at https://files.example (the answer is 502)",
            ),
            (
                silent(),
                Some(silent()),
                Verdict::Warn,
                "no server runs at https://files.example (refused); start it",
            ),
            (silent(), None, Verdict::Warn, "no server runs"),
        ] {
            let finding = MAIN.judge(PUBLIC, &public, local.as_ref().map(|answer| (LOCAL, answer)));
            assert_eq!(finding.verdict(), verdict, "{public:?} {local:?}");
            let line = finding.line("public URL");
            assert!(line.contains(says), "{line}");
        }
    }
}
