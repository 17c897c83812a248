#![allow(clippy::unwrap_used, clippy::expect_used)]

use clap::Parser as _;
use serde_json::Value;

use super::*;
use crate::cli::{Cli, Command};
use crate::config::Environment;

/// A data folder of its own, and the commands on it.
struct Operator {
    _folder: tempfile::TempDir,
    config: Config,
}

impl Operator {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap();
        let loaded = Config::load(None, &Environment::new([("AGENTDROP_DATA_DIR", data)]));
        let config = loaded.unwrap_or_else(|errors| panic!("{errors}")).config;
        Self { _folder: folder, config }
    }

    /// What a command writes. Arguments are separated by `|`, so that they may hold blanks.
    async fn run(&self, line: &str) -> Result<String, AccountError> {
        let cli = Cli::try_parse_from(["agentdrop-server", "account"].into_iter().chain(line.split('|')));
        let Command::Account(command) = cli.unwrap().into_command() else { panic!("{line}") };
        let mut out = Vec::new();
        account(&self.config, command, &mut out).await?;
        Ok(String::from_utf8(out).unwrap())
    }

    async fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.run(line).await.unwrap()).unwrap()
    }
}

fn keys_of(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_is_one_json_object_with_its_key() {
    let operator = Operator::new();
    let made = operator.json("create|--email|Ann@Example.com|--name|Ann B|--plan|team|--json").await;
    let mut keys = keys_of(&made);
    keys.sort_unstable();
    assert_eq!(keys, ["account_id", "api_key", "email", "name", "plan"]);
    assert_eq!(made["email"], "ann@example.com");
    assert_eq!(made["name"], "Ann B");
    assert_eq!(made["plan"], "team");
    assert!(made["api_key"].as_str().unwrap().starts_with("agd_live_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_the_key_and_that_it_is_shown_once() {
    let operator = Operator::new();
    let text = operator.run("create|--email|ann@example.com|--name|Ann").await.unwrap();
    assert!(text.contains("agd_live_"), "{text}");
    assert!(text.contains("plan     enterprise"), "{text}");
    assert!(text.contains("shown this once"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_account_of_one_address_is_refused() {
    let operator = Operator::new();
    operator.run("create|--email|ann@example.com|--name|Ann").await.unwrap();
    let refusal = operator.run("create|--email|ANN@example.com|--name|Ann").await.unwrap_err();
    assert!(refusal.to_string().contains("exists already"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_arguments_are_named_as_the_command_line_calls_them() {
    let operator = Operator::new();
    let refusal = operator.run("create|--email|ann|--name||--plan|gold").await.unwrap_err().to_string();
    for part in ["--email must be", "--name must be", "--plan must be one of: builder, enterprise"] {
        assert!(refusal.contains(part), "{part} in {refusal}");
    }
    let refusal = operator.run("set-plan|--email|nobody@example.com|--plan|team").await.unwrap_err();
    assert!(refusal.to_string().contains("no account has this"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_changed_and_shown_in_the_list() {
    let operator = Operator::new();
    let empty = operator.json("list|--json").await;
    assert_eq!(empty, serde_json::json!({ "accounts": [] }));
    operator.run("create|--email|ann@example.com|--name|Ann").await.unwrap();
    operator.run("create|--email|bob@example.com|--name|Bob").await.unwrap();
    let text = operator.run("set-plan|--email|bob@example.com|--plan|free").await.unwrap();
    assert_eq!(text, "bob@example.com is on the plan \"free\" now\n");
    let listed = operator.json("list|--json").await;
    let plan_of = |n: usize| (&listed["accounts"][n]["email"], &listed["accounts"][n]["plan"]);
    assert_eq!(plan_of(0), (&Value::from("ann@example.com"), &Value::from("enterprise")));
    assert_eq!(plan_of(1), (&Value::from("bob@example.com"), &Value::from("free")));
    let text = operator.run("list").await.unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("bob@example.com"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_is_replaced_whatever_the_plan_allows() {
    let operator = Operator::new();
    let first = operator.json("create|--email|ann@example.com|--name|Ann|--plan|free|--json").await;
    for _ in 0..3 {
        let made = operator.json("new-key|--email|ann@example.com|--name|rescue|--json").await;
        assert_eq!(made["account_id"], first["account_id"]);
        assert_eq!(made["key_name"], "rescue");
        assert_ne!(made["api_key"], first["api_key"]);
    }
    let text = operator.run("new-key|--email|ann@example.com").await.unwrap();
    assert!(text.contains("made by the operator"), "{text}");
}
