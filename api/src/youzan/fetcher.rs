//! Asks the platform what its pushes are about, and records its word.
//!
//! What waits is what the log says: the evidence of this source that nobody has judged yet. So a
//! restart forgets nothing but how often a trade was asked for.
//! Invariants: a trade is judged by the platform's own record of it and by nothing in a push; one
//! that is not paid yet is asked for again; one that stays silent for too long, or was closed,
//! waits for a person like any other evidence; a shop whose platform is slow delays no other.
//! Deliberately not here: reading pushes (a source), placing the money (core).

use std::collections::BTreeMap;
use std::sync::Arc;

use duizhang_core::fact::{EvidenceJudged, Fact, Judgement};
use duizhang_core::id::{NotificationId, WalletId};
use duizhang_core::position::Position;
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::history;
use duizhang_listener_bridge::sources::{Standing, YOUZAN, standing_of, trade_to_fetch};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::platform::{PlatformError, SHOP_CALLS_MAX};
use crate::app::App;

/// How long to wait before a trade is asked for again; the last one repeats.
const DELAYS: [Span; 6] = [
    Span::from_secs(5),
    Span::from_secs(30),
    Span::from_mins(2),
    Span::from_mins(10),
    Span::from_mins(30),
    Span::from_hours(1),
];

/// How old evidence may be that is still asked about: after three days of an hourly question a
/// person must look.
const AGE_MAX: Span = Span::from_hours(72);

/// Questions under way for one shop: half of its calls, so that codes are made meanwhile.
const QUESTIONS_MAX: usize = SHOP_CALLS_MAX / 2;

/// A trade that is asked for.
#[derive(Clone, Debug)]
struct Waiting {
    wallet: WalletId,
    number: String,
    since: Timestamp,
    due: Timestamp,
    tries: usize,
    /// Whether the question is under way.
    asking: bool,
}

/// Questions under way, and how many of them are each shop's.
#[derive(Default)]
struct Questions {
    under_way: JoinSet<(NotificationId, WalletId, Asked)>,
    by_shop: BTreeMap<WalletId, usize>,
}

/// What came of asking.
enum Asked {
    /// It is judged, or no longer ours to judge.
    Done,
    /// Ask later.
    Later,
    /// It is closed: a person must look.
    Closed,
}

/// Asks until the book fails or `closing` turns true.
pub(crate) async fn fetch(app: Arc<App>, mut closing: watch::Receiver<bool>) {
    if app.youzan.shops().next().is_none() {
        return;
    }
    let mut head = app.book.head();
    let mut looked = Position::START;
    let mut waiting: BTreeMap<NotificationId, Waiting> = BTreeMap::new();
    let mut questions = Questions::default();
    while !*closing.borrow() && !app.book.has_failed() {
        head.borrow_and_update();
        looked = look(&app, looked, &mut waiting);
        let due = questions.begin(&app, &mut waiting);
        let sleeps = due < Timestamp::MAX || questions.under_way.is_empty();
        // Questions that are cut off are asked again after the start.
        tokio::select! {
            Some(ended) = questions.under_way.join_next() => {
                let (id, wallet, asked) = ended.expect("a question neither panics nor is cut off");
                questions.end(&wallet);
                settle(&app, id, &asked, &mut waiting);
            }
            changed = head.changed() => if changed.is_err() { return },
            changed = closing.changed() => if changed.is_err() { return },
            () = app.clock.sleep_until(due), if sleeps => {}
        }
    }
}

impl Questions {
    /// Asks about everything that is due, the oldest first, as far as its shop has a place. Returns
    /// when something else is due.
    fn begin(
        &mut self,
        app: &Arc<App>,
        waiting: &mut BTreeMap<NotificationId, Waiting>,
    ) -> Timestamp {
        let now = app.clock.now();
        let due = waiting.iter().filter(|(_, one)| one.due <= now && !one.asking);
        let mut due: Vec<_> = due.map(|(id, one)| (one.due, *id)).collect();
        due.sort_unstable();
        for (_, id) in due {
            let Some(one) = waiting.get_mut(&id) else { continue };
            let places = self.by_shop.entry(one.wallet.clone()).or_default();
            if *places >= QUESTIONS_MAX {
                continue;
            }
            *places = places.saturating_add(1);
            one.asking = true;
            let (app, one) = (Arc::clone(app), one.clone());
            self.under_way.spawn(async move {
                let asked = ask(&app, id, &one).await;
                (id, one.wallet, asked)
            });
        }
        let later = waiting.values().map(|one| one.due).filter(|due| *due > now);
        later.min().unwrap_or(Timestamp::MAX)
    }

    fn end(&mut self, wallet: &WalletId) {
        if let Some(places) = self.by_shop.get_mut(wallet) {
            *places = places.saturating_sub(1);
        }
    }
}

/// Takes up what came since the last look, and lets go of what was judged by others.
fn look(app: &App, looked: Position, waiting: &mut BTreeMap<NotificationId, Waiting>) -> Position {
    let (new, to): (Vec<_>, Position) = {
        let views = app.book.views();
        waiting.retain(|id, _| views.inbox.is_question(*id));
        let new = views.inbox.questions().filter(|question| question.position > looked);
        (new.cloned().collect(), views.position)
    };
    for question in new {
        let Ok((at, Fact::NotificationReceived(received))) =
            history::fact_at(app.book.log(), question.position)
        else {
            continue;
        };
        let number = trade_to_fetch(&received.rule).filter(|_| received.source == YOUZAN);
        let shop = received.device.as_ref().and_then(|device| app.youzan.shop_of(device));
        if let (Some(number), Some(shop)) = (number, shop) {
            let (wallet, number) = (shop.wallet.clone(), number.to_owned());
            let one = Waiting { wallet, number, since: at, due: at, tries: 0, asking: false };
            waiting.insert(question.notification, one);
        }
    }
    to
}

async fn ask(app: &App, notification: NotificationId, one: &Waiting) -> Asked {
    let trade = match app.youzan.trade(app, &one.wallet, &one.number).await {
        Ok(trade) => trade,
        Err(error) => return later(one, &error),
    };
    match standing_of(&trade.status) {
        Standing::Paid => {}
        Standing::Closed => {
            tracing::warn!(trade = one.number, "a trade that was paid is closed now");
            return Asked::Closed;
        }
        Standing::Unpaid | Standing::Unknown => return Asked::Later,
    }
    let judged = EvidenceJudged {
        notification,
        judgement: Judgement::Trade {
            wallet: one.wallet.clone(),
            amount: trade.amount,
            paid_at: trade.paid_at.unwrap_or(one.since),
            number: one.number.clone(),
            reference: trade.reference,
        },
        by: YOUZAN.to_owned(),
        reason: "the platform's own record of the trade".to_owned(),
    };
    match app.book.submit(Fact::EvidenceJudged(judged)).await {
        Ok(_) => Asked::Done,
        Err(error) => {
            tracing::warn!(%error, trade = one.number, "a trade was not recorded");
            Asked::Later
        }
    }
}

fn later(one: &Waiting, error: &PlatformError) -> Asked {
    tracing::warn!(%error, trade = one.number, tries = one.tries, "a trade cannot be asked for");
    Asked::Later
}

fn settle(
    app: &App,
    id: NotificationId,
    asked: &Asked,
    waiting: &mut BTreeMap<NotificationId, Waiting>,
) {
    let now = app.clock.now();
    let Some(one) = waiting.get_mut(&id) else { return };
    one.asking = false;
    let old = now.since(one.since) > AGE_MAX;
    match asked {
        Asked::Later if !old => {
            let delay = DELAYS.get(one.tries).or(DELAYS.last()).copied().unwrap_or_default();
            one.due = now.plus(delay);
            one.tries = one.tries.saturating_add(1);
        }
        Asked::Done | Asked::Closed | Asked::Later => {
            waiting.remove(&id);
        }
    }
}
