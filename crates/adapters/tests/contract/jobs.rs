use std::collections::HashSet;

use agentdrop_domain::ids::JobId;
use agentdrop_domain::job::{Job, JobKind, Lane};
use agentdrop_domain::store::Database;

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{at, id, job};

async fn with_jobs(db: &TestDb, jobs: &[Job]) {
    commit!(db, |tx| for job in jobs {
        tx.enqueue(job).await.unwrap();
    });
}

async fn leased(db: &TestDb, now: i64, until: i64, limit: u32) -> Vec<Job> {
    commit!(db, |tx| tx.lease_jobs(Lane::Prompt, at(now), at(until), limit).await.unwrap())
}

fn begun(attempts: u32, job: Job) -> Job {
    Job { attempts, ..job }
}

pub async fn a_key_is_queued_once(db: &TestDb) {
    let sweep = |n: u64, run_at: i64| Job { kind: JobKind::Sweep, ..job(n, run_at) };
    with_jobs(db, &[sweep(1, 10), sweep(2, 5), job(3, 0)]).await;
    let both = leased(db, 100, 200, 10).await;
    assert_eq!(both, [begun(1, job(3, 0)), begun(1, sweep(1, 5))], "the earlier of two times counts");
    commit!(db, |tx| assert!(tx.finish_job(&begun(1, sweep(1, 5))).await.unwrap()));
    with_jobs(db, &[sweep(5, 50), sweep(6, 60)]).await;
    assert_eq!(leased(db, 100, 200, 10).await, [begun(1, sweep(5, 50))]);
}

pub async fn a_job_of_every_kind_reads_back_as_it_was_written(db: &TestDb) {
    let (transfer, file) = (id(7), id(8));
    let kinds = [
        JobKind::Sweep,
        JobKind::PurgeTransfer(transfer),
        JobKind::HashFile { transfer, file },
        JobKind::DropParts { transfer, file },
    ];
    let jobs: Vec<Job> = (1..).zip(kinds).map(|(n, kind)| Job { kind, ..job(n, 0) }).collect();
    with_jobs(db, &jobs).await;
    let mut held = Vec::new();
    for lane in Lane::ALL {
        let leased = commit!(db, |tx| tx.lease_jobs(lane, at(0), at(100), 10).await.unwrap());
        assert!(leased.iter().all(|job| job.kind.lane() == lane), "{leased:?}");
        held.extend(leased);
    }
    held.sort_by_key(|job| job.id);
    let begun: Vec<Job> = jobs.into_iter().map(|job| begun(1, job)).collect();
    assert_eq!(held, begun, "each is in one lane");
}

pub async fn a_held_job_is_held_longer(db: &TestDb) {
    with_jobs(db, &[job(1, 0)]).await;
    let held = leased(db, 0, 100, 1).await.remove(0);
    commit!(db, |tx| assert!(tx.renew_job(&held, at(200)).await.unwrap()));
    assert_eq!(leased(db, 150, 300, 1).await, []);
    let next = leased(db, 200, 300, 1).await.remove(0);
    commit!(db, |tx| {
        assert!(!tx.renew_job(&held, at(900)).await.unwrap(), "another has it");
        assert!(tx.finish_job(&next).await.unwrap());
        assert!(!tx.renew_job(&next, at(900)).await.unwrap(), "it is gone");
    });
}

pub async fn a_job_that_is_queued_again_while_it_is_done_is_done_again(db: &TestDb) {
    with_jobs(db, &[job(1, 0)]).await;
    let held = leased(db, 0, 100, 1).await.remove(0);
    with_jobs(db, &[job(2, 7)].map(|again| Job { kind: held.kind, ..again })).await;
    assert_eq!(leased(db, 50, 100, 1).await, [], "nobody else does it meanwhile");
    commit!(db, |tx| assert!(tx.finish_job(&held).await.unwrap()));
    let again = leased(db, 50, 100, 1).await.remove(0);
    assert_eq!(again, begun(2, Job { run_at: at(7), ..job(1, 0) }));
    with_jobs(db, &[job(3, 9)].map(|again| Job { kind: held.kind, ..again })).await;
    commit!(db, |tx| assert!(tx.postpone_job(&again, at(900)).await.unwrap()));
    assert_eq!(leased(db, 50, 100, 1).await, [begun(3, Job { run_at: at(9), ..job(1, 0) })]);
}

pub async fn due_jobs_are_leased_oldest_first(db: &TestDb) {
    with_jobs(db, &[job(1, 30), job(4, 20), job(3, 20), job(2, 101)]).await;
    assert_eq!(leased(db, 100, 200, 2).await, [begun(1, job(3, 20)), begun(1, job(4, 20))]);
    assert_eq!(leased(db, 100, 200, 10).await, [begun(1, job(1, 30))], "held and future ones stay");
    assert_eq!(leased(db, 100, 200, 0).await, []);
}

pub async fn a_lease_that_ran_out_is_taken_over(db: &TestDb) {
    with_jobs(db, &[job(1, 0)]).await;
    let first = leased(db, 0, 100, 1).await.remove(0);
    assert_eq!(leased(db, 99, 200, 1).await, []);
    let second = leased(db, 100, 200, 1).await.remove(0);
    assert_eq!(second, begun(2, job(1, 0)));
    let mut tx = db.begin().await;
    assert!(!tx.finish_job(&first).await.unwrap(), "another has it");
    assert!(!tx.postpone_job(&first, at(300)).await.unwrap());
    assert!(tx.finish_job(&second).await.unwrap());
    assert!(!tx.finish_job(&second).await.unwrap(), "it is gone");
}

pub async fn a_postponed_job_comes_back(db: &TestDb) {
    with_jobs(db, &[job(1, 0)]).await;
    let held = leased(db, 0, 1_000, 1).await.remove(0);
    commit!(db, |tx| {
        assert!(tx.postpone_job(&held, at(50)).await.unwrap());
        assert!(!tx.postpone_job(&held, at(60)).await.unwrap(), "it is held no more");
        assert!(!tx.finish_job(&held).await.unwrap());
    });
    assert_eq!(leased(db, 49, 1_000, 1).await, []);
    assert_eq!(leased(db, 50, 1_000, 1).await, [begun(2, job(1, 50))]);
}

pub async fn parallel_workers_never_share_a_job(db: &TestDb) {
    let jobs: Vec<Job> = (1..=100).map(|n| job(n, 0)).collect();
    with_jobs(db, &jobs).await;
    let database = db.database.clone();
    let taken = in_parallel(20, move |_| {
        let database = database.clone();
        async move {
            let mut mine = Vec::new();
            // Until the queue is empty for this worker.
            loop {
                let mut tx = database.begin().await.unwrap();
                let jobs = tx.lease_jobs(Lane::Prompt, at(0), at(100), 3).await.unwrap();
                tx.commit().await.unwrap();
                if jobs.is_empty() {
                    return mine;
                }
                mine.extend(jobs.into_iter().map(|job| job.id));
            }
        }
    });
    let taken: Vec<JobId> = taken.await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 100, "each once");
    assert_eq!(taken.into_iter().collect::<HashSet<_>>().len(), 100);
}

pub async fn a_job_queued_while_it_is_finished_is_not_lost(db: &TestDb) {
    const JOBS: u64 = 40;
    let jobs: Vec<Job> = (1..=JOBS).map(|n| job(n, 0)).collect();
    with_jobs(db, &jobs).await;
    let held = leased(db, 0, 100, 100).await;
    let database = db.database.clone();
    in_parallel(2 * JOBS, move |n| {
        let database = database.clone();
        let held = held[n as usize / 2].clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            if n % 2 == 0 {
                assert!(tx.finish_job(&held).await.unwrap());
            } else {
                let again = Job { kind: held.kind, ..job(1_000 + n, 1) };
                tx.enqueue(&again).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
    })
    .await;
    assert_eq!(leased(db, 50, 100, 100).await.len() as u64, JOBS);
}
