#![allow(clippy::unwrap_used)]

mod properties;

use async_trait::async_trait;

use super::*;
use crate::act::{Act, Cx, Ports};
use crate::audit::AuditEntry;
use crate::error::Denied;
use crate::ids::ApiKeyId;
use crate::impl_act_error;
use crate::job::{Lane, ensure_sweep, work_once};
use crate::mock::{Fixture, id};
use crate::secret::Token;
use crate::store::{Source, StoreError, UnitOfWork};
use crate::transfer::testing::World;

/// Leaves a trace in the audit log, or refuses after it has done so.
#[derive(Debug, Clone, Copy)]
struct Trace {
    refuses: bool,
}

const ACTS: Trace = Trace { refuses: false };
const REFUSES: Trace = Trace { refuses: true };

#[derive(Debug, thiserror::Error)]
enum TraceError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(TraceError);

#[async_trait]
impl Act for Trace {
    type Output = String;
    type Error = TraceError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<String, TraceError> {
        let fixture = Fixture::new();
        let subject = cx.ids.uuid().to_string();
        tx.append_audit(&AuditEntry::by(&fixture.account_caller(id(1)), cx, "trace", &subject)).await?;
        if self.refuses { Err(Denied::Forbidden("no").into()) } else { Ok(subject) }
    }
}

/// 201 and the text, or no answer at all.
struct Plainly;
struct Never;

impl Render<String> for Plainly {
    fn render(&self, output: String) -> Result<Answer, Source> {
        Ok(Answer { status: 201, body: output.into_bytes() })
    }
}

impl Render<String> for Never {
    fn render(&self, _: String) -> Result<Answer, Source> {
        Err("no answer".into())
    }
}

/// The use of a key by the credential `id(n)` for a POST.
fn usage(n: u128, key: &str) -> Usage {
    let token = Token::new(format!("agd_live_{n}"));
    let target = Target { method: "POST", path: "/v1/things" };
    Usage::of(&Fixture::new(), id::<ApiKeyId>(n), &token, target, &IdempotencyKey::try_from(key).unwrap())
}

fn request(text: &str) -> RequestDigest {
    RequestHasher::new(&Fixture::new()).with(text.as_bytes()).finish()
}

async fn send(ports: &Ports, text: &str, act: Trace) -> Result<Answered, PerformError<TraceError>> {
    perform_once(ports, usage(1, "k"), request(text), act, Plainly).await
}

async fn start(ports: &Ports, text: Option<&str>) -> Running {
    match begin(ports, usage(1, "k"), text.map(request)).await.unwrap() {
        Begun::Run(running) => running,
        other => panic!("{other:?}"),
    }
}

fn traces(world: &World) -> usize {
    world.rows().audit.len()
}

#[track_caller]
fn answer(answered: Result<Answered, PerformError<TraceError>>) -> (Answer, bool) {
    match answered.unwrap() {
        Answered::Now(answer) => (answer, false),
        Answered::Before(answer) => (answer, true),
    }
}

#[track_caller]
fn in_use(answered: Result<Answered, PerformError<TraceError>>) -> KeyInUse {
    match answered {
        Err(PerformError::KeyInUse(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_repetition_gets_the_answer_and_acts_no_more() {
    let world = World::new();
    let ports = world.ports();
    let (first, replayed) = answer(send(&ports, "a", ACTS).await);
    assert!(!replayed);
    assert_eq!(answer(send(&ports, "a", ACTS).await), (first.clone(), true));
    assert_eq!(answer(send(&ports, "a", REFUSES).await), (first, true), "whatever the act would say now");
    assert_eq!(in_use(send(&ports, "b", ACTS).await), KeyInUse::Mismatch);
    assert_eq!(traces(&world), 1);
}

#[tokio::test]
async fn who_asks_for_the_answer_alone_marks_nothing() {
    let world = World::new();
    let ports = world.ports();
    let before = |text| answered_before(&ports, usage(1, "k"), request(text));
    assert_eq!(before("a").await.unwrap(), None);
    let running = start(&ports, Some("a")).await;
    assert_eq!(before("a").await.unwrap(), None, "a twin is at work");
    running.give_up(&ports).await;
    let (first, _) = answer(send(&ports, "a", ACTS).await);
    assert_eq!(before("a").await.unwrap(), Some(first));
    assert!(matches!(before("b").await, Err(ReplayError::KeyInUse(KeyInUse::Mismatch))));
    world.wait(86_400);
    assert_eq!(before("b").await.unwrap(), None, "it is kept for a day");
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let world = World::new();
    let ports = world.ports();
    let (first, _) = answer(send(&ports, "a", ACTS).await);
    world.wait(86_399);
    assert_eq!(answer(send(&ports, "a", ACTS).await), (first.clone(), true));
    world.wait(1);
    let (second, replayed) = answer(send(&ports, "b", ACTS).await);
    assert!(!replayed && second != first);
    assert_eq!(traces(&world), 2);
}

#[tokio::test]
async fn a_refusal_undoes_the_act_and_frees_the_key() {
    let world = World::new();
    let ports = world.ports();
    let refusal = send(&ports, "a", REFUSES).await;
    assert!(matches!(refusal, Err(PerformError::Refused(TraceError::Denied(_)))), "{refusal:?}");
    assert!(world.rows().idempotency.is_empty());
    let unanswerable = perform_once(&ports, usage(1, "k"), request("a"), ACTS, Never).await;
    assert!(
        matches!(unanswerable, Err(PerformError::Refused(TraceError::Store(StoreError::Internal(_))))),
        "{unanswerable:?}"
    );
    assert_eq!((traces(&world), world.rows().idempotency.len()), (0, 0));
    assert!(!answer(send(&ports, "b", ACTS).await).1);
}

#[tokio::test]
async fn a_twin_is_refused_while_the_mark_holds() {
    let world = World::new();
    let ports = world.ports();
    let running = start(&ports, Some("a")).await;
    assert_eq!(in_use(send(&ports, "a", ACTS).await), KeyInUse::InProgress);
    assert_eq!(in_use(send(&ports, "b", ACTS).await), KeyInUse::Mismatch);
    world.wait(59);
    assert!(running.renew(&ports).await.unwrap());
    world.wait(59);
    assert_eq!(in_use(send(&ports, "a", ACTS).await), KeyInUse::InProgress, "renewed");
    running.give_up(&ports).await;
    assert!(!answer(send(&ports, "b", ACTS).await).1);
}

#[tokio::test]
async fn who_lost_its_mark_changes_nothing_any_more() {
    let world = World::new();
    let ports = world.ports();
    let slow = start(&ports, Some("a")).await;
    world.wait(60);
    let (first, replayed) = answer(send(&ports, "a", ACTS).await);
    assert!(!replayed, "a mark whose lease ended is taken over");
    assert!(!slow.renew(&ports).await.unwrap());
    let late = slow.perform(&ports, request("a"), ACTS, Plainly).await;
    assert!(matches!(late, Err(TraceError::Store(StoreError::Unavailable { .. }))), "{late:?}");
    slow.give_up(&ports).await;
    assert_eq!(answer(send(&ports, "a", ACTS).await), (first, true));
    assert_eq!(traces(&world), 1);
}

#[tokio::test]
async fn who_outlasts_its_lease_alone_still_answers() {
    let world = World::new();
    let ports = world.ports();
    let slow = start(&ports, Some("a")).await;
    world.wait(600);
    let first = slow.perform(&ports, request("a"), ACTS, Plainly).await.unwrap();
    assert_eq!(answer(send(&ports, "a", ACTS).await), (first, true));
}

#[tokio::test]
async fn a_crash_between_mark_and_act_acts_once_after_the_lease() {
    let world = World::new();
    world.database_lasts(Some(1));
    let crashed = send(&world.ports(), "a", ACTS).await;
    assert!(matches!(crashed, Err(PerformError::Refused(TraceError::Store(_)))), "{crashed:?}");
    world.database_lasts(None);
    let ports = world.ports();
    assert_eq!(in_use(send(&ports, "a", ACTS).await), KeyInUse::InProgress);
    world.wait(60);
    assert!(!answer(send(&ports, "a", ACTS).await).1);
    assert_eq!(traces(&world), 1);
}

#[tokio::test]
async fn a_streamed_request_is_compared_when_it_is_known() {
    let world = World::new();
    let ports = world.ports();
    let running = start(&ports, None).await;
    for text in ["a", "b"] {
        assert_eq!(in_use(send(&ports, text, ACTS).await), KeyInUse::InProgress, "nobody knows yet");
    }
    let first = running.perform(&ports, request("a"), ACTS, Plainly).await.unwrap();
    for (text, same) in [("a", true), ("b", false)] {
        let Begun::Answered(stored) = begin(&ports, usage(1, "k"), None).await.unwrap() else {
            panic!("it was answered")
        };
        let replayed = stored.replay(&*ports.sealer, request(text));
        match replayed {
            Ok(answer) => assert!(same && answer == first),
            Err(ReplayError::KeyInUse(why)) => assert!(!same && why == KeyInUse::Mismatch),
            Err(ReplayError::Store(error)) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_changed_answer_is_an_error_and_no_answer() {
    let world = World::new();
    let ports = world.ports();
    answer(send(&ports, "a", ACTS).await);
    for record in world.rows().idempotency.values_mut() {
        record.answer.as_mut().unwrap()[0] ^= 1;
    }
    let broken = send(&ports, "a", ACTS).await;
    assert!(
        matches!(broken, Err(PerformError::Refused(TraceError::Store(StoreError::Internal(_))))),
        "{broken:?}"
    );
    assert_eq!(traces(&world), 1);
}

#[test]
fn a_use_is_told_apart_by_credential_target_and_key() {
    let of = |token: &str, method, path, key: &str| {
        let key = IdempotencyKey::try_from(key).unwrap();
        let target = Target { method, path };
        Usage::of(&Fixture::new(), id(1), &Token::new(token.to_owned()), target, &key).name
    };
    let name = of("t", "POST", "/a", "k");
    assert_eq!(of("t", "POST", "/a", "k"), name);
    for other in [
        of("u", "POST", "/a", "k"),
        of("t", "GET", "/a", "k"),
        of("t", "POST", "/b", "k"),
        of("t", "POST", "/a", "l"),
        of("t", "POST", "/", "ak"),
        of("t", "POST/", "a", "k"),
    ] {
        assert_ne!(other, name);
    }
}

#[test]
fn the_record_of_another_credential_is_nobodys() {
    assert_ne!(usage(1, "k").name, usage(2, "k").name);
}

#[test]
fn pieces_of_a_request_do_not_run_together() {
    let of = |pieces: &[&str]| {
        let hasher = RequestHasher::new(&Fixture::new());
        pieces.iter().fold(hasher, |hasher, piece| hasher.with(piece.as_bytes())).finish()
    };
    assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
    for other in [&["a", "bc"][..], &["abc"], &["ab", "c", ""], &["", "ab", "c"], &["c", "ab"]] {
        assert_ne!(of(other), of(&["ab", "c"]), "{other:?}");
    }
}

#[test]
fn a_form_is_its_fields_and_its_files_each_in_their_order() {
    type Part<'a> = (&'a str, &'a str, Option<u64>);
    let of = |parts: &[Part<'_>]| {
        let fixture = Fixture::new();
        let mut form = FormHasher::new(&fixture, RequestHasher::new(&fixture));
        for (name, text, size) in parts {
            match size {
                None => form.field(name, text),
                Some(size) => form.file(name, text, *size, &[7; 32]),
            }
        }
        form.finish()
    };
    let (x, y) = (("x", "1", None), ("y", "2", None));
    let (a, b) = (("a", "text/plain", Some(5)), ("b", "text/plain", Some(5)));
    let form = of(&[x, y, a, b]);
    for same in [[a, b, x, y], [x, a, y, b], [a, x, b, y]] {
        assert_eq!(of(&same), form);
    }
    let longer = ("b", "text/plain", Some(6));
    let other_type = ("b", "text/html", Some(5));
    for other in
        [&[y, x, a, b][..], &[x, y, b, a], &[x, a, b], &[x, y, a], &[x, y, a, longer], &[x, y, a, other_type]]
    {
        assert_ne!(of(other), form, "{other:?}");
    }
}

#[tokio::test]
async fn the_sweep_forgets_what_counts_no_more() {
    let world = World::new();
    let ports = world.ports();
    for n in 0..250 {
        let usage = usage(1, &format!("k{n}"));
        perform_once(&ports, usage, request("a"), ACTS, Plainly).await.unwrap();
    }
    world.wait(86_390);
    answer(send(&ports, "a", ACTS).await);
    start_other(&ports).await;
    ensure_sweep(&ports).await.unwrap();
    assert!(work_once(&ports, Lane::Prompt).await.unwrap().failures.is_empty());
    assert_eq!(world.rows().idempotency.len(), 252, "all of it counts");
    world.wait(60);
    assert!(work_once(&ports, Lane::Prompt).await.unwrap().failures.is_empty());
    assert_eq!(world.rows().idempotency.len(), 1, "one answer is young");
}

/// A mark whose holder dies at once.
async fn start_other(ports: &Ports) {
    assert!(matches!(begin(ports, usage(1, "dead"), None).await.unwrap(), Begun::Run(_)));
}
