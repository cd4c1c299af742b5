//! The invocation that a function works on: its log lines carry the request's id, and so does what it writes to the table.
//!
//! A task-local rather than an argument: the store's ports belong to the domain, which knows no requests. It follows the
//! work through every await, and the functions spawn no tasks.

use std::cell::Cell;

tokio::task_local! {
    static CURRENT: Invocation;
}

pub struct Invocation {
    request_id: String,
    trace_id: Option<String>,
    writes: Cell<u32>,
}

impl Invocation {
    /// `trace` is the invocation's X-Ray header. Lambda passes one to every invocation, but only sampled ones have a
    /// trace to look up.
    #[must_use]
    pub fn new(request_id: String, trace: Option<&str>) -> Self {
        Self { request_id, trace_id: trace.and_then(sampled).map(str::to_owned), writes: Cell::new(0) }
    }

    pub async fn run<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    pub(crate) fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }
}

/// What `read` says of the current invocation. None outside of one, such as during init.
pub(crate) fn current<T>(read: impl FnOnce(&Invocation) -> T) -> Option<T> {
    CURRENT.try_with(read).ok()
}

/// The current request's id, by which its log lines are found. None outside of one.
#[must_use]
pub fn reference() -> Option<String> {
    current(|invocation| invocation.request_id().to_owned())
}

/// What separates the request's id from the number of its write.
const SEPARATOR: char = '#';

/// A name for the next write: no two writes have the same, so that a write that leaves the name as it was is seen to
/// have none.
#[cfg(feature = "dynamodb")]
pub(crate) fn next_write() -> Option<String> {
    current(|Invocation { request_id, writes, .. }| {
        writes.set(writes.get() + 1);
        format!("{request_id}{SEPARATOR}{}", writes.get())
    })
}

/// The id of the request that made the write of this name.
#[must_use]
pub fn request_of(write: &str) -> &str {
    write.rsplit_once(SEPARATOR).map_or(write, |(request_id, _)| request_id)
}

/// The id of a trace that is sampled: `Root` in `Root=1-…;Parent=…;Sampled=1`. A client may have sent it.
fn sampled(trace: &str) -> Option<&str> {
    let field = |name| trace.split(';').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let is_id = |root: &&str| root.len() == 35 && root.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    field("Root").filter(|_| field("Sampled") == Some("1")).filter(is_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sampled_trace_has_an_id() {
        let root = "1-5759e988-bd862e3fe1be46a994272793";
        let traces = [
            (format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=1"), Some(root)),
            (format!("Sampled=1;Root={root};Lineage=1:a87bd80c:1"), Some(root)),
            (format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=0"), None),
            (format!("Root={root}"), None),
            ("Sampled=1".to_owned(), None),
            (format!("Root={root}/../a;Sampled=1"), None),
            ("Root=+14155552671,text-of-a-clients-choice;Sampled=1".to_owned(), None),
            (String::new(), None),
        ];
        for (trace, id) in traces {
            assert_eq!(Invocation::new("r-1".to_owned(), Some(&trace)).trace_id(), id, "{trace}");
        }
        assert_eq!(Invocation::new("r-1".to_owned(), None).trace_id(), None);
    }

    #[tokio::test]
    async fn each_write_of_a_request_has_a_name_of_its_own_that_says_the_request() {
        let names = Invocation::new("r-1".to_owned(), None).run(async { [next_write(), next_write()] }).await;
        assert_eq!(names, [Some("r-1#1".to_owned()), Some("r-1#2".to_owned())]);
        assert_eq!(names.map(|name| request_of(&name.expect("a name")).to_owned()), ["r-1", "r-1"]);
        assert_eq!((next_write(), request_of("by hand")), (None, "by hand"));
    }
}
