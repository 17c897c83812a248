use std::collections::HashMap;

use agentdrop_adapters::sql::Location;
use serde_json::Value;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::super::backend::TestDb;
use super::{pinned, recorded};

/// The plans that are shown are those for any parameters. The planner is kept from what pays for tables of few
/// thousand rows: a plan that reads a whole table is left only where no index leads to the rows.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
    SET enable_hashjoin = off; SET enable_mergejoin = off";

/// Ends of the statements that read a whole table or index, and may.
const FINE: [&str; 4] = [
    // An operator's list of all accounts, and how long it is.
    r#" FROM "accounts" ORDER BY "accounts"."created_at", "accounts"."id" LIMIT $1 OFFSET $2"#,
    r#"SELECT COUNT(*) FROM "accounts""#,
    // The sign of life: any row will do.
    r#"SELECT "accounts"."plan" FROM "accounts" LIMIT $1"#,
    // Uploads to be removed, of a table that has only those that run now.
    r#" OR ("uploads"."lease_until" <= $2)) ORDER BY "uploads"."lease_until", "uploads"."id" LIMIT $3"#,
];

pub async fn no_query_reads_a_whole_table() {
    let statements = recorded(TestDb::postgres, '"').await;
    let db = TestDb::postgres().await;
    let Location::Postgres(url) = &db.location else { panic!("this database is no server") };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(include_str!("fill.sql")).await.unwrap();
    client.batch_execute(SETTINGS).await.unwrap();
    let first_columns = first_columns(&client).await;
    for (pin, statements) in pinned(&statements) {
        let index = pin.index.unwrap_or("transfers_pkey").to_owned();
        for statement in statements {
            let plan = explain(&client, statement).await;
            let (mut indexes, mut sorts) = (Vec::new(), false);
            nodes(&plan, &mut |node, of_index| {
                indexes.extend(of_index.map(str::to_owned));
                sorts |= node.contains("Sort");
            });
            assert!(indexes == [index.clone()] && !sorts, "{statement}: {plan:#}");
        }
    }
    let mut scans = Vec::new();
    for statement in statements.into_iter().filter(|told| !FINE.iter().any(|end| told.ends_with(end))) {
        let mut found = Vec::new();
        whole_reads(&explain(&client, &statement).await, &first_columns, &mut found);
        scans.extend(found.into_iter().map(|scan| (scan, statement.clone())));
    }
    driver.abort();
    assert!(scans.is_empty(), "{scans:#?}");
}

/// The first column of every index, by the index's name.
async fn first_columns(client: &Client) -> HashMap<String, String> {
    let columns = "SELECT indexrelid::regclass::text, attname::text FROM pg_index
                   JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]";
    let rows = client.query(columns, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The plan of a statement for any parameters.
async fn explain(client: &Client, statement: &str) -> Value {
    let is_parameter = |n: &usize| statement.contains(&format!("${n}"));
    let parameters = (1..).take_while(is_parameter).map(|_| "NULL").collect::<Vec<_>>().join(", ");
    let given = if parameters.is_empty() { String::new() } else { format!("({parameters})") };
    let prepared = client.batch_execute(&format!("DEALLOCATE ALL; PREPARE explained AS {statement}")).await;
    prepared.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    let explain = format!("EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE explained{given}");
    let answer = client.simple_query(&explain).await.unwrap();
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    serde_json::from_str::<Value>(row.unwrap()).unwrap()[0]["Plan"].take()
}

/// Shows every node of a plan, and the index that it reads.
fn nodes(plan: &Value, show: &mut impl FnMut(&str, Option<&str>)) {
    show(plan["Node Type"].as_str().unwrap_or_default(), plan["Index Name"].as_str());
    for part in plan["Plans"].as_array().into_iter().flatten() {
        nodes(part, show);
    }
}

/// The parts of a plan that read a whole table, or an index from end to end: those without a condition on the index's
/// first column.
fn whole_reads(plan: &Value, first_columns: &HashMap<String, String>, found: &mut Vec<String>) {
    let text = |name: &str| plan[name].as_str();
    let node = text("Node Type").unwrap_or_default();
    match text("Index Name") {
        Some(index) => {
            let condition = text("Index Cond").unwrap_or_default();
            if !has_word(condition, &first_columns[index]) {
                found.push(format!("{node} using {index}"));
            }
        }
        None if node.ends_with("Seq Scan") => {
            found.push(format!("{node} on {}", text("Relation Name").unwrap_or_default()));
        }
        None => {}
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        whole_reads(part, first_columns, found);
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}
