//! Accounts as people name them: by path, by Chinese name, or by wallet and bank.
//!
//! Invariant: what is printed is read back as the same account. A wallet and a bank are named by
//! their own id and not by their path, which says only what the id reads like.

use duizhang_core::id::{BankId, WalletId};
use duizhang_core::ledger::{Account, Named};

const WALLET: &str = "wallet:";
const BANK: &str = "bank:";

/// The accounts that every book has.
const FIXED: [Named; 17] = [
    Account::Unlocated,
    Account::InTransit,
    Account::Receivable,
    Account::Short,
    Account::Unidentified,
    Account::Overpaid,
    Account::Late,
    Account::Ambiguous,
    Account::Long,
    Account::Refunds,
    Account::Orders,
    Account::AmountBump,
    Account::Unclaimed,
    Account::ChannelFees,
    Account::WithdrawFees,
    Account::Tolerance,
    Account::Opening,
];

/// The account of a name.
pub(super) fn read(text: &str) -> Option<Named> {
    if let Some(wallet) = text.strip_prefix(WALLET) {
        return WalletId::new(wallet).ok().map(Account::Wallet);
    }
    if let Some(bank) = text.strip_prefix(BANK) {
        return BankId::new(bank).ok().map(Account::Bank);
    }
    FIXED.into_iter().find(|account| account.path() == text || account.chinese() == text)
}

/// The name of an account.
pub(super) fn text(account: &Named) -> String {
    if let Account::Wallet(wallet) = account {
        format!("{WALLET}{wallet}")
    } else if let Account::Bank(bank) = account {
        format!("{BANK}{bank}")
    } else {
        account.path().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let wallet = Account::Wallet(WalletId::new("wx.main").unwrap());
        let bank = Account::Bank(BankId::new("cmb").unwrap());
        for account in FIXED.into_iter().chain([wallet, bank]) {
            assert_eq!(read(&text(&account)), Some(account));
        }
        assert_eq!(read("营业外支出-抹零"), Some(Account::Tolerance));
        for bad in ["", "wallet:", "wallet:a b", "bank:", "Assets:Channel:WeChat:Wx-main", "Wallet"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
