//! Calls with an `Idempotency-Key` whose answer was lost: repeated, they act once.

use agentdrop_test_support::app::Backend;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::super::{Node, World};
use super::two_files;

on_both_backends!(at_the_commit_of_calls_that_may_be_repeated);

/// A call, given the node, the key and a transfer that can be downloaded; and the status of its success.
type Call = (fn(&Node, &str, &str) -> RequestBuilder, u16);

const UPLOAD: Call = (|node, key, _| node.upload(key, two_files()), 201);
const PREPARE: Call = (
    |node, key, _| {
        let body = json!({"sender": "one", "recipient": "two", "files": [{"name": "a", "size": 7}]});
        node.request(Method::POST, "/v1/transfers/presigned", key).json(&body)
    },
    201,
);
const DOWNLOAD: Call =
    (|node, key, id| node.request(Method::GET, &format!("/v1/transfers/{id}/download"), key), 200);

async fn at_the_commit_of_calls_that_may_be_repeated(backend: Backend) {
    let world = World::without_a_node(backend).await;
    let mut transfers = 0;
    for (name, (call, success)) in [("upload", UPLOAD), ("prepare", PREPARE), ("download", DOWNLOAD)] {
        for (point, acted) in [("Idempotent:before", false), ("Idempotent:after", true)] {
            let at = format!("{point} of {name}");
            let node = world.doomed(point).await;
            let id = node.sent(&world.key).await;
            transfers += 1;
            let request = |node: &Node| call(node, &world.key, &id).header("Idempotency-Key", at.as_str());
            assert!(request(&node).send().await.is_err(), "{at}");
            node.expect_death(&at).await;

            // Until its lease has run out, the first call counts as running.
            let mut node = Node::start(&world.backing).await;
            if !acted {
                let early = request(&node).send().await.unwrap();
                assert_eq!(early.status(), 409, "{at}");
            }
            node.process.kill9();
            let there = world.expect_agreement(&at).await;
            let makes_one = usize::from(name != "download");
            assert_eq!(there.len(), transfers + makes_one * usize::from(acted), "{at}");

            let mut node = Node::start(&world.backing).await;
            let (mut answers, mut replayed) = (Vec::new(), Vec::new());
            for _ in 0..2 {
                let answer = request(&node).send().await.unwrap();
                assert_eq!(answer.status(), success, "{at}");
                replayed.push(answer.headers().contains_key("idempotency-replayed"));
                answers.push(answer.json::<Value>().await.unwrap());
            }
            assert_eq!(replayed, [acted, true], "{at}");
            assert_eq!(answers[0], answers[1], "{at}");
            node.process.kill9();
            transfers += makes_one;
            assert_eq!(world.expect_agreement(&format!("{at}, repeated")).await.len(), transfers);
        }
    }
}
