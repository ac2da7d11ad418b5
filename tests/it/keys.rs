//! Our keys towards shops: drawn at the start, shown by their public half, drawn again on demand,
//! and used in a talk of epay's second version.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duizhang_api::key_pair::{PrivateKey, PublicKey};
use duizhang_listener_bridge::wire::encode_component;
use serde_json::Value;

use crate::program::{Ended, Program, millis};

/// The shop's pair, made by OpenSSL.
const SHOP_KEY: &str = include_str!("../../api/tests/data/epay/merchant.p8");
const SHOP_PUBLIC: &str = include_str!("../../api/tests/data/epay/merchant.pub");

const CONFIGURATION: &str = r#"
[server]
listen = "127.0.0.1:0"

[[wallet]]
id = "ali-main"
channel = "alipay"
qr = "https://qr.alipay.com/x"

[[merchant]]
id = "1001"
key = "merchant-key-0001"
wallets = ["ali-main"]
  [merchant.epay]
  notify_method = "post"

[[merchant]]
id = "1002"
key = "merchant-key-0002"
wallets = ["ali-main"]
"#;

fn serve_and_stop(data: &str) -> Ended {
    Program::serve(Program::command(&["serve", "--data", data])).stop()
}

/// The public half of the key towards a merchant; none where there is none.
fn shown(data: &str, merchant: &str) -> Option<String> {
    let ended =
        Program::run(Program::command(&["merchant", "show", merchant, "--json", "--data", data]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let json: Value = serde_json::from_str(&ended.output).expect("one document");
    json["platform_public_key"].as_str().map(String::from)
}

/// `k=v` in the order of names, joined by `&`.
fn joined(fields: &BTreeMap<&str, String>, spell: fn(&str) -> String) -> String {
    let pieces = fields.iter().map(|(name, value)| format!("{name}={}", spell(value)));
    pieces.collect::<Vec<_>>().join("&")
}

fn prepared(data: &Path) -> &str {
    std::fs::write(data.join("duizhang.toml"), CONFIGURATION).expect("the folder is ours");
    data.to_str().expect("a plain path")
}

#[test]
fn a_shop_of_epay_gets_one_key_for_as_long_as_nobody_draws_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = prepared(folder.path());
    let ended = serve_and_stop(data);
    assert!(ended.errors.contains("the platform-key of 1001 was drawn"), "{ended:?}");
    let first = shown(data, "1001").expect("a key");
    assert!(PublicKey::parse(&first).is_ok(), "{first}");
    assert!(!ended.errors.contains(&first) && !ended.errors.contains("MII"), "{ended:?}");
    assert_eq!(shown(data, "1002"), None, "nobody asked for one");

    let again = serve_and_stop(data);
    assert!(!again.errors.contains("was drawn"), "{again:?}");
    assert_eq!(shown(data, "1001"), Some(first.clone()));

    let rotated = Program::run(Program::command(&[
        "merchant",
        "rotate-key",
        "1001",
        "--secret",
        "platform-key",
        "--data",
        data,
    ]));
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    let second = shown(data, "1001").expect("a key");
    assert!(second != first && rotated.output.contains(&second), "{rotated:?}");
}

#[test]
fn a_word_of_a_protocol_is_no_merchant() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = prepared(folder.path());
    serve_and_stop(data);
    for word in ["submit", "create", "query", "refund", "refundquery", "close"] {
        let added = Program::run(Program::command(&[
            "merchant", "add", "--id", word, "--wallet", "ali-main", "--data", data,
        ]));
        assert_eq!(added.code, Some(2), "{added:?}");
        assert!(added.errors.contains("is a word of a protocol and no name"), "{added:?}");
    }
}

#[test]
fn a_shop_and_the_program_believe_each_others_signatures() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = prepared(folder.path());
    let file = folder.path().join("duizhang.toml");
    let key = format!("notify_method = \"post\"\n  public_key = \"\"\"\n{SHOP_PUBLIC}\"\"\"");
    let text = CONFIGURATION.replace("notify_method = \"post\"", &key);
    std::fs::write(file, text).expect("the folder is ours");
    let server = Program::serve(Program::command(&["serve", "--data", data]));
    let ask = |money: &str, signed: &str| {
        let fields = |money: &str| {
            BTreeMap::from([
                ("clientip", String::from("1.2.3.4")),
                ("money", String::from(money)),
                ("name", String::from("VIP")),
                ("notify_url", String::from("http://shop.example/n?a=1&b=2")),
                ("out_trade_no", String::from("T-1")),
                ("pid", String::from("1001")),
                ("timestamp", (millis() / 1_000).to_string()),
                ("type", String::from("alipay")),
            ])
        };
        let shop = PrivateKey::parse(SHOP_KEY.as_bytes()).expect("a key");
        let sign = shop.sign(joined(&fields(signed), str::to_owned).as_bytes());
        let form = joined(&fields(money), encode_component);
        let form = format!("{form}&sign_type=RSA&sign={}", encode_component(&sign));
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = server.caller().ask("POST /api/pay/create", &headers, form.as_bytes());
        answer.expect("the server answers").json()
    };
    assert_eq!(ask("0.01", "1.00")["code"], -3, "another amount than the signed one");
    let answer = ask("1.00", "1.00");
    assert_eq!((&answer["code"], &answer["pay_type"]), (&0.into(), &"jump".into()), "{answer}");
    server.stop();

    let public = PublicKey::parse(&shown(data, "1001").expect("a key")).expect("a key");
    let text = |name| match &answer[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names = ["code", "pay_info", "pay_type", "timestamp", "trade_no"];
    let fields = BTreeMap::from(names.map(|name| (name, text(name))));
    let sign = STANDARD.decode(text("sign")).expect("base64");
    assert!(public.verifies(joined(&fields, str::to_owned).as_bytes(), &sign), "{answer}");
}
