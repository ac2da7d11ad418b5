//! Where a connection is in its conversation, and whether it has been there for too long.
//!
//! hyper's own header timer sets a new timer for each request, begins it while the connection is
//! idle, and knows neither bodies nor readers that stopped. Here each change of phase only bumps a
//! counter, and one timer per connection looks at the counters now and then: a phase that n looks
//! saw unchanged has lasted n intervals.
//!
//! Invariants: bytes that trickle in never move a deadline, only a change of phase does; an answer
//! that flows or waits for its own source (server-sent events) is never overdue. The start of a
//! head that came together with the request before it counts as idle until its next byte, so it has
//! the idle limit at most once.
//! Deliberately not here: reading a clock, closing the socket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::admission::Place;
use super::limits::Limits;

/// The place in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No request yet, or none since the last answer.
    Idle,
    /// The first byte of a request has come, the end of its head has not.
    Head,
    /// The head is complete and the body is not.
    Body,
    /// The same, and the handler knows that the body is long.
    Upload,
    /// The request is complete and the handler is at work.
    Handling,
    /// The answer's head exists.
    Answering,
}

/// What became overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    Idle,
    Head,
    Body,
    Write,
}

impl Overdue {
    /// The word that counts it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Idle => "overdue_idle",
            Self::Head => "overdue_head",
            Self::Body => "overdue_body",
            Self::Write => "overdue_write",
        }
    }
}

const PHASES: u64 = 8;

/// The counters of one connection: phase changes (the phase in the lowest digit) and write stalls
/// (odd while one lasts).
#[derive(Debug, Default)]
pub(super) struct Watch {
    phase: AtomicU64,
    stall: AtomicU64,
}

impl Phase {
    fn code(self) -> u64 {
        match self {
            Self::Idle => 0,
            Self::Head => 1,
            Self::Body => 2,
            Self::Handling => 3,
            Self::Answering => 4,
            Self::Upload => 5,
        }
    }

    fn of(code: u64) -> Self {
        match code % PHASES {
            0 => Self::Idle,
            1 => Self::Head,
            2 => Self::Body,
            3 => Self::Handling,
            5 => Self::Upload,
            _ => Self::Answering,
        }
    }
}

impl Watch {
    pub(super) fn enter(&self, next: Phase) {
        self.step(|_| Some(next));
    }

    fn step(&self, choose: impl Fn(Phase) -> Option<Phase>) {
        let change = |old: u64| {
            choose(Phase::of(old)).map(|next| (old / PHASES).wrapping_add(1) * PHASES + next.code())
        };
        // An error means that `choose` wanted no change, which is an answer and not a failure.
        let _unchanged = self.phase.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    fn bytes_came(&self) {
        if Phase::of(self.phase.load(Ordering::Relaxed)) == Phase::Idle {
            self.step(|phase| (phase == Phase::Idle).then_some(Phase::Head));
        }
    }

    pub(super) fn upload_began(&self) {
        self.step(|phase| (phase == Phase::Body).then_some(Phase::Upload));
    }

    fn body_ended(&self) {
        let coming = |phase| matches!(phase, Phase::Body | Phase::Upload);
        self.step(|phase| coming(phase).then_some(Phase::Handling));
    }

    fn writes(&self, blocked: bool) {
        let stalled = self.stall.load(Ordering::Relaxed) % 2 == 1;
        if stalled != blocked {
            self.stall.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the timer of a connection saw last, and how often.
#[derive(Debug, Default)]
pub(super) struct Looks {
    phase: (u64, u32),
    stall: (u64, u32),
}

impl Looks {
    /// One look at the counters.
    pub(super) fn look(&mut self, watch: &Watch, limits: &Limits) -> Option<Overdue> {
        let phase = watch.phase.load(Ordering::Relaxed);
        let seen = again(&mut self.phase, phase);
        let stall = watch.stall.load(Ordering::Relaxed);
        let stalled = again(&mut self.stall, stall);
        if stall % 2 == 1 && stalled >= limits.looks(limits.write) {
            return Some(Overdue::Write);
        }
        let (limit, overdue) = match Phase::of(phase) {
            Phase::Idle => (limits.idle, Overdue::Idle),
            Phase::Head => (limits.head, Overdue::Head),
            Phase::Body => (limits.body, Overdue::Body),
            Phase::Upload => (limits.upload, Overdue::Body),
            Phase::Handling | Phase::Answering => return None,
        };
        (seen >= limits.looks(limit)).then_some(overdue)
    }
}

/// Counts how often a value was seen again since it was first seen.
fn again((last, count): &mut (u64, u32), value: u64) -> u32 {
    *count = if *last == value { count.saturating_add(1) } else { 0 };
    *last = value;
    *count
}

/// The socket of a connection; what passes through it moves the watch.
pub(super) struct Wire {
    // The place comes first, so that it is free before the client can see the socket close.
    pub(super) _place: Place,
    pub(super) stream: TcpStream,
    pub(super) watch: Arc<Watch>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.watch.bytes_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch.writes(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch.writes(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A request's body that tells the watch when it has ended.
pub(super) struct AskedBody {
    pub(super) inner: hyper::body::Incoming,
    pub(super) watch: Arc<Watch>,
}

impl HttpBody for AskedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if frame.is_none() || self.inner.is_end_stream() {
            self.watch.body_ended();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body; hyper drops it when the last of it has been taken, and then the connection is
/// idle.
pub(super) struct AnswerBody {
    pub(super) inner: Body,
    pub(super) watch: Arc<Watch>,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.watch.enter(Phase::Idle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limits() -> Limits {
        Limits {
            head: Duration::from_secs(4),
            body: Duration::from_secs(8),
            upload: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            write: Duration::from_secs(30),
            ..Limits::default()
        }
    }

    /// How many looks, one second apart, until something is overdue.
    fn overdue_after(watch: &Watch, between: impl Fn(&Watch)) -> Option<(u32, Overdue)> {
        let mut looks = Looks::default();
        looks.look(watch, &limits());
        (1..=1_000).find_map(|n| {
            between(watch);
            looks.look(watch, &limits()).map(|overdue| (n, overdue))
        })
    }

    #[test]
    fn each_phase_has_its_own_limit_and_none_ends_early() {
        let cases = [
            (Phase::Head, Some((4, Overdue::Head))),
            (Phase::Body, Some((8, Overdue::Body))),
            (Phase::Upload, Some((20, Overdue::Body))),
            (Phase::Handling, None),
            (Phase::Answering, None),
        ];
        for (phase, expected) in cases {
            let watch = Watch::default();
            watch.enter(phase);
            assert_eq!(overdue_after(&watch, |_| ()), expected, "{phase:?}");
        }
    }

    #[test]
    fn a_connection_that_never_says_anything_is_overdue() {
        // The first look of a new connection already sees what it starts with, so it counts.
        let overdue = overdue_after(&Watch::default(), |_| ());
        assert_eq!(overdue.map(|(_, what)| what), Some(Overdue::Idle));
    }

    #[test]
    fn trickled_bytes_do_not_move_a_deadline() {
        let watch = Watch::default();
        watch.bytes_came();
        assert_eq!(overdue_after(&watch, Watch::bytes_came), Some((4, Overdue::Head)));
        watch.enter(Phase::Body);
        assert_eq!(overdue_after(&watch, Watch::bytes_came), Some((8, Overdue::Body)));
    }

    #[test]
    fn patience_is_had_once_and_only_while_a_body_comes() {
        let watch = Watch::default();
        let patience = |watch: &Watch| watch.upload_began();
        watch.enter(Phase::Body);
        patience(&watch);
        assert_eq!(overdue_after(&watch, patience), Some((20, Overdue::Body)));
        watch.enter(Phase::Head);
        assert_eq!(overdue_after(&watch, patience), Some((4, Overdue::Head)));
        watch.enter(Phase::Upload);
        watch.body_ended();
        assert_eq!(overdue_after(&watch, patience), None, "the handler is at work");
    }

    #[test]
    fn a_busy_connection_is_never_overdue() {
        let watch = Watch::default();
        let one_request = |watch: &Watch| {
            watch.bytes_came();
            watch.enter(Phase::Handling);
            watch.enter(Phase::Answering);
            watch.enter(Phase::Idle);
        };
        assert_eq!(overdue_after(&watch, one_request), None);
    }

    #[test]
    fn a_reader_that_takes_nothing_is_overdue_and_a_slow_one_is_not() {
        let watch = Watch::default();
        watch.enter(Phase::Answering);
        watch.writes(true);
        assert_eq!(overdue_after(&watch, |w| w.writes(true)), Some((30, Overdue::Write)));
        let slow = |watch: &Watch| {
            watch.writes(false);
            watch.writes(true);
        };
        assert_eq!(overdue_after(&watch, slow), None);
    }
}
