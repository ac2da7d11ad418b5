//! The codes of a wallet against the limits of the rules, told in words before the rules refuse.
//!
//! Invariant: what has no flaw here is not refused for its codes when it is declared.
//! Deliberately not here: what a code says.

use duizhang_core::fact::Wallet;
use duizhang_core::limits::{FIXED_CODES_BYTES_MAX, FIXED_CODES_MAX, QR_BYTES_MAX};

/// Everything that is wrong with the codes of a wallet, each with the wallet's name.
pub(crate) fn flaws(wallet: &Wallet) -> Vec<String> {
    let id = &wallet.id;
    let any = wallet.qr.iter().map(|qr| ("its any-amount code".to_owned(), qr));
    let fixed = wallet.fixed.iter().map(|(amount, qr)| (format!("its code of {amount}"), qr));
    let mut found: Vec<String> = any
        .chain(fixed)
        .filter_map(|(which, qr)| flaw(qr).map(|what| format!("wallet {id}: {which} {what}")))
        .collect();
    let count = wallet.fixed.len();
    if count > FIXED_CODES_MAX {
        found.push(format!("wallet {id}: {count} fixed codes, at most {FIXED_CODES_MAX} fit"));
    }
    let bytes: usize = wallet.fixed.iter().map(|(_, qr)| qr.len()).sum();
    if bytes > FIXED_CODES_BYTES_MAX {
        found.push(format!(
            "wallet {id}: its fixed codes have {bytes} bytes together, at most \
             {FIXED_CODES_BYTES_MAX} fit"
        ));
    }
    found
}

fn flaw(qr: &str) -> Option<String> {
    if qr.len() > QR_BYTES_MAX {
        let length = qr.len();
        return Some(format!("has {length} bytes, a code has at most {QR_BYTES_MAX}"));
    }
    qr.chars().any(char::is_control).then(|| "holds a control character".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::amount::Amount;
    use duizhang_core::channel::Channel;
    use duizhang_core::decide::{Ruling, decide};
    use duizhang_core::fact::{BookOpened, Fact};
    use duizhang_core::id::WalletId;
    use duizhang_core::position::Position;
    use duizhang_core::state::State;
    use duizhang_core::time::Timestamp;

    fn wallet(qr: Option<String>, codes: Vec<String>) -> Wallet {
        let amounts = (1..).map(Amount::fen);
        Wallet {
            id: WalletId::new("wx-main").expect("a name"),
            channel: Channel::Wechat,
            qr,
            fixed: amounts.zip(codes).collect(),
            enabled: true,
        }
    }

    fn taken(wallet: &Wallet) -> bool {
        let (book, time_zone) = ("main".to_owned(), "Asia/Shanghai".to_owned());
        let opened = Fact::BookOpened(BookOpened { book, time_zone });
        let (mut state, now) = (State::new(), Timestamp::from_secs(1_763_700_000));
        state.evolve(Position::new(1), now, &opened, &[]);
        let declared = Fact::WalletDeclared(wallet.clone());
        matches!(decide(&state, now, &declared), Ok(Ruling::Decided(_)))
    }

    #[test]
    fn what_the_rules_refuse_is_told_with_the_wallet_and_the_code() {
        let code = |bytes: usize| "q".repeat(bytes);
        let cases = [
            (wallet(Some(code(512)), vec![code(512)]), ""),
            (wallet(Some(code(513)), Vec::new()), "wallet wx-main: its any-amount code has 513"),
            (
                wallet(None, vec![code(9), code(600)]),
                "wallet wx-main: its code of 0.02 CNY has 600",
            ),
            (wallet(Some("a\nb".into()), Vec::new()), "its any-amount code holds a control"),
            (wallet(None, vec![code(245); 200]), ""),
            (wallet(None, vec![code(9); 201]), "201 fixed codes, at most 200 fit"),
            (wallet(None, vec![code(246); 200]), "49200 bytes together, at most 49152 fit"),
        ];
        for (wallet, says) in cases {
            let found = flaws(&wallet).join("; ");
            assert_eq!(found.is_empty(), says.is_empty(), "{found}");
            assert!(found.contains(says), "{found}");
            assert_eq!(taken(&wallet), found.is_empty(), "the rules say otherwise: {found}");
        }
    }
}
