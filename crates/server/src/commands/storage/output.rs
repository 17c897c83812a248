//! What a check of the storage writes, for people and as JSON.

use std::io::{self, Write};

use agentdrop_domain::storage::{Damage, DamageKind, Findings, Orphan, Report};
use serde::Serialize;

/// Exactly what scripts get.
#[derive(Serialize)]
struct ReportJson<'a> {
    clean: bool,
    transfers: u64,
    expected_objects: u64,
    expected_bytes: u64,
    stored_objects: u64,
    young: u64,
    damaged: FindingsJson<DamageJson<'a>>,
    orphaned: FindingsJson<OrphanJson<'a>>,
    unfinished: FindingsJson<&'a str>,
}

#[derive(Serialize)]
struct FindingsJson<T> {
    found: u64,
    repaired: u64,
    /// The first ones.
    named: Vec<T>,
}

#[derive(Serialize)]
struct DamageJson<'a> {
    transfer: String,
    file: String,
    object: &'a str,
    problem: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found_size: Option<u64>,
}

#[derive(Serialize)]
struct OrphanJson<'a> {
    object: &'a str,
    size: u64,
}

impl<'a> From<&'a Damage> for DamageJson<'a> {
    fn from(damage: &'a Damage) -> Self {
        let sizes = match damage.kind {
            DamageKind::WrongSize { expected, found } => Some((expected, found)),
            DamageKind::Missing | DamageKind::Corrupt => None,
        };
        let (expected_size, found_size) = sizes.unzip();
        Self {
            transfer: damage.transfer.to_string(),
            file: damage.file.to_string(),
            object: damage.object_key.as_str(),
            problem: damage.kind.word(),
            expected_size,
            found_size,
        }
    }
}

impl<'a> From<&'a Orphan> for OrphanJson<'a> {
    fn from(orphan: &'a Orphan) -> Self {
        Self { object: orphan.object_key.as_str(), size: orphan.size }
    }
}

fn findings<'a, T, J>(of: &'a Findings<T>, as_json: impl Fn(&'a T) -> J) -> FindingsJson<J> {
    FindingsJson { found: of.found, repaired: of.repaired, named: of.named.iter().map(as_json).collect() }
}

pub(super) fn json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let json = ReportJson {
        clean: report.is_clean(),
        transfers: report.transfers,
        expected_objects: report.expected_objects,
        expected_bytes: report.expected_bytes,
        stored_objects: report.stored_objects,
        young: report.young,
        damaged: findings(&report.damaged, DamageJson::from),
        orphaned: findings(&report.orphans, OrphanJson::from),
        unfinished: findings(&report.unfinished, |key| key.as_str()),
    };
    serde_json::to_writer(&mut *out, &json)?;
    writeln!(out)
}

pub(super) fn text(report: &Report, out: &mut impl Write) -> io::Result<()> {
    for Damage { transfer, file, object_key, kind } in &report.damaged.named {
        let word = kind.word();
        write!(out, "{word:10}  {object_key} of file {file} of transfer {transfer}")?;
        match kind {
            DamageKind::WrongSize { expected, found } => writeln!(out, ": {found} bytes, not {expected}")?,
            DamageKind::Missing | DamageKind::Corrupt => writeln!(out)?,
        }
    }
    for Orphan { object_key, size } in &report.orphans.named {
        writeln!(out, "orphaned    {object_key}, {size} bytes")?;
    }
    for key in &report.unfinished.named {
        writeln!(out, "unfinished  {key}")?;
    }
    writeln!(
        out,
        "{} transfers need {} objects of {} bytes; the store has {} objects",
        report.transfers, report.expected_objects, report.expected_bytes, report.stored_objects
    )?;
    sum(out, "damaged", &report.damaged)?;
    sum(out, "orphaned", &report.orphans)?;
    sum(out, "unfinished", &report.unfinished)?;
    writeln!(out, "{} not judged: younger than an upload's lease", report.young)
}

fn sum<T>(out: &mut impl Write, what: &str, findings: &Findings<T>) -> io::Result<()> {
    let Findings { found, repaired, named } = findings;
    write!(out, "{found} {what}")?;
    if *repaired > 0 {
        write!(out, ", {repaired} repaired")?;
    }
    if *found > named.len() as u64 {
        write!(out, " (the first {} are named)", named.len())?;
    }
    writeln!(out)
}
