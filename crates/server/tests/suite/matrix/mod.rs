//! The authorisation matrix: what every operation answers to every kind of caller.
//!
//! The [`table`] says what is expected. An operation of the OpenAPI document without a row fails, and so does
//! a row without an operation.

mod scenes;
mod table;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use agentdrop_test_support::app::{Answer, Backend};
use futures_util::StreamExt as _;
use futures_util::stream;
use reqwest::Method;
use serde_json::Value;

use self::scenes::{Body, Scene, scene};
use self::table::{Expected, TABLE};
use self::world::{Caller, World};

/// How many operations are tried at once.
const AT_ONCE: usize = 8;

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let documented: BTreeSet<String> = operations().into_keys().collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|(operation, _)| (*operation).to_owned()).collect();
    let without_row: Vec<_> = documented.difference(&rows).collect();
    let without_operation: Vec<_> = rows.difference(&documented).collect();
    assert!(without_row.is_empty(), "operations without a row in the table: {without_row:?}");
    assert!(without_operation.is_empty(), "rows whose operation does not exist: {without_operation:?}");
    assert_eq!(rows.len(), TABLE.len(), "an operation has two rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_gets_the_expected_answer_on_the_embedded_backends() {
    try_all(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_gets_the_expected_answer_on_postgres_and_s3() {
    try_all(Backend::PostgresS3).await;
}

async fn try_all(backend: Backend) {
    let world = World::build(backend).await;
    let operations = operations();
    let rows = stream::iter(TABLE).map(|(operation, expected)| {
        let (world, endpoint) = (&world, operations.get(*operation));
        async move {
            let endpoint = endpoint.unwrap_or_else(|| panic!("there is no operation {operation}"));
            try_row(world, operation, endpoint, expected).await
        }
    });
    let surprises: Vec<String> = rows.buffer_unordered(AT_ONCE).flat_map(stream::iter).collect().await;
    assert!(surprises.is_empty(), "{} surprises:\n{}", surprises.len(), surprises.join("\n"));
}

/// The method and the path template of an operation.
type Endpoint = (Method, String);

/// Every operation of the OpenAPI document, by its id.
fn operations() -> BTreeMap<String, Endpoint> {
    let document = serde_json::to_value(agentdrop_api::document()).unwrap();
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no id"));
            let method = method.to_uppercase().parse().unwrap();
            let twin = found.insert(id.to_owned(), (method, path.clone()));
            assert!(twin.is_none(), "two operations are called {id}");
        }
    }
    found
}

/// Tries one operation as every caller, in turn: some acts of one caller are seen by the next.
async fn try_row(world: &World, operation: &str, endpoint: &Endpoint, expected: &Expected) -> Vec<String> {
    let mut surprises = Vec::new();
    for (caller, expected) in Caller::ALL.into_iter().zip(expected) {
        let scene = scene(world, operation, caller).await;
        let answer = call(world, endpoint, caller, scene).await;
        if answer.outcome() != *expected {
            let body = &answer.body["error"]["message"];
            let found = answer.outcome();
            surprises
                .push(format!("{operation} as {caller:?}: expected {expected:?}, found {found:?} ({body})"));
        }
    }
    surprises
}

async fn call(world: &World, (method, template): &Endpoint, caller: Caller, scene: Scene) -> Answer {
    let key = scene.key.as_deref().unwrap_or_else(|| world.key_of(caller));
    let path = format!("{}{}", filled(template, &scene.segments), scene.query);
    let request = world.app.request(method.clone(), &path, key);
    let request = match scene.body {
        Body::None => request,
        Body::Json(body) => request.json(&body),
        Body::Form(form) => request.multipart(form),
        Body::Bytes(bytes) => request.body(bytes),
    };
    let answer = Answer::of(request).await;
    assert!(answer.status < 400 || !answer.body["error"].is_null() || *method == Method::HEAD, "{answer:?}");
    Answer { body: if answer.status < 400 { Value::Null } else { answer.body }, ..answer }
}

/// A path template with its parameters filled in.
fn filled(template: &str, segments: &[String]) -> String {
    let mut segments = segments.iter();
    let path: Vec<&str> = template
        .split('/')
        .map(
            |part| {
                if part.starts_with('{') { segments.next().expect("a value for it").as_str() } else { part }
            },
        )
        .collect();
    assert!(segments.next().is_none(), "{template} has fewer parameters");
    path.join("/")
}
