//! The chart of accounts (科目表).

use duizhang_projections::ledger::Plan;
use serde_json::{Value, json};

use super::question::heading;
use super::table::aligned;
use crate::review::question::Told;

pub(super) fn told(plan: &Plan) -> Told {
    let chart = &plan.chart;
    let mut accounts: Vec<_> = chart.accounts().collect();
    accounts.sort_by_key(|account| chart.code(*account));
    let names = ["code", "account", "kind", "by hand", "name 名称"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    let mut listed: Vec<Value> = Vec::new();
    for account in accounts {
        let (code, path, name) = (chart.code(account), chart.path(account), chart.chinese(account));
        let ((kind, chinese), by_hand) = (account.kind().words(), account.is_adjustable());
        rows.push(vec![
            code.clone(),
            path.to_owned(),
            kind.to_owned(),
            if by_hand { "yes" } else { "no" }.to_owned(),
            format!("{name} ({chinese})"),
        ]);
        listed.push(json!({
            "code": code,
            "account": path,
            "kind": kind,
            "adjustable": by_hand,
            "name": name,
        }));
    }
    let text = format!("Chart of accounts 科目表, {}\n\n{}", heading(plan), aligned(&rows, 0..0));
    let document = json!({
        "log_position": plan.head.position.number(),
        "log_root": plan.head.root,
        "accounts": listed,
    });
    Told { clean: true, text, json: format!("{document:#}\n") }
}
