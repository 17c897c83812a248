//! The tables of `docs/configuration.md` are made from the tables of the code.

use agentdrop_domain::plan::PlanCatalogue;

use super::super::keys::{self, Key, Kind};
use super::super::plans::FIELDS;

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md"));

#[test]
fn the_page_has_every_setting_as_the_code_has_it() {
    assert_table("settings", &settings_table());
}

#[test]
fn the_page_has_every_value_of_a_plan_as_the_code_has_it() {
    assert_table("plans", &plans_table());
}

#[test]
fn the_example_file_is_a_sound_configuration() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/agentdrop.example.toml");
    let text = std::fs::read_to_string(path).unwrap();
    super::Setup::new().toml(&text).load();
    // So are the lines that it has commented out.
    let all: String =
        text.lines().map(|line| format!("{}\n", line.strip_prefix("#: ").unwrap_or(line))).collect();
    assert_ne!(all, text);
    super::Setup::new().toml(&all).load();
}

fn assert_table(name: &str, table: &str) {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let written = PAGE.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end)).map(|(table, _)| table);
    assert_eq!(written, Some(table), "put this between the marks in docs/configuration.md:\n{table}");
}

fn settings_table() -> String {
    let mut table = "| TOML | environment | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for key in keys::ALL {
        let (toml, default, doc, allowed) = (key.toml, default(key), key.doc, key.allowed);
        let env = key.env_file.map_or(format!("`{}`", key.env), |file| format!("`{}`, `{file}`", key.env));
        table.push_str(&format!("| `{toml}` | {env} | {default} | {doc} Allowed: {allowed}. |\n"));
    }
    table
}

fn default(key: &Key) -> String {
    match (key.default, key.kind) {
        (Some(text), Kind::Text) => format!("`\"{text}\"`"),
        (Some(text), _) => format!("`{text}`"),
        (None, _) => format!("unset: {}", key.unset),
    }
}

fn plans_table() -> String {
    let plans = PlanCatalogue::default_plans();
    let names: Vec<String> = plans.iter().map(|plan| format!("`{}`", plan.name.as_str())).collect();
    let rule = " --- |".repeat(plans.len() + 2);
    let mut table = format!("| value | meaning | {} |\n|{rule}\n", names.join(" | "));
    for field in &FIELDS {
        let values: Vec<String> = plans.iter().map(|plan| field.show(plan)).collect();
        table.push_str(&format!("| `{}` | {} | {} |\n", field.toml, field.doc, values.join(" | ")));
    }
    table
}
