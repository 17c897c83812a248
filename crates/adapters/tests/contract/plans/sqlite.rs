use diesel::prelude::*;
use diesel::sql_types::Text;

use super::super::backend::TestDb;
use super::{pinned, recorded};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The operator's list of all accounts and its count, the sign of life, and the uploads that run now.
const FINE: [&str; 4] = [
    "SCAN accounts USING INDEX accounts_by_age",
    "SCAN accounts USING COVERING INDEX accounts_email",
    "SCAN accounts",
    "SCAN uploads USING INDEX uploads_lease",
];

pub async fn no_query_reads_a_whole_table() {
    let statements = recorded(TestDb::sqlite, '`').await;
    let db = TestDb::sqlite().await;
    let mut conn = SqliteConnection::establish(db.file().to_str().unwrap()).unwrap();
    let mut plan = |statement: &str| -> Vec<String> {
        let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"));
        explain.load(&mut conn).unwrap().into_iter().map(|step: Step| step.detail).collect()
    };
    for (pin, statements) in pinned(&statements) {
        let index = format!(" INDEX {} (", pin.index.unwrap_or("sqlite_autoindex_transfers_1"));
        for statement in statements {
            let steps = plan(statement);
            assert!(steps.len() == 1 && steps[0].contains(&index), "{statement}: {steps:#?}");
        }
    }
    let mut reads_a_whole_table = |statement: &String| {
        plan(statement).iter().any(|step| step.starts_with("SCAN") && !FINE.contains(&&**step))
    };
    let scans: Vec<_> = statements.into_iter().filter(|statement| reads_a_whole_table(statement)).collect();
    assert_eq!(scans, [""; 0]);
}
