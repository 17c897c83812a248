//! Random lives of a transfer, played against a model that knows nothing of rows, grants' leases or jobs. The
//! invariant that matters: whoever may fetch finds the bytes, and in the end nobody does.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::testing::*;
use super::*;
use crate::act;
use crate::event::EventName;
use crate::job::{Lane, ensure_sweep, work_once};
use crate::mock::{Fixture, id};

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(i64),
    Download,
    /// A fetch begins under one of the grants, counted from the newest.
    Open(usize),
    /// A fetch that began under one of the grants says that it still runs.
    Keep(usize),
    Delete,
    Work,
    /// Both are down for a round of work.
    WorkInAnOutage {
        deletions: u32,
        begins: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::sample::select(vec![1, 60, 119, 120, 121, 600, 900, 3_600, 40_000]).prop_map(Step::Wait),
        3 => Just(Step::Download),
        3 => (0..3_usize).prop_map(Step::Open),
        3 => (0..3_usize).prop_map(Step::Keep),
        1 => Just(Step::Delete),
        4 => Just(Step::Work),
        1 => (0..2_u32, 0..6_u32).prop_map(|(deletions, begins)| Step::WorkInAnOutage { deletions, begins }),
    ]
}

struct ModelGrant {
    id: GrantId,
    ends: Timestamp,
    /// Until when a fetch that began is known to run.
    runs_until: Option<Timestamp>,
}

struct Model {
    max_downloads: usize,
    auto_delete: bool,
    ends: Timestamp,
    deleted: bool,
    grants: Vec<ModelGrant>,
}

impl Model {
    fn downloadable(&self, now: Timestamp) -> bool {
        let most = if self.auto_delete { 1 } else { self.max_downloads };
        !self.deleted && now < self.ends && self.grants.len() < most
    }

    fn newest(&mut self, back: usize) -> Option<&mut ModelGrant> {
        self.grants.iter_mut().rev().nth(back)
    }

    /// Whether somebody relies on the bytes.
    fn needs_bytes(&self, now: Timestamp) -> bool {
        let fetched = |g: &ModelGrant| now < g.ends || g.runs_until.is_some_and(|until| now < until);
        self.downloadable(now) || (!self.deleted && self.grants.iter().any(fetched))
    }
}

struct Play {
    world: World,
    model: Model,
}

impl Play {
    fn new(max_downloads: u32, auto_delete: bool) -> Self {
        let transfer = Transfer { max_downloads, auto_delete, ..transfer(&agent(22)) };
        let model = Model {
            max_downloads: max_downloads as usize,
            auto_delete,
            ends: transfer.expires_at,
            deleted: false,
            grants: Vec::new(),
        };
        Self { world: World::with(&transfer), model }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Wait(seconds) => self.world.wait(seconds),
            Step::Download => self.download().await,
            Step::Open(back) => self.open(back).await,
            Step::Keep(back) => self.keep(back).await,
            Step::Delete => self.delete().await,
            Step::Work => self.work().await,
            Step::WorkInAnOutage { deletions, begins } => {
                self.world.blobs.lasts(Some(deletions));
                self.world.database_lasts(Some(begins));
                let _whatever_came_of_it = work_once(&self.world.ports(), Lane::Prompt).await;
                self.world.blobs.lasts(None);
                self.world.database_lasts(None);
            }
        }
        let used = self.world.rows().storage.used;
        assert!(used == 12 || !self.model.downloadable(self.world.now()), "only its end gives storage back");
        if self.model.needs_bytes(self.world.now()) {
            assert_eq!(self.world.blobs.count(), 2, "bytes are missing that somebody may fetch");
        }
    }

    async fn work(&self) {
        let round = work_once(&self.world.ports(), Lane::Prompt).await.unwrap();
        assert!(round.failures.is_empty(), "{round:?}");
    }

    async fn download(&mut self) {
        let caller = Fixture::new().account_caller(id(THEM));
        let outcome = act::perform(&self.world.ports(), &Download { caller, id: id(50) }).await;
        let expected = self.model.downloadable(self.world.now());
        assert_eq!(outcome.is_ok(), expected, "{outcome:?}");
        match outcome {
            Ok((_, grant)) => {
                assert!(grant.expires_at > self.world.now());
                self.model.grants.push(ModelGrant { id: grant.id, ends: grant.expires_at, runs_until: None });
            }
            Err(error) => assert!(matches!(error, DownloadError::Gone(_)), "{error:?}"),
        }
    }

    async fn open(&mut self, back: usize) {
        let (now, deleted) = (self.world.now(), self.model.deleted);
        let Some(grant) = self.model.newest(back) else { return };
        let outcome = act::ask(&self.world.ports(), &OpenFile { grant: grant.id, file: id(61) }).await;
        assert_eq!(outcome.is_ok(), !deleted && now < grant.ends, "{outcome:?}");
        if outcome.is_ok() {
            assert!(act::perform(&self.world.ports(), &KeepFetching { grant: grant.id }).await.unwrap());
            grant.runs_until = Some(now + chrono::TimeDelta::seconds(120));
        }
    }

    async fn keep(&mut self, back: usize) {
        let (now, deleted) = (self.world.now(), self.model.deleted);
        let Some(grant) = self.model.newest(back) else { return };
        // A fetch that was silent for longer than its lease is none any more.
        if grant.runs_until.is_none_or(|until| until <= now) {
            return;
        }
        let goes_on = act::perform(&self.world.ports(), &KeepFetching { grant: grant.id }).await.unwrap();
        assert_eq!(goes_on, !deleted);
        grant.runs_until = goes_on.then(|| now + chrono::TimeDelta::seconds(120));
    }

    async fn delete(&mut self) {
        let caller = Fixture::new().account_caller(id(ME));
        let outcome = act::perform(&self.world.ports(), &DeleteTransfer { caller, id: id(50) }).await;
        assert_eq!(outcome.is_ok(), !self.model.deleted, "{outcome:?}");
        self.model.deleted = true;
    }

    /// After the last moment that anybody may fetch, two rounds of work remove everything.
    async fn end(&mut self) {
        self.world.wait(3 * 86_400);
        for _ in 0..3 {
            self.work().await;
            self.world.wait(900);
        }
        assert_eq!(self.world.blobs.count(), 0, "bytes are left that nobody may fetch");
        let rows = self.world.rows();
        let transfer = &rows.transfers[&id(50)];
        assert!(transfer.purged_at >= transfer.ended_at && transfer.ended_at.is_some());
        assert_eq!(rows.jobs.keys().collect::<Vec<_>>(), ["sweep"]);
        assert_eq!(transfer.downloads as usize, self.model.grants.len());
        assert_eq!(rows.storage.used, 0, "storage is given back, once");
        drop(rows);
        self.check_events();
    }

    fn check_events(&self) {
        for account in [ME, THEM] {
            let told = self.world.told();
            let count = |name| told.iter().filter(|event| **event == (account, name)).count();
            assert_eq!(count(EventName::TransferDownloaded), self.model.grants.len());
            assert_eq!(count(EventName::TransferDeleted), usize::from(self.model.deleted));
            assert!(count(EventName::TransferExpired) <= 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_life_goes_as_the_model_says(
        max_downloads in 1..4_u32,
        auto_delete in any::<bool>(),
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut play = Play::new(max_downloads, auto_delete);
            ensure_sweep(&play.world.ports()).await.unwrap();
            for next in steps {
                play.step(next).await;
            }
            play.end().await;
        });
    }
}
