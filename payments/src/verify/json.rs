//! What was found, for programs.

use super::consistency::Consistency;
use super::digest::Digest;
use super::findings::{Findings, TableFindings};
use super::repair::Repaired;
use super::report::{disagreement, text};
use serde_json::{Value, json};

pub fn findings(findings: &Findings, repairs: Option<&[Repaired]>) -> Value {
    json!({
        "complete": findings.is_complete,
        "passes": findings.passes,
        "tables": findings.tables.values().map(table_json).collect::<Vec<_>>(),
        "repairs": repairs.map(|repairs| repairs.iter().map(repair_json).collect::<Vec<_>>()),
    })
}

fn table_json(table: &TableFindings) -> Value {
    let missing = table
        .missing
        .first
        .iter()
        .map(|row| json!({ "key": text(&row.key), "index": row.index, "paymentId": row.payment_id }));
    let unexpected = table
        .unexpected
        .first
        .iter()
        .map(|row| json!({ "key": text(&row.key), "paymentId": row.payment_id, "runId": row.run_id }));
    let differing = table.differing.first.iter().map(|row| {
        let cells = row
            .cells
            .iter()
            .map(|cell| json!({ "column": cell.column, "expected": cell.expected, "found": cell.found }));
        json!({
            "key": text(&row.key), "index": row.index, "paymentId": row.payment_id,
            "cells": cells.collect::<Vec<_>>(),
        })
    });
    json!({
        "table": table.table.id(),
        "expected": digest_json(table.expected),
        "found": digest_json(table.found),
        "missing": { "total": table.missing.total, "first": missing.collect::<Vec<_>>() },
        "unexpected": { "total": table.unexpected.total, "first": unexpected.collect::<Vec<_>>() },
        "differing": { "total": table.differing.total, "first": differing.collect::<Vec<_>>() },
    })
}

fn repair_json(repair: &Repaired) -> Value {
    json!({
        "table": repair.table.id(), "missing": repair.missing, "differing": repair.differing,
        "leftDiffering": repair.left.len(), "leftUnexpected": repair.unexpected,
    })
}

pub fn consistency(found: &Consistency) -> Value {
    let tables = found.digests.iter().map(|(table, digest)| {
        json!({
            "table": table.id(), "found": digest_json(*digest), "missing": found.missing[table],
            "misplaced": found.misplaced[table].total,
        })
    });
    let disagreements = found
        .disagreements
        .first
        .iter()
        .map(|payment| json!({ "paymentId": payment.payment_id, "what": disagreement(payment.digests) }));
    json!({
        "complete": found.is_complete,
        "passes": found.passes,
        "tables": tables.collect::<Vec<_>>(),
        "differing": found.differing,
        "disagreements": { "total": found.disagreements.total, "first": disagreements.collect::<Vec<_>>() },
    })
}

fn digest_json(digest: Digest) -> Value {
    json!({ "rows": digest.rows, "digest": format!("{:032x}", digest.sum) })
}
