//! Running the program in a folder of its own, with an environment of its own.

use std::fmt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A user's machine: a home folder and nothing else.
pub(crate) struct Machine {
    home: TempDir,
}

/// What the program did.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().expect("temporary folder") }
    }

    /// Another machine with the same files.
    pub(crate) fn clone_of(other: &Self) -> Self {
        let copy = Self::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(other.home.path().join(&folder)).expect("list") {
                let name = folder.join(entry.expect("an entry").file_name());
                let (from, to) = (other.home.path().join(&name), copy.home.path().join(&name));
                if from.is_dir() {
                    std::fs::create_dir_all(to).expect("folder");
                    folders.push(name);
                } else {
                    std::fs::copy(from, to).expect("copied");
                }
            }
        }
        copy
    }

    /// A path in the home folder, where every command runs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        std::fs::write(path, bytes).expect("file");
        self
    }

    /// A file that its owner alone can read, as `sampan keys new` makes it.
    pub(crate) fn write_private(&self, name: &str, bytes: &[u8]) {
        self.write(name, bytes);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).expect("mode");
        }
    }

    /// Whether nobody but the owner can read a file; wherever files have owners.
    pub(crate) fn is_private(&self, name: &str) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let meta = std::fs::metadata(self.path(name)).expect("the file");
            meta.permissions().mode() & 0o777 == 0o600
        }
        #[cfg(not(unix))]
        self.has(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Runs `sampan` with arguments as a shell would split them.
    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_args(&line.split_whitespace().collect::<Vec<_>>(), &[])
    }

    pub(crate) fn run_args(&self, args: &[&str], env: &[(&str, &str)]) -> Run {
        let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("sampan"))
            .args(args)
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            .envs(env.iter().copied())
            .current_dir(self.home.path())
            .output()
            .expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("an exit code");
        Run { code, stdout: text(output.stdout), stderr: text(output.stderr) }.without(self.home.path())
    }
}

impl Run {
    fn without(mut self, home: &Path) -> Self {
        let home = home.display().to_string();
        self.stdout = self.stdout.replace(&home, "~");
        self.stderr = self.stderr.replace(&home, "~");
        self
    }

    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// The answer as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Insists on words in stdout or stderr.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.stdout.contains(words) || self.stderr.contains(words), "`{words}` is not in\n{self}");
        self
    }

    /// The run with what differs between runs put in other words.
    pub(crate) fn with(mut self, words: &[(&str, &str)]) -> Self {
        for (from, to) in words {
            self.stdout = self.stdout.replace(from, to);
            self.stderr = self.stderr.replace(from, to);
        }
        self.stdout = without_ages(&self.stdout);
        self
    }
}

/// `8123 s ago` becomes `N s ago`; so do minutes, hours and days.
fn without_ages(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for i in 0..words.len() {
        let unit = words.get(i + 1).is_some_and(|word| ["s", "min", "h", "days"].contains(word));
        let age = words.get(i + 2).is_some_and(|word| word.starts_with("ago") || word.starts_with("old"));
        if unit && age {
            words[i] = if words[i].starts_with('(') { "(N" } else { "N" };
            words[i + 1] = "s";
        }
    }
    words.join(" ")
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}
