//! Random histories of several requests under several keys, against a model that knows nothing of marks in a
//! database: whoever acts, there is one effect a key and request, and everybody gets its answer.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What happens next; `n` counts the requests that are at work.
#[derive(Debug, Clone)]
enum Step {
    Send { credential: u128, key: usize, text: usize, refuses: bool },
    Start { credential: u128, key: usize, text: Option<usize> },
    Finish { n: usize, text: usize, refuses: bool },
    Renew { n: usize },
    GiveUp { n: usize },
    Crash { n: usize },
    Wait { seconds: i64 },
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let (credential, key, text) = (1..3_u128, 0..2_usize, 0..2_usize);
    let used = (credential, key);
    prop_oneof![
        4 => (used.clone(), text.clone(), any::<bool>()).prop_map(|((credential, key), text, refuses)| {
            Step::Send { credential, key, text, refuses }
        }),
        4 => (used, prop::option::of(text.clone())).prop_map(|((credential, key), text)| {
            Step::Start { credential, key, text }
        }),
        3 => (0..4_usize, text, any::<bool>()).prop_map(|(n, text, refuses)| Step::Finish { n, text, refuses }),
        1 => (0..4_usize).prop_map(|n| Step::Renew { n }),
        1 => (0..4_usize).prop_map(|n| Step::GiveUp { n }),
        1 => (0..4_usize).prop_map(|n| Step::Crash { n }),
        2 => prop_oneof![Just(1), Just(59), Just(60), Just(86_399), Just(86_400)]
            .prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Sweep),
    ]
}

const TEXTS: [&str; 2] = ["a", "b"];

/// What a key stands for.
#[derive(Debug, Clone)]
struct Held {
    by: usize,
    text: Option<usize>,
    answer: Option<Answer>,
    until: i64,
}

#[derive(Default)]
struct Model {
    now: i64,
    keys: BTreeMap<(u128, usize), Held>,
    effects: usize,
    holders: usize,
}

#[derive(Debug, PartialEq)]
enum Expected {
    Run,
    Refused(KeyInUse),
    Answered(usize, Answer),
}

impl Model {
    fn expect(&self, place: (u128, usize), text: Option<usize>) -> Expected {
        let Some(held) = self.keys.get(&place).filter(|held| held.until > self.now) else {
            return Expected::Run;
        };
        match (held.text, text, &held.answer) {
            (Some(was), Some(is), _) if was != is => Expected::Refused(KeyInUse::Mismatch),
            (Some(was), _, Some(answer)) => Expected::Answered(was, answer.clone()),
            _ => Expected::Refused(KeyInUse::InProgress),
        }
    }

    fn take(&mut self, place: (u128, usize), text: Option<usize>) -> usize {
        self.holders += 1;
        self.keys.insert(place, Held { by: self.holders, text, answer: None, until: self.now + 60 });
        self.holders
    }

    /// The key while that holder has it and has not answered.
    fn held(&mut self, place: (u128, usize), by: usize) -> Option<&mut Held> {
        self.keys.get_mut(&place).filter(|held| held.by == by && held.answer.is_none())
    }

    fn answer(&mut self, place: (u128, usize), by: usize, text: usize, answer: &Answer) {
        let until = self.now + 86_400;
        let held = self.held(place, by).unwrap();
        (held.text, held.answer, held.until) = (Some(text), Some(answer.clone()), until);
        self.effects += 1;
    }
}

struct AtWork {
    place: (u128, usize),
    by: usize,
    running: Running,
}

struct Run {
    world: World,
    ports: Ports,
    model: Model,
    at_work: Vec<AtWork>,
}

impl Run {
    async fn step(&mut self, step: Step) {
        match step {
            Step::Send { credential, key, text, refuses } => {
                self.send((credential, key), text, refuses).await
            }
            Step::Start { credential, key, text } => self.start((credential, key), text).await,
            Step::Finish { n, text, refuses } => self.finish(n, text, refuses).await,
            Step::Renew { n } => {
                let Some(AtWork { place, by, running }) = self.at_work.get(n) else { return };
                let until = self.model.now + 60;
                let renewed = self.model.held(*place, *by).map(|held| held.until = until).is_some();
                assert_eq!(running.renew(&self.ports).await.unwrap(), renewed);
            }
            Step::GiveUp { n } => {
                let Some(AtWork { place, by, running }) = self.pick(n) else { return };
                running.give_up(&self.ports).await;
                self.free(place, by);
            }
            Step::Crash { n } => drop(self.pick(n)),
            Step::Wait { seconds } => {
                self.world.wait(seconds);
                self.model.now += seconds;
            }
            Step::Sweep => {
                forget_spent(&self.ports).await.unwrap();
                let now = self.model.now;
                self.model.keys.retain(|_, held| held.until > now);
                assert_eq!(self.world.rows().idempotency.len(), self.model.keys.len());
            }
        }
        assert_eq!(traces(&self.world), self.model.effects);
    }

    fn pick(&mut self, n: usize) -> Option<AtWork> {
        (n < self.at_work.len()).then(|| self.at_work.remove(n))
    }

    fn free(&mut self, place: (u128, usize), by: usize) {
        if self.model.held(place, by).is_some() {
            self.model.keys.remove(&place);
        }
    }

    async fn send(&mut self, place: (u128, usize), text: usize, refuses: bool) {
        let expected = self.model.expect(place, Some(text));
        let used = usage(place.0, &place.1.to_string());
        let found = perform_once(&self.ports, used, request(TEXTS[text]), Trace { refuses }, Plainly).await;
        match (expected, found) {
            (Expected::Run, Ok(Answered::Now(answer))) if !refuses => {
                let by = self.model.take(place, Some(text));
                self.model.answer(place, by, text, &answer);
            }
            (Expected::Run, Err(PerformError::Refused(TraceError::Denied(_)))) if refuses => {
                self.model.keys.remove(&place);
            }
            (Expected::Refused(why), Err(PerformError::KeyInUse(found))) => assert_eq!(found, why),
            (Expected::Answered(_, answer), Ok(Answered::Before(found))) => assert_eq!(found, answer),
            other => panic!("{other:?}"),
        }
    }

    async fn start(&mut self, place: (u128, usize), text: Option<usize>) {
        let expected = self.model.expect(place, text);
        let used = usage(place.0, &place.1.to_string());
        match (expected, begin(&self.ports, used, text.map(|text| request(TEXTS[text]))).await.unwrap()) {
            (Expected::Run, Begun::Run(running)) => {
                let by = self.model.take(place, text);
                self.at_work.push(AtWork { place, by, running });
            }
            (Expected::Refused(why), Begun::Refused(found)) => assert_eq!(found, why),
            (Expected::Answered(text, answer), Begun::Answered(stored)) => {
                assert_eq!(stored.replay(&*self.ports.sealer, request(TEXTS[text])).unwrap(), answer);
            }
            other => panic!("{other:?}"),
        }
    }

    async fn finish(&mut self, n: usize, text: usize, refuses: bool) {
        let Some(AtWork { place, by, running }) = self.pick(n) else { return };
        // Who said beforehand what it asks for does not ask for something else.
        let text = self.model.held(place, by).and_then(|held| held.text).unwrap_or(text);
        let holds = self.model.held(place, by).is_some();
        let done = running.perform(&self.ports, request(TEXTS[text]), Trace { refuses }, Plainly).await;
        match done {
            Ok(answer) if holds && !refuses => self.model.answer(place, by, text, &answer),
            Err(TraceError::Denied(_)) if refuses => {
                running.give_up(&self.ports).await;
                self.free(place, by);
            }
            Err(TraceError::Store(_)) if !holds => {}
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_has_one_effect_a_request(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let ports = world.ports();
            let mut run = Run { world, ports, model: Model::default(), at_work: Vec::new() };
            for step in steps {
                run.step(step).await;
            }
        });
    }
}
