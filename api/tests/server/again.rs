//! epay: a number whose order expired, asked for by many at the same moment.

use std::collections::BTreeSet;

use duizhang_core::id::MerchantId;
use duizhang_core::order::OrderStatus;
use duizhang_core::position::Position;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::md5_hex;
use futures_util::future::join_all;

use crate::rig::{MERCHANT_KEY, Rig};
use crate::wire::get;

/// Who asks at once.
const PAYERS: usize = 16;

async fn ask_at_once(rig: &Rig) -> BTreeSet<String> {
    let text = "clientip=1.2.3.4&money=6&name=VIP&notify_url=http://shop.example/n&out_trade_no=E-1\
                &pid=1001&type=alipay";
    let sign = md5_hex(&[text.as_bytes(), MERCHANT_KEY.as_bytes()]);
    let path = format!("/mapi.php?{text}&sign={sign}");
    let answers = join_all((0..PAYERS).map(|_| get(rig.at, &path))).await;
    let orders = answers.iter().map(|answer| {
        let json = answer.json();
        json["trade_no"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
    });
    orders.collect()
}

#[tokio::test]
async fn one_fresh_order_follows_each_that_expired_however_many_ask_for_it() {
    let rig = Rig::new().await;
    let mut all = BTreeSet::new();
    for round in 1..=3 {
        let made = ask_at_once(&rig).await;
        assert_eq!(made.len(), 1, "everybody is led to one order: {made:?}");
        all.extend(made);
        assert_eq!(all.len(), round, "which is none of those before");
        rig.clock().advance(Span::from_secs(301));
    }
    rig.until("the last one's end", |rig| {
        let shop = MerchantId::new("1001").expect("a name");
        let views = rig.server.book().views();
        let rows = views.orders.of_merchant(&shop, Position::new(u64::MAX));
        rows.filter(|row| row.status == OrderStatus::Expired).count() == 3
    })
    .await;
    assert_eq!(rig.server.book().views().orders.len(), 3);
    rig.stop().await;
}
