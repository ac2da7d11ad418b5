//! A long history: the plain life of orders, which are requested, paid, called back, and whose
//! amounts are released.

use duizhang_core::callback::{AttemptOutcome, CallbackId};
use duizhang_core::channel::Channel;
use duizhang_core::decide::{Ruling, decide};
use duizhang_core::fact::{BookOpened, CallbackAttempted, Fact};
use duizhang_core::id::OrderId;
use duizhang_core::policy::Policy;
use duizhang_core::state::State;
use duizhang_core::testing::{
    Entry, device, drawn_bits, merchant, money, order, policy_fact, wallet,
};
use duizhang_core::time::{Span, Timestamp};

/// Orders that are requested before the first of them is paid.
const WAVE: u64 = 50;

/// A history.
pub(crate) struct History {
    pub(crate) entries: Vec<Entry>,
    state: State,
    at: Timestamp,
    pub(crate) events: u64,
}

impl History {
    fn push(&mut self, fact: Fact) {
        let Ok(Ruling::Decided(decisions)) = decide(&self.state, self.at, &fact) else { return };
        let position = self.state.position().next();
        self.state.evolve(position, self.at, &fact, &decisions);
        self.events += 1 + u64::try_from(decisions.len()).expect("short");
        self.entries.push(Entry { position, at: self.at, fact, decisions });
    }

    /// Orders live and end until there are so many events.
    pub(crate) fn of(events: u64) -> Self {
        let at = Timestamp::from_secs(1_700_000_000);
        let mut history = Self { entries: Vec::new(), state: State::new(), at, events: 0 };
        let (book, time_zone) = (String::from("bench"), String::from("Asia/Shanghai"));
        for fact in [
            Fact::BookOpened(BookOpened { book, time_zone }),
            policy_fact(Policy::default()),
            Fact::WalletDeclared(wallet("wx", Channel::Wechat)),
            Fact::DeviceDeclared(device("phone", &["wx"])),
            Fact::MerchantDeclared(merchant("shop", &["wx"])),
        ] {
            history.push(fact);
        }
        let mut made = 0;
        while history.events < events {
            for number in made..made + WAVE {
                let mut request = order("shop", &format!("N{number}"), 1_000);
                request.order = OrderId::from_bits(drawn_bits("order", number));
                history.push(Fact::OrderRequested(request));
            }
            for number in made..made + WAVE {
                let order = OrderId::from_bits(drawn_bits("order", number));
                let payable = history.state.order(order).expect("it was accepted").payable;
                history.push(Fact::NotificationReceived(money("phone", number, payable)));
                history.push(Fact::CallbackAttempted(CallbackAttempted {
                    callback: CallbackId { order, number: 1 },
                    outcome: AttemptOutcome::Acknowledged { status: 200 },
                    took: Span::from_millis(30),
                    excerpt: String::from("success"),
                    jitter_ppm: 0,
                }));
            }
            history.at = history.at.plus(Span::from_mins(20));
            history.push(Fact::ClockTicked);
            made += WAVE;
        }
        history
    }
}
