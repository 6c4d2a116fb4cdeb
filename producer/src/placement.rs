//! Which shard a producer is: by flag, or by the job that started it.

use crate::shard::Shard;
use service::Error;

/// Where a shard may come from besides the flag: its name in logs, and the variables with index and count.
struct Platform {
    name: &'static str,
    index: &'static str,
    count: Option<&'static str>,
}

const PLATFORMS: [Platform; 2] = [
    Platform { name: "Kubernetes indexed job", index: "JOB_COMPLETION_INDEX", count: None },
    Platform { name: "Cloud Run job", index: "CLOUD_RUN_TASK_INDEX", count: Some("CLOUD_RUN_TASK_COUNT") },
];

/// A platform's word: this task's index, and of how many if it knows.
struct Task {
    platform: &'static Platform,
    index: u64,
    count: Option<u64>,
}

/// The shard, and where it comes from.
///
/// `flag` is `--shard`, `shards` is `--shards`, `variable` looks into the environment.
///
/// # Errors
/// When they contradict each other, or leave open which shard this is: two tasks with one shard would leave a hole.
pub fn place(
    flag: Option<Shard>,
    shards: Option<u64>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(Shard, &'static str), Error> {
    let mut tasks = Vec::new();
    for platform in &PLATFORMS {
        tasks.extend(task(platform, &variable)?);
    }
    match (flag, tasks.as_slice()) {
        (Some(shard), tasks) => {
            if let Some(shards) = shards.filter(|shards| *shards != shard.count()) {
                return Err(contradiction(&format!("--shard {shard} and --shards {shards}")));
            }
            tasks.iter().try_for_each(|task| task.require_agreement(shard))?;
            Ok((shard, "--shard"))
        }
        (None, [task]) => task.shard(shards).map(|shard| (shard, task.platform.name)),
        (None, []) => match shards {
            None | Some(1) => Ok((Shard::default(), "default")),
            Some(shards) => Err(Error::Config(format!(
                "--shards {shards} does not say which of them this producer is: pass --shard I/{shards}, or run it as \
                 a Kubernetes indexed job or a Cloud Run job"
            ))),
        },
        (None, _) => Err(contradiction("JOB_COMPLETION_INDEX and CLOUD_RUN_TASK_INDEX are both set")),
    }
}

/// Whether a job that runs several of these has started this one: it takes exit code 0 for a shard that is done.
pub fn is_task(variable: impl Fn(&str) -> Option<String>) -> bool {
    PLATFORMS.iter().any(|platform| variable(platform.index).is_some())
}

impl Task {
    fn shard(&self, shards: Option<u64>) -> Result<Shard, Error> {
        let (index, name) = (self.index, self.platform.index);
        let count = match (self.count, shards, self.platform.count) {
            (Some(count), Some(shards), Some(variable)) if count != shards => {
                return Err(contradiction(&format!("{variable} {count} and --shards {shards}")));
            }
            (Some(count), ..) | (None, Some(count), _) => count,
            (None, None, _) => {
                return Err(Error::Config(format!(
                    "{name} is {index}, but nothing says of how many: pass --shards with the job's completions"
                )));
            }
        };
        Shard::new(index, count).ok_or_else(|| {
            contradiction(&format!("{name} is {index}, but there are {count} shards, counted from 0"))
        })
    }

    /// Index 0 of an unknown number, or of one, is what every lone task has: it says nothing.
    fn require_agreement(&self, shard: Shard) -> Result<(), Error> {
        let says_nothing = self.index == 0 && self.count.is_none_or(|count| count == 1);
        if says_nothing
            || self.index == shard.index() && self.count.is_none_or(|count| count == shard.count())
        {
            return Ok(());
        }
        let of = self.count.map_or_else(String::new, |count| format!(" of {count}"));
        Err(contradiction(&format!("--shard {shard} and {} {}{of}", self.platform.index, self.index)))
    }
}

fn task(
    platform: &'static Platform,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Task>, Error> {
    let number = |flag: &'static str| {
        let set = variable(flag).filter(|value| !value.is_empty());
        set.map(|value| {
            let problem = "in the environment is not a number".to_owned();
            value.parse::<u64>().map_err(|_| Error::Flag { flag, value, problem })
        })
        .transpose()
    };
    let count = platform.count.map(number).transpose()?.flatten();
    match (number(platform.index)?, count) {
        (Some(index), count) => Ok(Some(Task { platform, index, count })),
        (None, Some(count)) if count > 1 => Err(Error::Config(format!(
            "{} is {count}, but {} is not set: nothing says which of them this is",
            platform.count.unwrap_or_default(),
            platform.index
        ))),
        (None, _) => Ok(None),
    }
}

fn contradiction(what: &str) -> Error {
    Error::Config(format!(
        "{what}: they contradict each other; leave --shard to the job, or unset the variable"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(flag: Option<&str>, shards: Option<u64>, variables: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let flag = flag.map(|text| text.parse().unwrap());
        let (shard, source) = place(flag, shards, variable).map_err(|error| error.to_string())?;
        Ok(format!("{shard} {source}"))
    }

    const JOB: (&str, &str) = ("JOB_COMPLETION_INDEX", "3");
    const TASK: [(&str, &str); 2] = [("CLOUD_RUN_TASK_INDEX", "1"), ("CLOUD_RUN_TASK_COUNT", "4")];

    #[test]
    fn a_job_says_which_shard_and_the_flag_of_how_many() {
        assert_eq!(placed(None, Some(8), &[JOB]).unwrap(), "3/8 Kubernetes indexed job");
        assert_eq!(placed(None, None, &TASK).unwrap(), "1/4 Cloud Run job");
        assert_eq!(placed(None, Some(4), &TASK).unwrap(), "1/4 Cloud Run job");
        assert_eq!(placed(None, None, &[("JOB_COMPLETION_INDEX", "")]).unwrap(), "0/1 default");
        assert_eq!(placed(Some("2/8"), None, &[]).unwrap(), "2/8 --shard");
    }

    #[test]
    fn a_flag_that_agrees_or_a_lone_task_is_no_contradiction() {
        assert_eq!(placed(Some("3/8"), Some(8), &[JOB]).unwrap(), "3/8 --shard");
        let lone = [("CLOUD_RUN_TASK_INDEX", "0"), ("CLOUD_RUN_TASK_COUNT", "1")];
        assert_eq!(placed(Some("2/8"), None, &lone).unwrap(), "2/8 --shard");
    }

    #[test]
    fn contradictions_and_gaps_are_refused_by_name() {
        let refused = |flag, shards, variables: &[(&str, &str)], names: &[&str]| {
            let error = placed(flag, shards, variables).unwrap_err();
            assert!(names.iter().all(|name| error.contains(name)), "{error}");
        };
        refused(None, None, &[JOB], &["JOB_COMPLETION_INDEX is 3", "--shards"]);
        refused(None, Some(3), &[JOB], &["JOB_COMPLETION_INDEX is 3", "3 shards"]);
        refused(Some("2/8"), None, &[JOB], &["--shard 2/8", "JOB_COMPLETION_INDEX 3"]);
        refused(Some("1/8"), None, &TASK, &["--shard 1/8", "CLOUD_RUN_TASK_INDEX 1 of 4"]);
        refused(Some("1/8"), Some(4), &[], &["--shard 1/8", "--shards 4"]);
        refused(None, Some(5), &TASK, &["CLOUD_RUN_TASK_COUNT 4", "--shards 5"]);
        refused(None, None, &TASK[..1], &["CLOUD_RUN_TASK_INDEX is 1", "--shards"]);
        refused(None, None, &TASK[1..], &["CLOUD_RUN_TASK_COUNT is 4", "CLOUD_RUN_TASK_INDEX is not set"]);
        refused(None, None, &[JOB, TASK[0]], &["JOB_COMPLETION_INDEX", "CLOUD_RUN_TASK_INDEX"]);
        refused(None, Some(4), &[], &["--shards 4", "--shard I/4"]);
        refused(None, Some(4), &[("JOB_COMPLETION_INDEX", "x")], &["JOB_COMPLETION_INDEX", "\"x\""]);
    }
}
