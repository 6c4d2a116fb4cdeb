//! The real binaries, as an operator starts them.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// Where the three binaries are, in the profile that the tests have.
///
/// `cargo test --workspace` has built them, because each of their packages has a test `program`; so there is nothing
/// left for cargo to do here. Asked for in any other way, it would choose other features and compile everything once more.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| build().expect("the binaries build"))
}

fn build() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).context("a test lies in PROFILE/deps")?.to_owned();
    let target = folder.parent().context("a profile's folder lies in the target folder")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--quiet", "--no-run", "--workspace", "--test=program"]);
    cargo.arg("--target-dir").arg(target).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // What cargo told this test of its own package would make crates stale whose build scripts look at such variables.
    let of_this_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name == "LD_LIBRARY_PATH" || of_this_package.iter().any(|start| name.starts_with(start)) {
            cargo.env_remove(&*name);
        }
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "cargo could not build the binaries");
    Ok(folder)
}

/// One of the binaries, in an environment without anything that points elsewhere.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(folder().join(program));
    for (name, _) in std::env::vars_os() {
        if !["PATH", "HOME", "TMPDIR"].iter().any(|kept| name == *kept) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs to the end, within a minute.
pub fn run(program: &str, args: &[&str]) -> anyhow::Result<Output> {
    let child = command(program).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    Ok(child.wait_with_output()?)
}
