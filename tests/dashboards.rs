//! What `deploy/` shows and alerts about is what the processes measure, and every alert has a page that says what to do.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::sync::OnceCell;
use whole_path::pages::{self, names};

const RULES: &str = "deploy/prometheus/recording.yaml";
const ALERTS: &str = "deploy/prometheus/alerts.yaml";
const DASHBOARD: &str = "deploy/grafana/payments.json";
const METRICS: &str = "docs/METRICS.md";
const RUNBOOK: &str = "docs/RUNBOOK.md";

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| path.to_owned())
}

/// What live processes' pages have. They are made once: that takes seconds.
async fn measured() -> Result<BTreeSet<String>> {
    static MEASURED: OnceCell<BTreeSet<String>> = OnceCell::const_new();
    Ok(MEASURED.get_or_try_init(pages::metrics).await?.clone())
}

/// That, and what the recording rules make of it.
async fn known() -> Result<BTreeSet<String>> {
    let mut known = measured().await?;
    known.extend(values(&read(RULES)?, "record"));
    Ok(known)
}

/// The values of a key of our YAML: what stands behind it, or the lines below that are further in.
fn values(yaml: &str, key: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = yaml.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let entry = line.trim_start();
        let Some((name, value)) = entry.strip_prefix("- ").unwrap_or(entry).split_once(':') else { continue };
        if name != key {
            continue;
        }
        let value = value.trim();
        found.push(if matches!(value, "|" | ">-" | ">" | "|-") {
            let block = lines[at + 1..].iter().take_while(|below| indent(below) > indent(line));
            block.map(|line| line.trim()).collect::<Vec<_>>().join("\n")
        } else {
            value.trim_matches('"').to_owned()
        });
    }
    found
}

/// The metrics that a text of PromQL, or prose, names: ours, those of a process, and what rules record.
fn metrics(expr: &str) -> BTreeSet<String> {
    let unquoted: String = expr.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let words = unquoted.split(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '_' | ':')));
    let is_metric = |word: &&str| {
        let recorded = word.contains(':') && word.starts_with(|char: char| char.is_ascii_lowercase());
        word.starts_with("payments_") || word.starts_with("process_") || recorded
    };
    words.map(|word| word.trim_end_matches(':')).filter(is_metric).map(str::to_owned).collect()
}

/// The panels of the dashboard that show something.
fn panels(dashboard: &Value) -> Result<Vec<&Value>> {
    let panels = dashboard["panels"].as_array().context("panels")?;
    let inner = panels.iter().flat_map(|panel| panel["panels"].as_array().into_iter().flatten());
    Ok(panels.iter().chain(inner).filter(|panel| panel["type"] != "row").collect())
}

/// Where something asks for a metric, and how.
fn asked() -> Result<Vec<(String, String)>> {
    let mut asked = Vec::new();
    for file in [RULES, ALERTS] {
        let text = read(file)?;
        let (exprs, rules) = (values(&text, "expr"), text.matches("expr:").count());
        ensure!(
            !exprs.is_empty() && exprs.len() == rules,
            "{file}: {} of {rules} expressions read",
            exprs.len()
        );
        asked.extend(exprs.into_iter().map(|expr| (file.to_owned(), expr)));
    }
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)?).context(DASHBOARD)?;
    for panel in panels(&dashboard)? {
        let targets = panel["targets"].as_array().with_context(|| format!("targets of {panel}"))?;
        ensure!(!targets.is_empty(), "{} shows nothing", panel["title"]);
        for target in targets {
            let expr =
                target["expr"].as_str().with_context(|| format!("an expression in {}", panel["title"]))?;
            asked.push((format!("{DASHBOARD}, {}", panel["title"]), expr.to_owned()));
        }
    }
    for variable in dashboard["templating"]["list"].as_array().context("variables")? {
        // Grafana keeps a query twice, and shows one of them.
        for query in
            [&variable["query"]["query"], &variable["definition"]].into_iter().filter_map(Value::as_str)
        {
            asked.push((format!("{DASHBOARD}, variable {}", variable["name"]), query.to_owned()));
        }
    }
    Ok(asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboard_and_rules_ask_only_for_metrics_that_there_are() -> Result<()> {
    let known = known().await?;
    for (place, expr) in asked()? {
        let named = metrics(&expr);
        ensure!(!named.is_empty() || expr.contains("up{"), "{place} asks for no metric of ours: {expr}");
        for metric in named {
            ensure!(known.contains(&metric), "{place} asks for {metric}, which nobody measures: {expr}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runbook_names_only_metrics_that_there_are() -> Result<()> {
    let mut known = known().await?;
    // Prose calls a histogram by its name, without what its samples end in.
    let whole: Vec<_> =
        known.iter().filter_map(|name| name.strip_suffix("_bucket").map(str::to_owned)).collect();
    known.extend(whole);
    let text = read(RUNBOOK)?;
    for code in text.split('`').skip(1).step_by(2).filter(|code| !code.contains([' ', '/', '=', '\u{2026}']))
    {
        // Tables begin as metrics do.
        for metric in metrics(code).into_iter().filter(|name| !name.starts_with("payments_by_")) {
            ensure!(known.contains(&metric), "{RUNBOOK} names {metric}, which nobody measures");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_metrics_has_each_of_them_and_no_other() -> Result<()> {
    let text = read(METRICS)?;
    // A name stands at the begin of its row; a histogram without what its samples end in.
    let documented: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(['`', '{']).next())
        .filter(|name| !name.starts_with('/'))
        .map(str::to_owned)
        .collect();
    let measured = measured().await?;
    let of_histogram = |name: &str| {
        let stem =
            name.strip_suffix("_bucket").or(name.strip_suffix("_sum")).or(name.strip_suffix("_count"))?;
        measured.contains(&format!("{stem}_bucket")).then(|| stem.to_owned())
    };
    let shown: BTreeSet<_> =
        measured.iter().map(|name| of_histogram(name).unwrap_or_else(|| name.clone())).collect();
    assert_eq!(documented, shown);
    Ok(())
}

#[test]
fn every_alert_says_how_bad_it_is_and_has_its_section_in_the_runbook() -> Result<()> {
    let (text, runbook) = (read(ALERTS)?, read(RUNBOOK)?);
    let sections: BTreeSet<_> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let alerts = values(&text, "alert");
    assert_eq!(alerts.iter().map(String::as_str).collect::<BTreeSet<_>>(), sections, "alerts, and sections");
    // Each alert's text reaches to the next one's.
    for (alert, body) in alerts.iter().zip(text.split("- alert:").skip(1)) {
        let url = format!("{RUNBOOK}#{}", alert.to_lowercase());
        assert_eq!(values(body, "runbook_url"), [url], "{alert}");
        for key in ["summary", "description"] {
            assert!(values(body, key).iter().any(|value| !value.is_empty()), "{alert} has no {key}");
        }
        let severity = values(body, "severity");
        assert!(severity.len() == 1 && ["critical", "warning", "info"].contains(&&*severity[0]), "{alert}");
        for part in ["**Means**", "**Look at**", "**Likely causes**", "**Do**", "**Safe to ignore**"] {
            let section = runbook.split("\n## ").find(|section| section.lines().next() == Some(alert));
            assert!(section.is_some_and(|section| section.contains(part)), "{RUNBOOK}, {alert}: no {part}");
        }
    }
    Ok(())
}

#[test]
fn every_panel_has_a_title_a_unit_and_a_description() -> Result<()> {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)?)?;
    for panel in panels(&dashboard)? {
        for (what, value) in [
            ("title", &panel["title"]),
            ("description", &panel["description"]),
            ("unit", &panel["fieldConfig"]["defaults"]["unit"]),
        ] {
            assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{}: no {what}", panel["title"]);
        }
    }
    Ok(())
}

#[test]
fn names_and_expressions_are_read_as_they_are_written() {
    let page = "# HELP a b\na_total{table=\"x y\"} 1\nb 2\nc_bucket{le=\"+Inf\"} 3 # {} 1\n# EOF\n";
    assert_eq!(names(page).into_iter().collect::<Vec<_>>(), ["a_total", "b", "c_bucket"]);
    let yaml = "- record: job:a:rate1m\n  expr: |\n    payments_a[5m]\n    > 1\n\n  for: 1m\n- expr: \"payments_b\"\n";
    assert_eq!(values(yaml, "expr"), ["payments_a[5m]\n> 1", "payments_b"]);
    let expr =
        "sum by (table) (rate(payments_a{table=\"payments_by_date\"}[1m])) / job:b:c > process_d and up == 0";
    assert_eq!(metrics(expr).into_iter().collect::<Vec<_>>(), ["job:b:c", "payments_a", "process_d"]);
}

/// Runs promtool on files; `None` where there is none, which is an error if it is required.
fn promtool(command: &[&str], files: &[PathBuf]) -> Result<Option<String>> {
    let output = match Command::new("promtool").args(command).args(files).current_dir(root()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let is_required = std::env::var_os("REQUIRE_PROMTOOL").is_some_and(|value| value == "1");
            ensure!(!is_required, "REQUIRE_PROMTOOL=1, and there is no promtool in PATH");
            return Ok(None);
        }
        Err(error) => return Err(error).context("promtool"),
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    ensure!(output.status.success(), "promtool {} fails:\n{said}", command.join(" "));
    Ok(Some(said))
}

#[test]
fn rules_are_valid_and_fire_when_they_must_and_only_then() -> Result<()> {
    let folder = root().join("deploy/prometheus/tests");
    let tests = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    ensure!(tests.len() > 1, "the rules' tests are not there");
    let tested: String = tests.iter().map(fs::read_to_string).collect::<std::io::Result<_>>()?;
    for alert in values(&read(ALERTS)?, "alert") {
        let of_alert = |test: &&str| test.contains(&format!("alertname: {alert}"));
        let (quiet, fires): (Vec<_>, Vec<_>) =
            tested.split("eval_time:").filter(of_alert).partition(|test| test.contains("exp_alerts: []"));
        assert!(!fires.is_empty() && quiet.len() > 1, "tests of {alert}: {fires:?}, {quiet:?}");
    }
    let files = [RULES, ALERTS].map(|file| root().join(file));
    promtool(&["check", "rules"], &files)?;
    promtool(&["check", "config"], &[root().join("deploy/prometheus/prometheus.yml")])?;
    promtool(&["test", "rules"], &tests)?;
    Ok(())
}
