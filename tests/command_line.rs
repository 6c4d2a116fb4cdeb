//! What the binaries' command lines offer besides their work: `.env`, completions, manual pages, help.

use anyhow::{Context, Result};
use std::path::Path;
use std::process::{Command, Output};
use whole_path::programs;

fn run_in(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Result<Output> {
    run_program("payments", folder, args, variables)
}

fn run_program(program: &str, folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Result<Output> {
    let mut command = programs::command(program);
    Ok(command.current_dir(folder).args(args).envs(variables.iter().copied()).output()?)
}

fn text(output: &Output) -> Result<&str> {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(std::str::from_utf8(&output.stdout)?)
}

#[test]
fn variables_come_from_the_folders_file_unless_the_environment_has_them() -> Result<()> {
    let (with, without) = (tempfile::tempdir()?, tempfile::tempdir()?);
    std::fs::write(with.path().join(".env"), "# a run\nSEED=7\nNUM_CUSTOMERS='50'\n")?;
    let args = ["show", "--index", "3", "--format", "json"];
    let seven = [("SEED", "7"), ("NUM_CUSTOMERS", "50")];
    let (from_file, exported) = (run_in(with.path(), &args, &[])?, run_in(without.path(), &args, &seven)?);
    assert_eq!(text(&from_file)?, text(&exported)?);
    assert_ne!(text(&from_file)?, text(&run_in(without.path(), &args, &[])?)?);
    let eight = [("SEED", "8"), ("NUM_CUSTOMERS", "50")];
    let (overridden, exported) =
        (run_in(with.path(), &args, &eight[..1])?, run_in(without.path(), &args, &eight)?);
    assert_eq!(text(&overridden)?, text(&exported)?);
    Ok(())
}

#[test]
fn a_wrong_file_is_refused_by_line_and_a_folder_of_that_name_is_none() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(".env");
    std::fs::write(&path, "SEED 7\n")?;
    let refused = run_in(folder.path(), &["show", "--index", "3"], &[])?;
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr)?.contains(".env line 1"));
    std::fs::remove_file(&path)?;
    std::fs::create_dir(&path)?;
    text(&run_in(folder.path(), &["show", "--index", "3"], &[])?)?;
    Ok(())
}

#[test]
fn completions_and_manual_pages_know_every_subcommand() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let subcommands =
        ["export", "replay", "dead-letter", "cleanup", "plan", "verify", "query", "setup", "why", "tap"];
    for shell in ["bash", "zsh", "fish"] {
        let output = run_in(folder.path(), &["completions", shell], &[])?;
        let script = text(&output)?;
        assert!(subcommands.iter().all(|name| script.contains(name)), "{shell}");
    }
    text(&run_in(folder.path(), &["man", "--out", "pages"], &[])?)?;
    for name in subcommands {
        let page = folder.path().join(format!("pages/payments-{name}.1"));
        std::fs::read_to_string(&page).with_context(|| page.display().to_string())?;
    }
    assert!(text(&run_in(folder.path(), &["man"], &[])?)?.contains("dead\\-letter"));
    Ok(())
}

#[test]
fn the_stages_have_completions_and_manual_pages_too() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (program, flag, pages) in [("producer", "--num-records", 5), ("sink", "--max-pane-age", 3)] {
        for shell in ["bash", "zsh", "fish"] {
            let output = run_program(program, folder.path(), &["completions", shell], &[])?;
            assert!(text(&output)?.contains(flag.trim_start_matches('-')), "{program} {shell}");
        }
        let out = format!("{program}-pages");
        text(&run_program(program, folder.path(), &["man", "--out", &out], &[])?)?;
        assert_eq!(std::fs::read_dir(folder.path().join(&out))?.count(), pages, "{program}");
        assert!(text(&run_program(program, folder.path(), &["man"], &[])?)?.contains(program));
    }
    std::fs::write(folder.path().join("file"), "")?;
    let refused = run_program("sink", folder.path(), &["man", "--out", "file"], &[])?;
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr)?.contains("--out"));
    Ok(())
}

#[test]
fn bash_takes_the_completions_and_offers_subcommands() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let script = run_in(folder.path(), &["completions", "bash"], &[])?;
    std::fs::write(folder.path().join("payments.bash"), text(&script)?)?;
    let ask = "source ./payments.bash && complete -p payments >/dev/null && COMP_WORDS=(payments dead-letter re) \
               COMP_CWORD=2 && _payments payments re dead-letter && echo \"${COMPREPLY[@]}\"";
    let Ok(output) = Command::new("bash").args(["--norc", "-c", ask]).current_dir(folder.path()).output()
    else {
        return Ok(());
    };
    assert_eq!(text(&output)?.trim(), "redrive");
    Ok(())
}

#[test]
fn every_subcommands_help_has_an_example() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for name in [
        "snapshot",
        "replay",
        "dead-letter",
        "cleanup",
        "plan",
        "completions",
        "man",
        "query",
        "verify",
        "setup",
        "why",
        "tap",
        "read-load",
    ] {
        let output = run_in(folder.path(), &[name, "--help"], &[])?;
        assert!(text(&output)?.contains(&format!("payments {name}")), "{name}");
        assert!(text(&output)?.contains("Example"), "{name}");
    }
    let told = |args: &[&str], what: &str| -> Result<()> {
        let output = run_in(folder.path(), args, &[])?;
        let flowing = text(&output)?.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flowing.contains(what), "{args:?}: {flowing}");
        Ok(())
    };
    told(&["replay", "--help"], "the age of the oldest unacked message")?;
    told(&["cleanup", "--help"], "garbage collection")?;
    told(&["cleanup", "rows", "--help"], "garbage collection")?;
    told(&["--help"], "Delete rows of a prefix, an age or a run")
}

#[test]
fn counts_names_and_flags_may_be_spelt_as_people_spell_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let sample = |flags: &[&str]| -> Result<String> {
        let output =
            run_in(folder.path(), &[&["sample", "-n", "3", "--format", "json"], flags].concat(), &[])?;
        Ok(text(&output)?.to_owned())
    };
    let usual = sample(&["--num-records", "2000000", "--mix", "us"])?;
    for flags in [
        ["--num_records", "2M", "--mix", "US"],
        ["--num-records=2e6", "--num_customers", "1_000", "--mix=Us"],
    ] {
        assert_eq!(sample(&flags)?, usual, "{flags:?}");
    }
    for (args, line) in [
        (
            vec!["verify", "--num-record", "5"],
            "error: there is no flag --num-record; did you mean --num-records?",
        ),
        (vec!["verfy"], "error: there is no command verfy; did you mean verify?"),
        (
            vec!["sample", "-n", "1.5"],
            "error: invalid value '1.5' for '--count <COUNT>': not a count; write 5000,",
        ),
    ] {
        let output = run_in(folder.path(), &args, &[])?;
        let said = String::from_utf8(output.stderr)?;
        assert!(output.status.code() == Some(2) && said.starts_with(line), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    Ok(())
}

#[test]
fn other_peoples_formats_are_the_output_and_what_they_have_no_place_for_is_told_beside_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = |args: &[&str]| run_in(folder.path(), args, &[]);
    let nacha = run(&["sample", "-n", "300", "--format", "nacha"])?;
    let file = text(&nacha)?;
    assert!(file.lines().all(|line| line.len() == 94) && file.lines().count() % 10 == 0, "{file}");
    let said = String::from_utf8(nacha.stderr.clone())?;
    assert!(said.contains("payments of rails other than ACH"), "{said}");
    let transfers = run(&["sample", "-n", "300", "--mix", "WIRE=1", "--format", "pacs008"])?;
    assert_eq!(text(&transfers)?.matches("<CdtTrfTxInf>").count(), 300);
    let one = run(&["show", "--index", "3", "--mix", "WIRE=1", "--format", "pacs008"])?;
    assert!(text(&one)?.contains("<NbOfTxs>1</NbOfTxs>"));
    for (rails, format, knows) in [("CARD=1", "pacs008", "WIRE"), ("P2P=1", "nacha", "ACH")] {
        for args in [["show", "--index", "3"], ["sample", "-n", "50"]] {
            let refused = run(&[&args[..], &["--mix", rails, "--format", format]].concat())?;
            let said = String::from_utf8(refused.stderr)?;
            assert_eq!((refused.status.code(), said.lines().count()), (Some(2), 1), "{said}");
            assert!(said.contains("--format") && said.contains(knows), "{said}");
        }
    }
    let line = run(&["show", "--index", "3", "--format", "ndjson"])?;
    let object: serde_json::Value = serde_json::from_str(text(&line)?)?;
    assert!(object["amount_value"].is_string() && object["status"].as_str().is_some(), "{object}");
    let columns = run(&["export", "--columns", "--format", "csv"])?;
    assert!(text(&columns)?.starts_with("column,of,type,family,qualifier,description\r\n"));
    assert!(text(&run(&["export", "--columns"])?)?.contains("ach_trace_number"));
    assert_eq!(run(&["export", "--format", "csv"])?.status.code(), Some(2));
    Ok(())
}

#[test]
fn output_is_coloured_and_told_as_people_want_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let local = ["local", "--num-records", "300"];
    let output = run_in(folder.path(), &local, &[])?;
    let summary = text(&output)?;
    assert!(summary.starts_with("OK: 3 x 300 rows of 300 payments (run "), "{summary}");
    assert!(
        summary.lines().count() <= 13 && summary.lines().all(|line| line.chars().count() <= 80),
        "{summary}"
    );
    assert!(!output.stderr.is_empty() && !summary.contains('\u{1b}'));

    let quiet = run_in(folder.path(), &[&local[..], &["-q", "--format", "json"]].concat(), &[])?;
    assert_eq!(String::from_utf8(quiet.stderr.clone())?, "");
    let document: serde_json::Value = serde_json::from_str(text(&quiet)?)?;
    assert_eq!((&document["ok"], &document["tables"][2]["rows"]), (&true.into(), &300.into()));

    let coloured = |flags: &[&str], variables: &[(&str, &str)]| -> Result<bool> {
        let output = run_in(folder.path(), &[&["sample", "-n", "1"], flags].concat(), variables)?;
        Ok(text(&output)?.starts_with("\u{1b}[1m   index"))
    };
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")])?);
    assert!(!coloured(&["--color", "never"], &[])? && !coloured(&[], &[])?);
    let verbose = run_in(folder.path(), &["-vv", "local", "--num-records", "10"], &[])?;
    assert!(String::from_utf8(verbose.stderr)?.contains("DEBUG"));
    Ok(())
}
