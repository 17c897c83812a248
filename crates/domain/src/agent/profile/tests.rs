use super::*;
use crate::error::FieldError;
use crate::mock::{Fixture, id};

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn refused(input: &ProfileInput) -> Vec<FieldError> {
    let mut errors = FieldErrors::default();
    input.check(&mut errors);
    errors.into_invalid().0
}

fn applied(input: &ProfileInput) -> Agent {
    let mut errors = FieldErrors::default();
    let change = input.check(&mut errors);
    errors.finish().unwrap();
    let mut agent = Agent { description: text("before"), ..Fixture::new().agent(1, id(1)) };
    change.apply(&mut agent);
    agent
}

#[test]
fn what_is_absent_stays() {
    let before = Agent { description: text("before"), ..Fixture::new().agent(1, id(1)) };
    assert_eq!(applied(&ProfileInput::default()), before);
}

#[test]
fn what_is_given_replaces() {
    let agent = applied(&ProfileInput {
        name: text(" New name "),
        description: text("two\nlines"),
        agent_type: text("n8n"),
        webhook_url: text("https://hooks.example.com/x?y=1"),
        metadata: text("{\"a\":1}"),
        available_for_connections: Some(false),
        require_encryption: Some(true),
    });
    assert_eq!(agent.name, "New name");
    assert_eq!(agent.description.as_deref(), Some("two\nlines"));
    assert_eq!(agent.agent_type, AgentType::N8n);
    assert_eq!(agent.webhook_url.as_deref(), Some("https://hooks.example.com/x?y=1"));
    assert_eq!(agent.metadata, "{\"a\":1}");
    assert!(!agent.available_for_connections && agent.require_encryption);
}

#[test]
fn an_empty_text_clears_what_may_be_absent() {
    let input = ProfileInput { description: text(""), webhook_url: text(""), ..ProfileInput::default() };
    let agent = applied(&input);
    assert_eq!((agent.description, agent.webhook_url), (None, None));
}

#[test]
fn the_limits_hold_to_the_last_character() {
    let at_limit = ProfileInput {
        name: text(&"ä".repeat(128)),
        description: text(&"ä".repeat(1_024)),
        webhook_url: text(&format!("https://h/{}", "x".repeat(2_038))),
        metadata: text(&format!("{{\"a\":\"{}\"}}", "x".repeat(16_376))),
        ..ProfileInput::default()
    };
    assert_eq!(refused(&at_limit), []);
    let above = ProfileInput {
        name: at_limit.name.map(|name| name + "ä"),
        description: at_limit.description.map(|text| text + "ä"),
        webhook_url: at_limit.webhook_url.map(|url| url + "x"),
        metadata: text(&format!("{{\"a\":\"{}\"}}", "x".repeat(16_377))),
        ..ProfileInput::default()
    };
    let fields: Vec<String> = refused(&above).into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["name", "description", "webhook_url", "metadata"]);
}

#[test]
fn odd_values_are_refused() {
    for (field, bad) in [
        ("description", "a\u{0}b"),
        ("webhook_url", "http://example.com"),
        ("webhook_url", "https://"),
        ("webhook_url", "https:///path"),
        ("webhook_url", "https://user:secret@example.com/"),
        ("webhook_url", "https://example.com/a b"),
        ("metadata", "[1]"),
        ("metadata", "{\"a\":\"\\u0000\"}"),
        ("agent_type", "Custom"),
    ] {
        let mut input = ProfileInput::default();
        let place = match field {
            "description" => &mut input.description,
            "webhook_url" => &mut input.webhook_url,
            "metadata" => &mut input.metadata,
            _ => &mut input.agent_type,
        };
        *place = text(bad);
        let errors = refused(&input);
        assert_eq!(errors.len(), 1, "{bad:?}");
        assert_eq!(errors[0].field, field, "{bad:?}");
    }
}

#[test]
fn every_enumeration_has_a_word_for_each_value() {
    use crate::agent::AgentStatus;
    use crate::words::word_of;
    for agent_type in [
        AgentType::Custom,
        AgentType::Langchain,
        AgentType::Crewai,
        AgentType::Autogen,
        AgentType::Mastra,
        AgentType::N8n,
    ] {
        assert!(!word_of(&AgentType::ALL, agent_type).is_empty());
    }
    for status in [AgentStatus::Pending, AgentStatus::Connected, AgentStatus::Disconnected] {
        assert!(!word_of(&AgentStatus::ALL, status).is_empty());
    }
}
