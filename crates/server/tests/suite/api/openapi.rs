//! The OpenAPI document and the page that shows it.

use std::fs;

use agentdrop_test_support::app::{App, Backend};
use serde_json::Value;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/openapi.json");

fn generated() -> String {
    let mut text = agentdrop_api::document().to_pretty_json().unwrap();
    text.push('\n');
    text
}

#[test]
fn the_document_is_the_committed_one() {
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(SNAPSHOT, generated()).unwrap();
    }
    let committed = fs::read_to_string(SNAPSHOT).unwrap_or_default();
    let first_difference =
        committed.lines().zip(generated().lines().map(str::to_owned)).find(|(a, b)| a != b);
    assert!(
        committed == generated(),
        "the API has changed; if it should, run this test with UPDATE_OPENAPI=1 and commit \
         docs/api/openapi.json. First difference: {first_difference:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_serves_the_document_and_a_page_that_shows_it() {
    let app = App::start(Backend::Embedded).await;
    let served = app.get("/openapi.json", "").await.expect(200);
    let committed: Value = serde_json::from_str(&fs::read_to_string(SNAPSHOT).unwrap()).unwrap();
    assert!(served.body == committed, "the served document is not the committed one");
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
    let page = app.request(reqwest::Method::GET, "/docs/", "").send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let html = page.text().await.unwrap();
    assert!(html.contains("swagger-ui"), "{html}");
    // Everything comes from the binary.
    assert!(!html.contains("src=\"http") && !html.contains("href=\"http"), "{html}");
    for asset in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        let asset = app.request(reqwest::Method::GET, &format!("/docs/{asset}"), "").send().await.unwrap();
        assert_eq!(asset.status(), 200);
    }
    let bare = app.request(reqwest::Method::GET, "/docs", "").send().await.unwrap();
    assert_eq!((bare.status().as_u16(), bare.url().path()), (200, "/docs/"));
}

#[test]
fn every_operation_documents_its_refusals_in_the_common_shape() {
    let document = serde_json::to_value(agentdrop_api::document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            if path.starts_with("/v1/") {
                for status in ["401", "429", "500", "503"] {
                    assert!(responses.contains_key(status), "{method} {path} documents no {status}");
                }
            }
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                let shaped = schema == "#/components/schemas/ErrorBody";
                assert!(
                    shaped || method == "head" || path == "/readyz",
                    "{method} {path} {status}: {schema}"
                );
            }
        }
    }
}

#[test]
fn every_operation_that_creates_takes_an_idempotency_key() {
    let document = serde_json::to_value(agentdrop_api::document()).unwrap();
    let mut without = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let takes_key = parameters.into_iter().any(|parameter| parameter["name"] == "Idempotency-Key");
            let responses = operation["responses"].as_object().unwrap();
            if responses.contains_key("201") && !takes_key {
                without.push(format!("{method} {path}"));
            }
            if takes_key {
                let (good, conflict) =
                    responses.iter().next().map(|(_, good)| (good, &responses["409"])).unwrap();
                assert!(good["headers"]["Idempotency-Replayed"].is_object(), "{method} {path}");
                let codes = conflict["description"].as_str().unwrap();
                assert!(codes.contains("`IDEMPOTENCY_MISMATCH`"), "{method} {path}: {codes}");
                assert!(codes.contains("`IDEMPOTENCY_IN_PROGRESS`"), "{method} {path}: {codes}");
            }
        }
    }
    assert_eq!(without, [""; 0], "operations that create and take no key");
}
