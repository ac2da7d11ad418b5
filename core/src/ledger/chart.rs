//! The chart of accounts: what the wallets and banks of one book are called in its ledger.
//!
//! Invariants: two wallets never have one path, and a path never changes: it bears the channel of
//! the wallet's first declaration, and a later wallet whose name reads the same gets a number.
//! Paths hold letters, digits, hyphens and colons only and each part begins with a capital or a
//! digit, which beancount, hledger and ledger all read.
//! Deliberately not here: what is posted ([`super::Poster`]).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::account::{Account, Named, Numbered};
use crate::channel::Channel;
use crate::id::{BankId, WalletId};

/// The accounts that every book has, by their codes.
const COMMON: [Numbered; 19] = [
    Account::InTransit,
    Account::Unlocated,
    Account::Receivable,
    Account::ProviderClaim,
    Account::Short,
    Account::Long,
    Account::Unidentified,
    Account::Late,
    Account::Ambiguous,
    Account::Overpaid,
    Account::Refunds,
    Account::Opening,
    Account::Orders,
    Account::AmountBump,
    Account::Unclaimed,
    Account::ChannelFees,
    Account::WithdrawFees,
    Account::Tolerance,
    Account::ReconLoss,
];

/// What the wallets and banks of one book are called in its ledger.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    wallets: Vec<(WalletId, Channel, String)>,
    wallet_numbers: BTreeMap<WalletId, u16>,
    banks: Vec<(BankId, String)>,
    bank_numbers: BTreeMap<BankId, u16>,
    paths: BTreeSet<String>,
}

impl Chart {
    /// Numbers a wallet, where it has no number yet.
    pub(crate) fn declare(&mut self, wallet: &WalletId, channel: Channel) {
        if self.wallet_numbers.contains_key(wallet) {
            return;
        }
        let path = format!("Assets:Channel:{}:{}", level(channel), part(wallet.as_str()));
        let path = self.own_path(path);
        let number = next_number(self.wallets.len());
        self.wallets.push((wallet.clone(), channel, path));
        self.wallet_numbers.insert(wallet.clone(), number);
    }

    /// The account of a bank, which gets its number with its first mention.
    pub(crate) fn bank(&mut self, bank: &BankId) -> Numbered {
        if let Some(number) = self.bank_numbers.get(bank) {
            return Account::Bank(*number);
        }
        let path = self.own_path(format!("Assets:Bank:{}", part(bank.as_str())));
        let number = next_number(self.banks.len());
        self.banks.push((bank.clone(), path));
        self.bank_numbers.insert(bank.clone(), number);
        Account::Bank(number)
    }

    /// The number of a declared wallet.
    #[must_use]
    pub fn wallet(&self, wallet: &WalletId) -> Option<u16> {
        self.wallet_numbers.get(wallet).copied()
    }

    /// An account by the name that a person gave it; none where the wallet was never declared.
    pub(crate) fn numbered(&mut self, account: &Named) -> Option<Numbered> {
        Some(match account {
            Account::Wallet(wallet) => Account::Wallet(self.wallet(wallet)?),
            Account::Bank(bank) => self.bank(bank),
            Account::Unlocated => Account::Unlocated,
            Account::InTransit => Account::InTransit,
            Account::Receivable => Account::Receivable,
            Account::Short => Account::Short,
            Account::Unidentified => Account::Unidentified,
            Account::Overpaid => Account::Overpaid,
            Account::Late => Account::Late,
            Account::Ambiguous => Account::Ambiguous,
            Account::Long => Account::Long,
            Account::Refunds => Account::Refunds,
            Account::Orders => Account::Orders,
            Account::AmountBump => Account::AmountBump,
            Account::Unclaimed => Account::Unclaimed,
            Account::ChannelFees => Account::ChannelFees,
            Account::WithdrawFees => Account::WithdrawFees,
            Account::Tolerance => Account::Tolerance,
            Account::Opening => Account::Opening,
            Account::ProviderClaim => Account::ProviderClaim,
            Account::ReconLoss => Account::ReconLoss,
        })
    }

    /// Every account of the book: banks, wallets, and those that every book has.
    pub fn accounts(&self) -> impl Iterator<Item = Numbered> {
        let banks = (0..next_number(self.banks.len())).map(Account::Bank);
        let wallets = (0..next_number(self.wallets.len())).map(Account::Wallet);
        banks.chain(wallets).chain(COMMON)
    }

    /// The path of an account: `Assets:Channel:WeChat:Main`.
    #[must_use]
    pub fn path(&self, account: Numbered) -> &str {
        if let Account::Wallet(number) = account {
            &self.wallets[usize::from(number)].2
        } else if let Account::Bank(number) = account {
            &self.banks[usize::from(number)].1
        } else {
            account.path()
        }
    }

    /// The Chinese name of an account: `其他货币资金-微信-main`.
    #[must_use]
    pub fn chinese(&self, account: Numbered) -> String {
        let name = account.chinese();
        if let Account::Wallet(number) = account {
            let (wallet, channel, _) = &self.wallets[usize::from(number)];
            format!("{name}-{}-{wallet}", chinese_level(*channel))
        } else if let Account::Bank(number) = account {
            format!("{name}-{}", self.banks[usize::from(number)].0)
        } else {
            name.to_string()
        }
    }

    /// The code of an account: `10120101`.
    #[must_use]
    pub fn code(&self, account: Numbered) -> String {
        if let Account::Wallet(number) | Account::Bank(number) = account {
            format!("{}{:02}", account.code(), u32::from(number).saturating_add(1))
        } else {
            account.code().to_string()
        }
    }

    fn own_path(&mut self, path: String) -> String {
        let numbered = (2_u32..).map(|number| format!("{path}-{number}"));
        let mut wanted = core::iter::once(path.clone()).chain(numbered);
        let own = wanted.find(|one| !self.paths.contains(one)).expect("numbers do not end");
        self.paths.insert(own.clone());
        own
    }
}

fn next_number(len: usize) -> u16 {
    u16::try_from(len).expect("the rules keep wallets and banks within 16 bits")
}

/// A declared name as a part of a path.
fn part(name: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let mut text: String = name.chars().map(sign).collect();
    match text.get_mut(..1) {
        Some(first) if first != "-" => first.make_ascii_uppercase(),
        _ => text.insert(0, 'W'),
    }
    text
}

const fn level(channel: Channel) -> &'static str {
    match channel {
        Channel::Wechat => "WeChat",
        Channel::Alipay => "Alipay",
        Channel::Qq => "QQ",
        Channel::Unionpay => "UnionPay",
        Channel::Youzan => "Youzan",
        Channel::Sandbox => "Sandbox",
    }
}

const fn chinese_level(channel: Channel) -> &'static str {
    match channel {
        Channel::Wechat => "微信",
        Channel::Alipay => "支付宝",
        Channel::Qq => "QQ钱包",
        Channel::Unionpay => "云闪付",
        Channel::Youzan => "有赞",
        Channel::Sandbox => "沙盒",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_the_same_have_paths_of_their_own() {
        let mut chart = Chart::default();
        for (wallet, path) in [
            ("main", "Assets:Channel:WeChat:Main"),
            ("Main", "Assets:Channel:WeChat:Main-2"),
            ("wx.a", "Assets:Channel:WeChat:Wx-a"),
            ("wx_a", "Assets:Channel:WeChat:Wx-a-2"),
            ("wx-a-2", "Assets:Channel:WeChat:Wx-a-2-2"),
            ("_", "Assets:Channel:WeChat:W-"),
            ("9", "Assets:Channel:WeChat:9"),
        ] {
            let wallet = WalletId::new(wallet).expect("a good name");
            chart.declare(&wallet, Channel::Wechat);
            // What is declared anew on another channel keeps its path.
            chart.declare(&wallet, Channel::Alipay);
            let number = chart.wallet(&wallet).expect("it was declared");
            assert_eq!(chart.path(Account::Wallet(number)), path);
        }
        let first = Account::Wallet(0);
        assert_eq!(chart.chinese(first), "其他货币资金-微信-main");
        assert_eq!(chart.code(first), "10120101");
    }

    #[test]
    fn every_account_has_a_path_a_code_and_a_kind_that_agree() {
        let mut chart = Chart::default();
        chart.declare(&WalletId::new("main").expect("a good name"), Channel::Wechat);
        chart.bank(&BankId::new("cmb").expect("a good name"));
        let all: Vec<Numbered> = chart.accounts().collect();
        assert_eq!(all.len(), 21);
        let paths: BTreeSet<&str> = all.iter().map(|one| chart.path(*one)).collect();
        let codes: BTreeSet<String> = all.iter().map(|one| chart.code(*one)).collect();
        let names: BTreeSet<String> = all.iter().map(|one| chart.chinese(*one)).collect();
        assert_eq!([paths.len(), codes.len(), names.len()], [all.len(); 3]);
        for account in all {
            let root = match account.kind().words().0 {
                "asset" => "Assets:",
                "liability" => "Liabilities:",
                "equity" => "Equity:",
                "income" => "Income:",
                _ => "Expenses:",
            };
            assert!(chart.path(account).starts_with(root), "{account:?}");
        }
    }

    #[test]
    fn a_bank_has_one_account_however_often_it_is_named() {
        let mut chart = Chart::default();
        let bank = BankId::new("cmb").expect("a good name");
        assert_eq!(chart.bank(&bank), chart.bank(&bank));
        assert_eq!(chart.path(Account::Bank(0)), "Assets:Bank:Cmb");
        assert_eq!(chart.chinese(Account::Bank(0)), "银行存款-cmb");
        assert_eq!(chart.path(Account::Refunds), "Liabilities:Refunds");
    }
}
