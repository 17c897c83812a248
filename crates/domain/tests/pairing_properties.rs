//! Random histories of a pairing, played against a model that knows neither permissions-by-view nor proposers:
//! it keeps two sides, `A` and `B`, and who may send to whom in absolute terms.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::{AccountId, AgentId};
use agentdrop_domain::pairing::{
    ConfirmRefused, Confirmed, EndRefused, Pairing, PairingSide, PairingStatus, Permission, UpdateRefused,
};
use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    A,
    B,
}
use Side::{A, B};

impl Side {
    fn peer(self) -> Self {
        if self == A { B } else { A }
    }

    fn account(self) -> AccountId {
        AccountId::from(Uuid::from_u128(if self == A { 1 } else { 2 }))
    }

    fn agent(self) -> AgentId {
        AgentId::from(Uuid::from_u128(if self == A { 11 } else { 22 }))
    }

    fn as_pairing_side(self) -> PairingSide {
        PairingSide { account: self.account(), agent: self.agent() }
    }
}

/// What a caller says that it saw: the truth, nothing, or something older or other than the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saw {
    Truth,
    Nothing,
    OldVersion,
    OtherPermission,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Confirm(Side, Saw),
    Update(Side, Permission, Saw),
    Reject(Side),
    Revoke,
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(A), Just(B)]
}

fn saw() -> impl Strategy<Value = Saw> {
    prop_oneof![
        3 => Just(Saw::Truth),
        3 => Just(Saw::Nothing),
        1 => Just(Saw::OldVersion),
        1 => Just(Saw::OtherPermission),
    ]
}

fn permission() -> impl Strategy<Value = Permission> {
    prop_oneof![Just(Permission::Both), Just(Permission::SendOnly), Just(Permission::ReceiveOnly)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (side(), saw()).prop_map(|(side, saw)| Step::Confirm(side, saw)),
        8 => (side(), permission(), saw()).prop_map(|(side, to, saw)| Step::Update(side, to, saw)),
        1 => side().prop_map(Step::Reject),
        1 => Just(Step::Revoke),
    ]
}

/// The model.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Model {
    status: PairingStatus,
    /// Whose word is awaited while it is pending.
    awaits: Side,
    a_sends: bool,
    b_sends: bool,
    changes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Done,
    BadStatus,
    OwnProposal,
    Changed,
}

impl Model {
    fn proposed_by(side: Side, permission: Permission) -> Self {
        let mut model = Self {
            status: PairingStatus::Pending,
            awaits: side.peer(),
            a_sends: false,
            b_sends: false,
            changes: 0,
        };
        model.allow(side, permission);
        model
    }

    fn allow(&mut self, side: Side, permission: Permission) {
        let own = permission != Permission::ReceiveOnly;
        let peers = permission != Permission::SendOnly;
        (self.a_sends, self.b_sends) = if side == A { (own, peers) } else { (peers, own) };
    }

    fn sends(&self, side: Side) -> bool {
        if side == A { self.a_sends } else { self.b_sends }
    }

    fn view(&self, side: Side) -> Permission {
        match (self.sends(side), self.sends(side.peer())) {
            (true, true) => Permission::Both,
            (true, false) => Permission::SendOnly,
            (false, true) => Permission::ReceiveOnly,
            (false, false) => unreachable!("no permission forbids both directions"),
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.status, PairingStatus::Rejected | PairingStatus::Revoked)
    }

    fn play(&mut self, step: Step) -> Verdict {
        let verdict = self.verdict(step);
        if verdict == Verdict::Done && self.apply(step) {
            self.changes += 1;
        }
        verdict
    }

    fn verdict(&self, step: Step) -> Verdict {
        let pending = self.status == PairingStatus::Pending;
        match step {
            Step::Confirm(..) | Step::Reject(_) if !pending => Verdict::BadStatus,
            Step::Update(..) | Step::Revoke if self.is_over() => Verdict::BadStatus,
            Step::Confirm(side, _) | Step::Reject(side) if self.awaits != side => Verdict::OwnProposal,
            Step::Confirm(_, Saw::OldVersion | Saw::OtherPermission) => Verdict::Changed,
            Step::Update(_, _, Saw::OldVersion) => Verdict::Changed,
            _ => Verdict::Done,
        }
    }

    /// Whether anything changed.
    fn apply(&mut self, step: Step) -> bool {
        match step {
            Step::Confirm(..) => self.status = PairingStatus::Active,
            Step::Reject(_) => self.status = PairingStatus::Rejected,
            Step::Revoke => self.status = PairingStatus::Revoked,
            Step::Update(side, to, _) => {
                if self.status == PairingStatus::Active && self.view(side) == to {
                    return false;
                }
                self.allow(side, to);
                self.awaits = side.peer();
                self.status = PairingStatus::Pending;
            }
        }
        true
    }
}

fn now() -> Timestamp {
    Utc.timestamp_opt(1_800_000_000, 0).single().unwrap()
}

fn proposed_by(side: Side, permission: Permission) -> Pairing {
    Pairing {
        id: Uuid::from_u128(600).into(),
        connection_id: Uuid::from_u128(500).into(),
        proposer: side.as_pairing_side(),
        other: side.peer().as_pairing_side(),
        permission,
        status: PairingStatus::Pending,
        version: 1,
        created_at: now(),
        confirmed_at: None,
        revoked_at: None,
    }
}

/// A permission other than this.
fn another(permission: Permission) -> Permission {
    match permission {
        Permission::Both => Permission::SendOnly,
        Permission::SendOnly => Permission::ReceiveOnly,
        Permission::ReceiveOnly => Permission::Both,
    }
}

fn confirmed(pairing: &Pairing, side: Side, saw: Saw) -> Confirmed {
    let (version, permission) = (pairing.version, pairing.permission_for(side.account()));
    match saw {
        Saw::Truth => Confirmed { version: Some(version), permission: Some(permission) },
        Saw::Nothing => Confirmed::default(),
        Saw::OldVersion => Confirmed { version: Some(version - 1), permission: Some(permission) },
        Saw::OtherPermission => Confirmed { version: Some(version), permission: Some(another(permission)) },
    }
}

/// Plays a step on the real thing.
fn play(pairing: &mut Pairing, step: Step) -> Verdict {
    let outcome = match step {
        Step::Confirm(side, saw) => {
            pairing.confirm(side.account(), confirmed(pairing, side, saw), now()).map_err(not_confirmed)
        }
        Step::Update(side, to, saw) => {
            pairing.update(side.account(), to, confirmed(pairing, side, saw).version).map_err(not_updated)
        }
        Step::Reject(side) => pairing.reject(side.account(), now()).map_err(not_ended),
        Step::Revoke => pairing.revoke(now()).map_err(not_ended),
    };
    match outcome {
        Ok(next) => {
            *pairing = next;
            Verdict::Done
        }
        Err(verdict) => verdict,
    }
}

fn not_confirmed(refused: ConfirmRefused) -> Verdict {
    match refused {
        ConfirmRefused::NotPending(_) => Verdict::BadStatus,
        ConfirmRefused::OwnProposal => Verdict::OwnProposal,
        ConfirmRefused::Changed => Verdict::Changed,
    }
}

fn not_updated(refused: UpdateRefused) -> Verdict {
    match refused {
        UpdateRefused::NotLiving(_) => Verdict::BadStatus,
        UpdateRefused::Changed => Verdict::Changed,
    }
}

fn not_ended(refused: EndRefused) -> Verdict {
    match refused {
        EndRefused::OwnProposal => Verdict::OwnProposal,
        EndRefused::AlreadyOver(_) | EndRefused::NotPending(_) => Verdict::BadStatus,
    }
}

/// Whether the real thing looks as the model says, from both sides.
fn assert_alike(pairing: &Pairing, model: &Model) {
    assert_eq!(pairing.status, model.status);
    assert_eq!(pairing.version, 1 + model.changes);
    for side in [A, B] {
        assert_eq!(pairing.permission_for(side.account()), model.view(side));
        let sides = pairing.sides_for(side.account());
        assert_eq!(sides, (side.as_pairing_side(), side.peer().as_pairing_side()));
        assert_eq!(pairing.is_proposed_by(side.account()), model.awaits != side);
        let withdraws = model.status == PairingStatus::Pending && model.awaits != side;
        assert_eq!(pairing.is_own_pending_proposal(side.account()), withdraws);
        assert_sending_alike(pairing, model, side);
    }
}

fn assert_sending_alike(pairing: &Pairing, model: &Model, side: Side) {
    match pairing.sending(side.agent()) {
        Ok(Some(proof)) => {
            assert!(model.status == PairingStatus::Active && model.sends(side));
            assert_eq!((proof.from(), proof.to()), (side.agent(), side.peer().agent()));
        }
        Ok(None) => assert_ne!(model.status, PairingStatus::Active),
        Err(_) => assert!(model.status == PairingStatus::Active && !model.sends(side)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_goes_as_the_model_says(
        proposer in side(),
        permission in permission(),
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut pairing = proposed_by(proposer, permission);
        let mut model = Model::proposed_by(proposer, permission);
        assert_alike(&pairing, &model);
        for step in steps {
            let before = pairing.clone();
            let verdict = play(&mut pairing, step);
            prop_assert_eq!(verdict, model.play(step), "{:?} on {:?}", step, before);
            if verdict != Verdict::Done {
                prop_assert_eq!(&pairing, &before);
            }
            assert_alike(&pairing, &model);
        }
    }

    #[test]
    fn nobody_confirms_what_they_did_not_see(
        proposer in side(),
        permission in permission(),
        change in permission(),
    ) {
        let seen = proposed_by(proposer, permission);
        let changed = seen.update(proposer.account(), change, None).unwrap();
        let peer = proposer.peer();
        let saw = confirmed(&seen, peer, Saw::Truth);
        prop_assert_eq!(changed.confirm(peer.account(), saw, now()), Err(ConfirmRefused::Changed));
    }
}

#[test]
fn a_view_turned_twice_is_the_same_view() {
    for (permission, word) in Permission::ALL {
        assert_eq!(permission.flipped().flipped(), permission, "{word}");
    }
}

#[test]
fn what_one_side_may_send_the_other_may_receive() {
    let may_receive = |permission| permission != Permission::SendOnly;
    for (permission, word) in Permission::ALL {
        for view in [permission, permission.flipped()] {
            assert_eq!(view.may_send(), may_receive(view.flipped()), "{word}");
        }
    }
}

#[test]
fn somebody_may_always_send() {
    for (permission, word) in Permission::ALL {
        assert!(permission.may_send() || permission.flipped().may_send(), "{word}");
    }
}

#[test]
fn the_words_are_those_of_the_contract() {
    let expected = [
        (Permission::Both, "both"),
        (Permission::SendOnly, "send_only"),
        (Permission::ReceiveOnly, "receive_only"),
    ];
    assert_eq!(Permission::ALL, expected);
}

#[test]
fn only_the_two_agents_send() {
    let pairing = proposed_by(A, Permission::Both);
    let active = pairing.confirm(B.account(), Confirmed::default(), now()).unwrap();
    assert_eq!(active.sending(AgentId::from(Uuid::from_u128(33))), Ok(None));
}
