use std::os::unix::fs::{chown, symlink};
use std::process::Command;

use super::*;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn refusal(path: &Path) -> String {
    Folder::open(path).expect_err("it is refused").to_string()
}

/// Nothing of ours is left where we were refused.
fn assert_untouched(path: &Path, names: &[&str]) {
    let mut found: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    found.sort();
    assert_eq!(found, names);
}

#[test]
fn a_file_is_no_data_directory_and_nothing_below_it_is() {
    let parent = folder();
    let file = parent.path().join("file");
    fs::write(&file, "mine").unwrap();
    for path in [file.clone(), file.join("data")] {
        let refusal = refusal(&path);
        assert!(refusal.contains(&format!("{} is not a directory", path.display())), "{refusal}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn a_directory_with_files_of_others_is_not_ours_and_stays_as_it_is() {
    let data = folder();
    fs::write(data.path().join("holiday.jpg"), "").unwrap();
    let refusal = refusal(data.path());
    assert!(refusal.contains("is not ours: it holds \"holiday.jpg\""), "{refusal}");
    assert_untouched(data.path(), &["holiday.jpg"]);
}

#[test]
fn a_directory_of_another_version_is_refused_with_both_versions() {
    let data = folder();
    drop(Folder::open(data.path()).unwrap());
    for stamp in ["2\n", "", "0", "old"] {
        fs::write(data.path().join(STAMP), stamp).unwrap();
        let refusal = refusal(data.path());
        let expected = format!("is of another version: {:?}, where this program reads 1", stamp.trim());
        assert!(refusal.contains(&expected), "{refusal}");
    }
}

#[test]
fn a_directory_in_use_is_locked_by_a_process_that_is_named() {
    let data = folder();
    let used = Folder::open(data.path()).unwrap();
    let refusal = refusal(data.path());
    assert!(refusal.contains(&format!("is locked by process {};", std::process::id())), "{refusal}");
    drop(used);
    Folder::open(data.path()).unwrap();
}

/// A file system of its own, read-only; only root may mount one.
struct ReadOnly(TempDir);

impl ReadOnly {
    fn mount() -> Option<Self> {
        let folder = folder();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "ro", "tmpfs"]).arg(folder.path());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: mounting is not allowed");
        None
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_read_only_directory_is_told_from_one_that_cannot_be_created() {
    let Some(disk) = ReadOnly::mount() else { return };
    let there = refusal(disk.0.path());
    assert!(there.contains("is read-only: Read-only file system"), "{there}");
    let below = refusal(&disk.0.path().join("data"));
    assert!(below.contains("cannot be created: Read-only file system"), "{below}");
}

#[test]
fn a_new_directory_is_made_with_its_parents_and_stamped() {
    let parent = folder();
    let path = parent.path().join("a/b/data");
    drop(Folder::open(&path).unwrap());
    assert_eq!(fs::read_to_string(path.join(STAMP)).unwrap(), "1\n");
    Folder::open(&path).unwrap();
}

#[test]
fn what_earlier_programs_a_file_system_or_a_start_cut_short_have_left_is_ours() {
    let store = |data: &Path| {
        fs::create_dir(data.join("bigtable")).unwrap();
        fs::write(data.join("bigtable/version"), b"FJL\x03").unwrap();
        fs::write(data.join("notes.txt"), "").unwrap();
    };
    let lost = |data: &Path| fs::create_dir(data.join("lost+found")).unwrap();
    let cut = |data: &Path| {
        fs::write(data.join(LOCK), "1").unwrap();
        fs::write(data.join(format!("{STAMP}.new")), "").unwrap();
        fs::create_dir(data.join("pubsub")).unwrap();
    };
    for leave in [&store as &dyn Fn(&Path), &lost, &cut] {
        let data = folder();
        leave(data.path());
        Folder::open(data.path()).unwrap();
        assert_eq!(stamped(data.path()).unwrap(), Some(VERSION));
    }
}

#[test]
fn a_stamp_does_not_make_files_of_others_a_reason_to_refuse() {
    let data = folder();
    drop(Folder::open(data.path()).unwrap());
    fs::write(data.path().join("notes.txt"), "").unwrap();
    Folder::open(data.path()).unwrap();
}

/// A temporary folder as a killed process leaves it.
fn killed(parent: &Path, name: &str, lock: &str) -> PathBuf {
    let path = parent.join(format!("{TEMPORARY}{name}"));
    let lock = path.join(lock);
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    fs::write(lock, "1").unwrap();
    path
}

#[test]
fn a_start_removes_what_killed_runs_have_left() {
    let parent = folder();
    let old = killed(parent.path(), "old", "pubsub/lock");
    let new = killed(parent.path(), "new", LOCK);
    fs::create_dir(new.join("bigtable")).unwrap();
    fs::write(new.join("bigtable/0.jnl"), "data").unwrap();
    let own = Folder::temporary_in(parent.path()).unwrap();
    assert!(!old.exists() && !new.exists() && own.path.exists());
    let path = own.path.clone();
    drop(own);
    assert!(!path.exists());
}

#[test]
fn a_start_leaves_the_folders_of_the_living_and_of_others() {
    let parent = folder();
    let living = Folder::temporary_in(parent.path()).unwrap();
    let old_living = killed(parent.path(), "old", "pubsub/lock");
    fs::create_dir(old_living.join("bigtable")).unwrap();
    fs::write(old_living.join("bigtable/lock"), "").unwrap();
    let held = File::open(old_living.join("bigtable/lock")).unwrap();
    held.try_lock().unwrap();
    let not_locked_yet = parent.path().join(format!("{TEMPORARY}starting"));
    fs::create_dir(&not_locked_yet).unwrap();
    let elsewhere = folder();
    let target = killed(elsewhere.path(), "target", LOCK);
    let link = parent.path().join(format!("{TEMPORARY}link"));
    symlink(&target, &link).unwrap();
    let named_otherwise = parent.path().join("payments");
    fs::create_dir(&named_otherwise).unwrap();
    fs::write(named_otherwise.join(LOCK), "").unwrap();
    let of_another_user = killed(parent.path(), "other", LOCK);
    // Only root can give a folder away.
    let is_given = chown(&of_another_user, Some(12_345), None).is_ok();

    let _own = Folder::temporary_in(parent.path()).unwrap();
    for kept in [&living.path, &old_living, &not_locked_yet, &target, &link, &named_otherwise] {
        assert!(kept.exists(), "{}", kept.display());
    }
    assert_eq!(of_another_user.exists(), is_given);
}

#[test]
fn a_folder_that_was_taken_for_a_dead_ones_is_not_used() {
    let parent = folder();
    let lock = open_lock(parent.path()).unwrap();
    lock.try_lock().unwrap();
    assert!(claim(parent.path()).unwrap().is_none(), "another process is about to remove it");
    drop(lock);
    assert!(claim(parent.path()).unwrap().is_some());
    assert!(claim(&parent.path().join("gone")).unwrap().is_none());
}
