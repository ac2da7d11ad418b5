//! The first run without configuration: a sandbox to try things out, and how to use it.
//!
//! Invariants: the keys are drawn here, shown once, and never again; they are durable before they
//! are shown.

use duizhang_api::secrets::{OperatorName, Secret, SecretOf};
use duizhang_api::webhook::SigningKey;
use duizhang_core::channel::Channel;
use duizhang_core::fact::{Device, Fact, Merchant, Wallet};
use duizhang_core::id::{DeviceId, MerchantId, WalletId};
use serde_json::{Value, json};

use crate::compose::OpenBook;

/// The name of the first operator.
const OPERATOR: &str = "admin";
/// The name of the sandbox's merchant and wallet.
const SANDBOX: &str = "sandbox";
/// The name of the phone that the reader of the text plays.
const PHONE: &str = "sandbox-phone";
/// What the sandbox's code says.
const QR: &str = "sandbox:pay";

/// The drawn keys, as text to be shown once.
pub(super) struct Keys {
    admin_token: Secret,
    merchant_key: Secret,
    merchant_token: Secret,
    webhook_secret: Secret,
    phone_key: Secret,
}

/// Makes the sandbox.
pub(super) async fn make(book: &mut OpenBook) -> anyhow::Result<Keys> {
    let clock = &*book.clock;
    let keys = Keys {
        admin_token: Secret::drawn(clock),
        merchant_key: Secret::drawn(clock),
        merchant_token: Secret::drawn(clock),
        webhook_secret: Secret::new(
            SigningKey::new_text([clock.draw(), clock.draw()]).as_bytes().to_vec(),
        ),
        phone_key: Secret::drawn(clock),
    };
    let (merchant, wallet) = (MerchantId::new(SANDBOX)?, WalletId::new(SANDBOX)?);
    let phone = DeviceId::new(PHONE)?;
    book.store(&[
        (SecretOf::OperatorToken(OperatorName::new(OPERATOR)?), keys.admin_token.clone()),
        (SecretOf::MerchantKey(merchant.clone()), keys.merchant_key.clone()),
        (SecretOf::NativeToken(merchant.clone()), keys.merchant_token.clone()),
        (SecretOf::WebhookSecret(merchant.clone()), keys.webhook_secret.clone()),
        (SecretOf::DeviceKey(phone.clone()), keys.phone_key.clone()),
    ])?;
    let wallets = vec![wallet.clone()];
    let facts = vec![
        Fact::WalletDeclared(Wallet {
            id: wallet,
            channel: Channel::Sandbox,
            qr: Some(QR.into()),
            fixed: Vec::new(),
            enabled: true,
        }),
        Fact::DeviceDeclared(Device { id: phone, wallets: wallets.clone(), enabled: true }),
        Fact::MerchantDeclared(Merchant {
            id: merchant,
            name: "Sandbox shop".into(),
            notify_url: None,
            wallets,
            default: true,
            strict: false,
            enabled: true,
        }),
    ];
    book.submit(facts).await?;
    Ok(keys)
}

fn shown(secret: &Secret) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(secret.expose())
}

impl Keys {
    /// How to use the sandbox, with lines that work when they are pasted into a shell.
    pub(super) fn text(&self, url: &str) -> String {
        let [admin, key, token, webhook, phone] = [
            shown(&self.admin_token),
            shown(&self.merchant_key),
            shown(&self.merchant_token),
            shown(&self.webhook_secret),
            shown(&self.phone_key),
        ];
        format!(
            r#"This is the first run, without configuration: here is a sandbox to try things out.
Its keys are shown this once; `duizhang merchant|device|user rotate-key` draws new ones.

  operator admin                token           {admin}
  merchant sandbox              token           {token}
                                key (MD5)       {key}
                                webhook secret  {webhook}
  device sandbox-phone          key             {phone}

Paste this into another shell to take a payment:

  URL={url} TOKEN={token} PHONE_KEY={phone}

  # 1. A shop asks for 10.00. The answer names the amount to pay and the cashier page.
  curl -s "$URL/v1/orders" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -H 'Idempotency-Key: first' -d '{{"amount":"10.00","subject":"first order"}}'

  # 2. Open cashier_url in a browser.

  # 3. The phone reports the payment, as the V免签 app does. Set PRICE to the payable amount.
  PRICE=10.00; T=$(date +%s)000
  SIGN=$(printf '%s' "1$PRICE$T$PHONE_KEY" | md5sum | cut -c1-32)
  curl -s "$URL/appPush?type=1&price=$PRICE&t=$T&sign=$SIGN"

The cashier page now shows the order as paid.
"#
        )
    }

    /// The same for a program.
    pub(super) fn json(&self) -> Value {
        json!({
            "operator": OPERATOR,
            "operator_token": shown(&self.admin_token),
            "merchant": SANDBOX,
            "merchant_key": shown(&self.merchant_key),
            "merchant_token": shown(&self.merchant_token),
            "webhook_secret": shown(&self.webhook_secret),
            "device": PHONE,
            "device_key": shown(&self.phone_key),
        })
    }
}
