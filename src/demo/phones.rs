//! The phones: what each of them sends when money comes, and every few minutes.
//!
//! Invariants: a phone signs with its own key over its own clock; a retry is the same request
//! again. The three speak the wires of real apps: the V免签 app, a fork of it on its own path, and
//! SmsForwarder with the texts of payment apps.

use anyhow::ensure;
use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::wire::md5_hex;

use super::day::House;
use super::town::{COUNTER, DESK, Keys, STALL};
use super::wire::{Answered, Wire, hmac_base64};

/// Money that a phone is going to tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) house: House,
    pub(super) channel: Channel,
    /// How much; none where the notice does not say it.
    pub(super) amount: Option<Amount>,
    /// When it was paid, by the phone's clock.
    pub(super) paid_at: Timestamp,
}

impl Notice {
    /// The phone that sees it.
    pub(super) fn phone(&self) -> &'static str {
        match (self.house, self.channel) {
            (House::Tea, _) => COUNTER,
            (House::Kite, Channel::Alipay) => DESK,
            (House::Kite, _) => STALL,
        }
    }
}

/// All phones.
pub(super) struct Phones<'a> {
    pub(super) wire: &'a Wire,
    pub(super) keys: &'a Keys,
}

impl Phones<'_> {
    /// A phone says that it is alive.
    pub(super) async fn beat(&self, phone: &str, at: Timestamp) -> anyhow::Result<()> {
        let t = at.millis().to_string();
        let (path, key) = match phone {
            STALL => ("/api/monitor/heart", &self.keys.stall),
            DESK => ("/appHeart", &self.keys.desk),
            _ => ("/appHeart", &self.keys.counter),
        };
        let sign = md5_hex(&[t.as_bytes(), key.as_bytes()]);
        let answered = self.wire.get(path, &[("t", &t), ("sign", &sign)]).await?;
        taken(phone, &answered)
    }

    /// A phone tells of money.
    pub(super) async fn tell(&self, notice: &Notice) -> anyhow::Result<()> {
        let answered = match notice.phone() {
            DESK => self.forward(notice).await?,
            STALL => self.push("/api/monitor/push", &self.keys.stall, notice).await?,
            _ => self.push("/appPush", &self.keys.counter, notice).await?,
        };
        taken(notice.phone(), &answered)
    }

    /// Somebody who guessed a key tells of money.
    pub(super) async fn forge(&self, at: Timestamp) -> anyhow::Result<()> {
        let (channel, amount) = (Channel::Wechat, Some(Amount::fen(50_000)));
        let notice = Notice { house: House::Tea, channel, amount, paid_at: at };
        let answered = self.push("/appPush", "a-guessed-key-0001", &notice).await?;
        ensure!(
            answered.text().contains("签名校验错误"),
            "a forged push was taken: {}",
            answered.text()
        );
        Ok(())
    }

    /// SmsForwarder forwards what is no money.
    pub(super) async fn report(&self, at: Timestamp) -> anyhow::Result<()> {
        let text = "来看看你上月的经营报表，更了解自己的经营状况";
        let answered = self.hook("com.tencent.mm", "微信收款助手", text, at).await?;
        taken(DESK, &answered)
    }

    /// The address that tells of money on the stall's wallet, for whoever wants to do it by hand.
    pub(super) fn push_by_hand(&self, amount: Amount, at: Timestamp) -> String {
        let (price, t) = (amount.decimal_text(), at.millis().to_string());
        let sign = md5_hex(&["1", &price, &t, &self.keys.stall].map(str::as_bytes));
        self.wire.address(&format!("/appPush?t={t}&type=1&price={price}&sign={sign}"))
    }

    async fn push(&self, path: &str, key: &str, notice: &Notice) -> anyhow::Result<Answered> {
        let digit = if notice.channel == Channel::Alipay { "2" } else { "1" };
        let price = notice.amount.map(Amount::decimal_text).unwrap_or_default();
        let t = notice.paid_at.millis().to_string();
        let sign = md5_hex(&[digit, &price, &t, key].map(str::as_bytes));
        let fields = [("t", t.as_str()), ("type", digit), ("price", &price), ("sign", &sign)];
        if path == "/appPush" {
            self.wire.get(path, &fields).await
        } else {
            self.wire.form(path, &fields).await
        }
    }

    async fn forward(&self, notice: &Notice) -> anyhow::Result<Answered> {
        let text = match notice.amount {
            Some(amount) => format!("王*明通过扫码向你付款{}元", amount.decimal_text()),
            None => "王*明向你转了1笔钱".to_owned(),
        };
        let (app, title) = ("com.eg.android.AlipayGphone", "收钱码到账通知");
        self.hook(app, title, &text, notice.paid_at).await
    }

    async fn hook(
        &self,
        app: &str,
        title: &str,
        text: &str,
        at: Timestamp,
    ) -> anyhow::Result<Answered> {
        let timestamp = at.millis().to_string();
        let key = &self.keys.desk;
        let sign = hmac_base64(key.as_bytes(), format!("{timestamp}\n{key}").as_bytes());
        let fields = [
            ("from", app),
            ("title", title),
            ("content", text),
            ("timestamp", &timestamp),
            ("sign", &sign),
        ];
        self.wire.form(&format!("/hook/{DESK}"), &fields).await
    }
}

/// A phone that is not told that its delivery was taken would send it again.
fn taken(phone: &str, answered: &Answered) -> anyhow::Result<()> {
    let text = answered.text();
    let yes = text.contains(r#""code":1,"#) || text.contains(r#""code":200,"#);
    ensure!(answered.status == 200 && yes, "{phone} was answered {} {text}", answered.status);
    Ok(())
}
