//! What the API answers, subject by subject, on both pairs of backends.

/// Makes of each function `async fn name(backend: Backend)` one test for each pair of backends.
macro_rules! on_both_backends {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(agentdrop_test_support::app::Backend::Embedded).await;
                }
            )+
        }
        mod postgres_s3 {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(agentdrop_test_support::app::Backend::PostgresS3).await;
                }
            )+
        }
    };
}

mod agents;
mod channels;
mod connections;
mod direct;
mod downloads;
pub mod form;
mod idempotency;
pub mod kept;
mod limits;
mod openapi;
mod pairings;
mod plans;
mod policy;
mod presigned;
mod quotas;
mod raw;
mod transfers;
mod wire;

use agentdrop_test_support::app::Answer;

/// How many answers have that status and code.
fn count(answers: &[Answer], outcome: (u16, &str)) -> usize {
    answers.iter().filter(|answer| answer.outcome() == outcome).count()
}

/// The bad fields of a validation error, sorted.
fn bad_fields(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.outcome(), (400, "VALIDATION_ERROR"), "{:#}", answer.body);
    let mut fields = answer.fields();
    fields.sort_unstable();
    fields
}
