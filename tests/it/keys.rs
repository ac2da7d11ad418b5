//! Our keys towards shops: drawn at the start, shown by their public half, drawn again on demand.

use std::path::Path;

use duizhang_api::key_pair::PublicKey;
use serde_json::Value;

use crate::program::{Ended, Program};

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
