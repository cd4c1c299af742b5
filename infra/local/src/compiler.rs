//! What cargo does for the functions, read from what `cargo lambda watch` prints. No function answers while another
//! build holds cargo's lock, or after one does not compile or cannot run: then the gateway, the desk and the terminal
//! say so, instead of a request that waits without end.

use std::fs::{File, TryLockError};
use std::future;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

/// Cargo reports a lock that it gets a moment later, too.
const GRACE: Duration = Duration::from_secs(1);

pub(crate) const LOCKED: &str = "Another cargo build holds the lock of the target folder (an editor's check, perhaps, or \
                                 tests). The functions are compiled when it ends.";

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum State {
    #[default]
    Idle,
    Compiling(String),
    Locked,
    /// With the package that has to be compiled again, if one has to.
    Broken(Option<String>, String),
}

impl State {
    /// The state after cargo or a function has printed `line`; none if the line says nothing of it.
    fn after(&self, line: &str) -> Option<Self> {
        let line = line.trim();
        if line.starts_with("Blocking waiting for file lock") {
            // The functions wait for each other as well. Only if none is being compiled is it another build.
            return matches!(self, Self::Idle).then_some(Self::Locked);
        }
        if let Some(package) = line.strip_prefix("Compiling ") {
            let package = package.split(' ').next().unwrap_or_default();
            return self.ends_with(package).then(|| Self::Compiling(package.to_owned()));
        }
        if let Some(rest) = line.strip_prefix("error: could not compile `") {
            let package = rest.split('`').next().unwrap_or_default().to_owned();
            let word = format!("{package} does not compile: cargo's errors are in the terminal.");
            return Some(Self::Broken(Some(package), word));
        }
        if let Some(cause) = unable(line) {
            return Some(Self::Broken(None, format!("A function cannot run: {cause}")));
        }
        let built = line.starts_with("Finished ") && matches!(self, Self::Compiling(_) | Self::Locked);
        built.then_some(Self::Idle)
    }

    /// Whether this is over once `package` is compiled: a broken one is mended by nothing else.
    fn ends_with(&self, package: &str) -> bool {
        !matches!(self, Self::Broken(Some(broken), _) if broken != package)
    }

    /// Why no function answers now.
    fn obstacle(&self) -> Option<&str> {
        match self {
            Self::Idle | Self::Compiling(_) => None,
            Self::Locked => Some(LOCKED),
            Self::Broken(_, word) => Some(word),
        }
    }
}

/// The cause that a function logs before it exits.
pub(crate) fn unable(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line["message"] == "the function cannot run").then(|| line["cause"].as_str().map(str::to_owned))?
}

/// The state, shared by those who read it and whoever reads cargo's output.
#[derive(Clone, Default)]
pub(crate) struct Compiler(watch::Sender<State>);

impl Compiler {
    /// Takes in a line of output.
    pub(crate) fn hear(&self, line: &str) {
        self.0.send_if_modified(|state| match state.after(line) {
            Some(next) if next != *state => {
                if let Some(word) = next.obstacle() {
                    eprintln!("local: {word}");
                }
                *state = next;
                true
            }
            _ => false,
        });
    }

    /// What a person should know while a request gets no answer; none if the functions are ready.
    pub(crate) fn word(&self) -> Option<String> {
        match &*self.0.borrow() {
            State::Idle => None,
            State::Compiling(package) => {
                Some(format!("Compiling {package}. Requests wait until the functions are back."))
            }
            state => state.obstacle().map(str::to_owned),
        }
    }

    /// Whether cargo works or waits, so that no function can be expected to answer yet.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(&*self.0.borrow(), State::Compiling(_) | State::Locked)
    }

    /// Waits until something fails that only a person can mend, and returns what.
    pub(crate) async fn breaks(&self) -> String {
        let mut states = self.0.subscribe();
        match states.wait_for(|state| matches!(state, State::Broken(..))).await {
            Ok(state) => state.obstacle().unwrap_or_default().to_owned(),
            Err(_) => future::pending().await,
        }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    /// Waits for something to be in the way of every answer, and returns what.
    pub(crate) async fn obstacle(&self) -> String {
        let mut states = self.0.subscribe();
        loop {
            let obstacle = states.borrow_and_update().obstacle().map(str::to_owned);
            let changed = timeout(if obstacle.is_some() { GRACE } else { Duration::MAX }, states.changed()).await;
            match (obstacle, changed) {
                (Some(word), Err(_)) => return word,
                (_, Ok(Err(_))) => return future::pending().await,
                _ => {}
            }
        }
    }
}

/// Whether another build holds the lock of the folder into which cargo compiles.
pub(crate) fn is_locked(binaries: &Path) -> bool {
    // Without the file nobody has compiled anything yet.
    File::open(binaries.join(".cargo-lock"))
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a person is told after each line.
    fn told(lines: &[&str]) -> Vec<Option<String>> {
        let compiler = Compiler::default();
        lines.iter().map(|line| (compiler.hear(line), compiler.word()).1).collect()
    }

    const BLOCKED: &str = "    Blocking waiting for file lock on build directory";
    const COMPILING: &str = "   Compiling domain v0.1.0 (/checkout/shared/domain)";
    const FINISHED: &str = "    Finished `dev` profile [unoptimized] target(s) in 0.42s";

    #[test]
    fn a_lock_that_another_build_holds_is_named_until_the_functions_are_built() {
        let told = told(&[BLOCKED, COMPILING, FINISHED]);
        assert_eq!(told[0].as_deref(), Some(LOCKED));
        assert!(told[1].as_ref().unwrap().starts_with("Compiling domain."));
        assert_eq!(told[2], None);
    }

    #[test]
    fn functions_that_wait_for_each_other_are_not_taken_for_another_build() {
        let told = told(&[COMPILING, BLOCKED, BLOCKED, FINISHED]);
        assert!(!told.contains(&Some(LOCKED.to_owned())), "{told:?}");
        assert_eq!(told[3], None);
    }

    #[test]
    fn a_package_that_does_not_compile_is_named_until_it_is_compiled_again() {
        let told = told(&[
            "error: could not compile `verify-code` (lib) due to 1 previous error",
            "   Compiling jwks v0.1.0",
            FINISHED,
            BLOCKED,
            "   Compiling verify-code v0.1.0",
            FINISHED,
        ]);
        assert!(told[..4].iter().flatten().all(|word| word.starts_with("verify-code does not compile")), "{told:?}");
        assert!(told[4].as_ref().unwrap().starts_with("Compiling verify-code."));
        assert_eq!(told[5], None);
    }

    #[test]
    fn a_function_that_cannot_run_is_reported_with_its_cause_and_other_logs_are_not() {
        let told = told(&[
            r#"{"level":"INFO","message":"answered","cause":"none"}"#,
            r#"{"level":"ERROR","message":"the function cannot run","cause":"no secrets"}"#,
        ]);
        assert_eq!(told, [None, Some("A function cannot run: no secrets".to_owned())]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_is_free_a_moment_later_is_no_obstacle() {
        let compiler = Compiler::default();
        compiler.hear(BLOCKED);
        let waiting = tokio::spawn({
            let compiler = compiler.clone();
            async move { compiler.obstacle().await }
        });
        tokio::time::sleep(GRACE / 2).await;
        compiler.hear(FINISHED);
        tokio::time::sleep(2 * GRACE).await;
        assert!(!waiting.is_finished());

        compiler.hear(BLOCKED);
        assert_eq!(waiting.await.unwrap(), LOCKED);
    }

    #[test]
    fn a_lock_is_seen_while_another_build_holds_it() {
        let folder = std::env::temp_dir().join(format!("local-lock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(!is_locked(&folder));
        let held = File::create(folder.join(".cargo-lock")).unwrap();
        assert!(!is_locked(&folder));
        held.lock().unwrap();
        assert!(is_locked(&folder));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
