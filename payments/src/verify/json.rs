//! The findings for programs.

use super::findings::{Findings, TableFindings};
use super::repair::{Repaired, is_repaired};
use crate::audit::report::{digest_json, key_text};
use serde_json::{Value, json};

pub fn findings(findings: &Findings, repairs: Option<&[Repaired]>) -> Value {
    json!({
        "ok": findings.are_equal() || is_repaired(findings, repairs),
        "complete": findings.is_complete,
        "passes": findings.passes,
        "sample": findings.is_sample,
        "otherRunOnly": findings.is_elsewhere,
        "tables": findings.tables.values().map(table_json).collect::<Vec<_>>(),
        "repairs": repairs.map(|repairs| repairs.iter().map(repair_json).collect::<Vec<_>>()),
    })
}

fn table_json(table: &TableFindings) -> Value {
    let missing = table
        .missing
        .first
        .iter()
        .map(|row| json!({ "key": key_text(&row.key), "index": row.index, "paymentId": row.payment_id }));
    let unexpected =
        table.unexpected.first.iter().map(
            |row| json!({ "key": key_text(&row.key), "paymentId": row.payment_id, "runId": row.run_id }),
        );
    let differing = table.differing.first.iter().map(|row| {
        let cells = row
            .cells
            .iter()
            .map(|cell| json!({ "column": cell.column, "expected": cell.expected, "found": cell.found }));
        json!({
            "key": key_text(&row.key), "index": row.index, "paymentId": row.payment_id,
            "hiddenBy": row.hidden_by(), "cells": cells.collect::<Vec<_>>(),
        })
    });
    json!({
        "table": table.table.id(),
        "expected": digest_json(table.expected),
        "found": digest_json(table.found),
        "missing": { "total": table.missing.total, "first": missing.collect::<Vec<_>>() },
        "unexpected": { "total": table.unexpected.total, "first": unexpected.collect::<Vec<_>>() },
        "differing": { "total": table.differing.total, "first": differing.collect::<Vec<_>>() },
        "keyCollisions": table.collisions,
        "otherRuns": { "byRun": table.others.rows },
    })
}

fn repair_json(repair: &Repaired) -> Value {
    json!({
        "table": repair.table.id(), "missing": repair.missing, "differing": repair.differing,
        "leftDiffering": repair.left.len(), "leftUnexpected": repair.unexpected, "leftKeyCollisions": repair.collisions,
    })
}
