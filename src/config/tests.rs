//! The configuration against wrong keys, wrong values and wrong variables, as tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use duizhang_api::accept::Rate;
use duizhang_api::outbound;
use duizhang_core::amount::Amount;
use duizhang_core::policy::{LateRule, Policy, Step};
use duizhang_core::reconciliation::BookTerms;
use duizhang_core::time::Span;
use proptest::prelude::*;

use super::duration::{duration, duration_text};
use super::finding::{Findings, nearest};
use super::whole::{Config, DEFAULTS, FILE_NAME, Given, read, settle};
use super::{as_json, as_toml, environment, file};

const CONTRACT: &str = r#"
[server]
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8330"
data = "data"
time_zone = "Asia/Shanghai"

[policy]
order_ttl = "10m"
quarantine = "20m"
step = "nearest"
max_offset = "0.50"

[callbacks]
timeout = "3s"
allow_private_addresses = true

[[wallet]]
id = "wx-main"
channel = "wechat"
qr = "wxp://f2f0example"
  [[wallet.fixed]]
  amount = "10.00"
  qr = "wxp://f2f0ten"

[[wallet]]
id = "ali-main"
channel = "alipay"
qr = "https://qr.alipay.com/fkx0"

[[device]]
id = "phone-1"
key = "device-key-0001"
wallets = ["wx-main", "ali-main"]

[[merchant]]
id = "1001"
name = "Shop"
key = "merchant-key-0001"
token = "native-token-000001"
notify_url = "https://shop.example/notify"
wallets = ["wx-main", "ali-main"]
default = true
  [merchant.beecloud]
  app_id = "bee-app-id-0001"
"#;

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let findings = Findings::default();
    let mut tree = file::items("duizhang.toml", text, &findings);
    let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    environment::overlay(&mut tree, &pairs.collect(), &findings);
    settle(tree, findings).map_err(|refused| refused.to_string())
}

fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    match parse(text, variables) {
        Ok(_) => panic!("accepted: {text} {variables:?}"),
        Err(refused) => refused,
    }
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let documented = parse(DEFAULTS, &[]).unwrap();
    let built_in = Config::default();
    assert_eq!(as_json(&documented), as_json(&built_in));
    assert_eq!(built_in.policy, Policy::default());
    // What is printed has every key that is documented without a comment sign, and the reverse.
    let printed: toml::Table = as_toml(&built_in).parse().unwrap();
    assert_eq!(printed, DEFAULTS.parse::<toml::Table>().unwrap());
}

#[test]
fn the_commented_examples_of_the_defaults_are_a_sound_configuration() {
    let examples: Vec<&str> = DEFAULTS
        .lines()
        .skip_while(|line| !line.starts_with("# [[wallet]]"))
        .map(|line| line.trim_start_matches('#').trim())
        .filter(|line| !line.contains('…'))
        .collect();
    let config = parse(&examples.join("\n"), &[]).unwrap();
    let counts = (config.wallets.len(), config.devices.len(), config.merchants.len());
    assert_eq!(counts, (2, 1, 1));
    assert_eq!(config.wallets[0].fixed, [(Amount::fen(1_000), "wxp://f2f0ten".to_owned())]);
}

#[test]
fn the_sample_of_the_contract_is_read_whole() {
    let config = parse(CONTRACT, &[]).unwrap();
    assert_eq!(config.server.listen.port(), 0);
    assert_eq!(config.policy.order_ttl, Span::from_mins(10));
    assert_eq!((config.policy.step, config.policy.max_offset), (Step::Nearest, 50));
    assert_eq!(config.policy.clock_skew, Policy::default().clock_skew);
    assert_eq!(config.callbacks.timeout, Span::from_secs(3));
    assert_eq!(config.wallets.len(), 2);
    assert_eq!(config.devices[0].declared.wallets.len(), 2);
    let merchant = &config.merchants[0];
    assert!(merchant.declared.default && merchant.declared.enabled && !merchant.declared.strict);
    assert!(merchant.key.as_ref().unwrap().equals(b"merchant-key-0001"));
    assert_eq!(config.secrets().len(), 3);
    assert_eq!(config.warnings.len(), 2, "{:?}", config.warnings);
}

#[test]
fn what_one_person_may_adjust_alone_is_an_amount() {
    let alone_max = |text: &str| parse(text, &[]).map(|config| config.books.alone_max);
    assert_eq!(alone_max(""), Ok(0), "nobody adjusts alone unless the file says so");
    assert_eq!(alone_max("[books]\nadjust_alone_max = \"100.50\""), Ok(10_050));
    for bad in ["\"-1.00\"", "\"0.001\"", "100", "\"much\""] {
        let refused = refusal(&format!("[books]\nadjust_alone_max = {bad}"), &[]);
        assert!(refused.contains("books.adjust_alone_max"), "{bad}: {refused}");
    }
    assert!(refusal("[books]\nalone = \"1\"", &[]).contains("unknown key"));
}

#[test]
fn the_terms_of_reconciliation_have_bounds() {
    let terms = |text: &str| parse(&format!("[reconciliation]\n{text}"), &[]).map(|c| c.terms);
    assert_eq!(terms(""), Ok(BookTerms::default()));
    let given = "delay = \"2h\"\nskew = \"1m\"\nrounding = \"0.05\"\nparts = 3";
    let expected = BookTerms {
        delay: Span::from_hours(2),
        skew: Span::from_mins(1),
        rounding: 5,
        fee_rounding: 0,
        parts_max: 3,
    };
    assert_eq!(terms(given), Ok(expected));
    for (key, bad) in [
        ("delay", "\"13h\""),
        ("delay", "15"),
        ("skew", "\"16m\""),
        ("rounding", "\"1.01\""),
        ("fee_rounding", "\"-0.01\""),
        ("parts", "9"),
    ] {
        let refused = refusal(&format!("[reconciliation]\n{key} = {bad}"), &[]);
        assert!(refused.contains(&format!("reconciliation.{key}")), "{bad}: {refused}");
    }
    assert!(refusal("[reconciliation]\nnear = \"1m\"", &[]).contains("unknown key"));
}

#[test]
fn variables_stand_above_the_file() {
    let config = parse(
        CONTRACT,
        &[
            ("DUIZHANG_SERVER__LISTEN", "0.0.0.0:9000"),
            ("DUIZHANG_SERVER__REQUESTS_PER_SECOND", "0"),
            ("DUIZHANG_POLICY__LATE", "hold"),
            ("DUIZHANG_POLICY__OPEN_ORDERS_MAX", "7"),
            ("DUIZHANG_POLICY__SCHEDULES__VMQ", "0s, 1m"),
            ("DUIZHANG_CALLBACKS__ALLOW_PRIVATE_ADDRESSES", "false"),
            ("DUIZHANG_MERCHANT__0__KEY", "another-key-0002"),
            ("DUIZHANG_MERCHANT__0__WALLETS", "ali-main"),
            ("DUIZHANG_DEVICE__1__ID", "phone-2"),
            ("DUIZHANG_DEVICE__1__WALLETS", "wx-main,ali-main"),
            ("DUIZHANG_LOG", "debug"),
            ("DUIZHANG_MASTER_KEY", "no setting"),
            ("DUIZHANG_SKIPS", "/no/setting"),
            ("SERVER__LISTEN", "not ours"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(Rate::of(config.server.requests_per_second), None);
    assert_eq!((config.policy.late, config.policy.open_orders_max), (LateRule::Hold, 7));
    let vmq = config.policy.schedules.iter().find(|s| s.dialect.word() == "vmq").unwrap();
    assert_eq!(vmq.delays, [Span::ZERO, Span::from_mins(1)]);
    assert!(!config.callbacks.allow_private_addresses);
    assert!(config.merchants[0].key.as_ref().unwrap().equals(b"another-key-0002"));
    assert_eq!(config.merchants[0].declared.wallets.len(), 1);
    assert_eq!(config.devices[1].declared.id.as_str(), "phone-2");
    let loopback = config.warnings.iter().any(|warning| warning.contains("public_url"));
    assert!(loopback, "{:?}", config.warnings);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let cases = [
        ("[servr]", "duizhang.toml:1: servr: unknown key (did you mean server?)"),
        (
            "[server]\nlissten = 1",
            "duizhang.toml:2: server.lissten: unknown key (did you mean listen?)",
        ),
        ("[policy]\nxyzzy = 1", "policy.xyzzy: unknown key"),
        ("server = 3", "server: a section is expected, not a number"),
        ("[server]\nlisten = \"localhost:1\"", "server.listen: \"localhost:1\" is not an address"),
        ("[server]\npublic_url = \"shop.example\"", "server.public_url"),
        ("[server]\ntime_zone = \"Mars/Base\"", "unknown time zone Mars/Base"),
        ("[policy]\nstep = \"upp\"", "\"upp\" is not one of up, down, nearest (did you mean up?)"),
        ("[policy]\norder_ttl = \"5 minutes\"", "\"5 minutes\" is not a duration"),
        ("[policy]\norder_ttl = 5", "policy.order_ttl: a text is expected, not a number"),
        ("[policy]\nmax_offset = 0.99", "fractions are written as texts"),
        ("[policy]\nmax_offset = \"-0.01\"", "policy.max_offset"),
        ("[policy]\nmax_offset = \"0.999\"", "policy.max_offset"),
        ("[policy]\nquarantine = \"1m\"", "quarantine must not be shorter than clock_skew"),
        ("[policy]\norder_ttl = \"25h\"", "order_ttl must lie between"),
        ("[policy.schedules]\nnative = []", "each dialect has one callback schedule"),
        ("[policy.schedules]\nempay = [\"0s\"]", "policy.schedules.empay: unknown key"),
        ("[callbacks]\ntimeout = \"0s\"", "callbacks.timeout: must lie between 1s and 2m"),
        ("[callbacks]\nallow_private_addresses = \"no\"", "true or false is expected"),
        ("[wallet]\nid = \"a\"", "write [[wallet]]"),
        ("[[wallet]]\nchannel = \"wechat\"\nqr = \"x\"", "wallet[0].id: is missing"),
        ("[[wallet]]\nid = \"a\"\nchannel = \"cash\"\nqr = \"x\"", "unknown channel"),
        ("[[wallet]]\nid = \"a\"\nchannel = \"qq\"", "a wallet needs a code"),
        ("[[device]]\nid = \"a b\"\nwallets = []", "device[0].id: \"a b\""),
        ("[[device]]\nid = \"a\"\nwallets = [\"w\", \"w\"]", "\"w\" stands twice"),
        ("[[merchant]]\nid = \"submit\"\nwallets = []", "submit is a word of a protocol"),
        (
            "[[merchant]]\nid = \"a\"\nwallets = []\n[merchant.beecloud]\nappid = \"x\"",
            "(did you mean app_id?)",
        ),
        ("[server]\nlisten = 1979-05-27", "a time has no meaning here"),
        ("[server\nlisten = 1", "duizhang.toml:1: this is not TOML"),
        ("[server]\ndata = \"a\\u0000b\"", "a control character"),
    ];
    for (text, expected) in cases {
        let refused = refusal(text, &[]);
        assert!(refused.contains(expected), "{text}\n  told: {refused}\n  not: {expected}");
    }
}

#[test]
fn what_is_wrong_in_a_variable_is_told_with_its_name() {
    let cases = [
        (("DUIZHANG_SERVER__LISTN", "x"), "DUIZHANG_SERVER__LISTN: server.listn: unknown key"),
        (("DUIZHANG_SERVER__LISTEN", "x"), "DUIZHANG_SERVER__LISTEN: server.listen: \"x\" is not"),
        (("DUIZHANG_SERVER_LISTEN", "x"), "two underscores stand behind SERVER"),
        (("DUIZHANG_SERVER__", "x"), "is empty"),
        (("DUIZHANG_MERCHANT__5__KEY", "x"), "merchant has 0 entries, so the next is 0"),
        (("DUIZHANG_POLICY__STEP__X", "x"), "policy.step: a text is expected, not a section"),
        (("DUIZHANG_POLICY__OPEN_ORDERS_MAX", "-1"), "a whole number"),
    ];
    for (variable, expected) in cases {
        let refused = refusal("", &[variable]);
        assert!(refused.contains(expected), "{variable:?}\n  told: {refused}\n  not: {expected}");
    }
}

#[test]
fn several_things_that_are_wrong_are_all_told() {
    let refused = refusal("[server]\nlisten = 1\nfoo = 2\n[policy]\nstep = \"x\"", &[]);
    for place in ["duizhang.toml:2", "duizhang.toml:3", "duizhang.toml:5"] {
        assert!(refused.contains(place), "{refused}");
    }
}

#[test]
fn names_keys_and_defaults_are_each_used_once() {
    let wallet = "[[wallet]]\nid = \"w\"\nchannel = \"qq\"\nqr = \"x\"\n";
    let merchant =
        |id: &str, rest: &str| format!("[[merchant]]\nid = \"{id}\"\nwallets = [\"w\"]\n{rest}\n");
    let cases = [
        (format!("{wallet}{wallet}"), "w is declared twice"),
        (merchant("a", "") + &merchant("a", ""), "a is declared twice"),
        (
            merchant("a", "default = true") + &merchant("b", "default = true"),
            "only one may be the default, not a and b",
        ),
        (
            merchant("a", "key = \"key-of-both-0001\"")
                + &merchant("b", "key = \"key-of-both-0001\""),
            "the merchant-key of b and the merchant-key of a are the same",
        ),
        (merchant("a", "notify_url = \"http://127.0.0.1/x\""), "merchant a: notify_url"),
        (
            merchant("a", &format!("notify_url = \"https://a.cn/{}\"", "x".repeat(2_036))),
            "merchant a: notify_url: the address is longer than 2048 bytes",
        ),
        (
            String::from("[server]\npublic_url = \"https://pay.example\"\n")
                + &merchant("a", "notify_url = \"https://PAY.example/v1\""),
            "merchant a: notify_url: the address is our own",
        ),
    ];
    for (text, expected) in cases {
        let refused = refusal(&text, &[]);
        assert!(refused.contains(expected), "{text}\n  told: {refused}");
    }
}

#[test]
fn our_own_public_address_is_ours_as_a_name_and_as_a_number() {
    let ours = |public_url: &str, url: &str| {
        let config = parse(&format!("[server]\npublic_url = \"{public_url}\""), &[]).unwrap();
        let policy = config.callback_policy("127.0.0.1:8330".parse().unwrap());
        outbound::check_callback(url, &policy).is_err()
    };
    let cases = [
        ("https://pay.example", "https://pay.example/createOrder", true),
        ("https://pay.example", "https://pay.example:8443/", false),
        ("http://8.8.8.8:8330", "http://8.8.8.8:8330/console", true),
        ("http://8.8.8.8:8330", "http://134744072:8330/console", true),
        ("http://8.8.8.8:8330", "http://[::ffff:8.8.8.8]:8330/", true),
        ("http://8.8.8.8:8330", "http://8.8.8.8/", false),
        ("https://8.8.8.8", "https://8.8.8.8:443/v1/orders", true),
        ("http://[2606:4700::1]", "http://[2606:4700:0::1]:80/", true),
        ("http://[2606:4700::1]", "http://[2606:4700::2]/", false),
        ("http://8.8.8.8", "https://shop.example/notify", false),
    ];
    for (public_url, url, expected) in cases {
        assert_eq!(ours(public_url, url), expected, "{public_url} {url}");
    }
}

#[test]
fn no_secret_is_told_or_printed() {
    let secrets =
        ["merchant-key-0001", "native-token-000001", "device-key-0001", "bee-app-id-0001"];
    let config = parse(CONTRACT, &[]).unwrap();
    let broken = format!("{CONTRACT}\nkey = \"merchant-key-0001\"\nkey = \"native-token-000001\"");
    let wrong_type = CONTRACT.replace("wallets = [\"wx-main\", \"ali-main\"]", "wallets = 1");
    let texts = [
        as_toml(&config),
        as_json(&config).to_string(),
        format!("{config:?}"),
        refusal(&broken, &[]),
        refusal(&wrong_type, &[]),
        refusal(&CONTRACT.replace("\"device-key-0001\"", "[\"device-key-0001\"]"), &[]),
        refusal(CONTRACT, &[("DUIZHANG_DEVICE__0__KEY", "merchant-key-0001")]),
    ];
    for (secret, text) in
        secrets.iter().flat_map(|secret| texts.iter().map(move |text| (secret, text)))
    {
        assert!(!text.contains(secret), "{secret} is in: {text}");
    }
}

#[test]
fn what_is_printed_is_read_back_as_the_same() {
    let config = parse(CONTRACT, &[]).unwrap();
    let again = parse(&as_toml(&config), &[]).unwrap();
    assert_eq!(as_json(&again), as_json(&config));
}

#[test]
fn what_is_wrong_with_a_shop_on_youzan_is_told_with_its_place() {
    for (text, expected) in [
        (
            "[[wallet]]\nid = \"a\"\nchannel = \"youzan\"\n\
             [wallet.youzan]\nkdt_id = 1",
            "wallet[0].youzan.client_id: is missing",
        ),
        (
            "[[wallet]]\nid = \"a\"\nchannel = \"qq\"\n\
             [wallet.youzan]\nclient_id = \"c\"\nkdt_id = 1",
            "only a wallet of the channel youzan",
        ),
        (
            "[[wallet]]\nid = \"a\"\nchannel = \"youzan\"\n\
             qr = \"x\"\n[wallet.youzan]\nclient_id = \"c\"\n\
             kdt_id = 1",
            "leave qr and fixed out",
        ),
        (
            "[[wallet]]\nid = \"a\"\nchannel = \"youzan\"\n\
             [wallet.youzan]\nclient_id = \"c\"\nkdt_id = 1\n\
             base_url = \"open.youzan.com\"",
            "is not a web address",
        ),
        (
            "[[wallet]]\nid = \"a\"\nchannel = \"youzan\"\n\
             [wallet.youzan]\nclient_id = \"c\"\nkdt_id = 1\n\
             [[device]]\nid = \"a\"\nkey = \"device-key-0001\"\nwallets = [\"a\"]",
            "a is declared twice",
        ),
        (
            "[[merchant]]\nid = \"m\"\nwallets = []\n\
             notify_url = \"http://8.8.8.8/n;http://127.0.0.1/n\"",
            "merchant m: notify_url",
        ),
    ] {
        let told = refusal(text, &[]);
        assert!(told.contains(expected), "{text}: {told}");
    }
}

#[test]
fn a_shop_on_youzan_is_a_wallet_a_watcher_and_a_secret() {
    let config = parse(
        "[[wallet]]\nid = \"yz\"\nchannel = \"youzan\"\n[wallet.youzan]\nclient_id = \"c\"\n\
         client_secret = \"client-secret-0001\"\nkdt_id = 110\nbase_url = \"http://127.0.0.1:1/\"",
        &[],
    )
    .unwrap();
    assert!(config.wallets[0].gives_own_codes());
    let shop = &config.shops[0].shop;
    assert_eq!((shop.client_id.as_str(), shop.kdt_id.as_str()), ("c", "110"));
    assert_eq!(shop.base_url, "http://127.0.0.1:1");
    let watcher = config.shops[0].watcher();
    assert_eq!((watcher.id.as_str(), watcher.wallets), ("yz", vec![shop.wallet.clone()]));
    let [(of, secret)] = &config.secrets()[..] else { panic!("one secret") };
    assert_eq!(of.to_string(), "youzan-secret of yz");
    assert!(secret.equals(b"client-secret-0001"));
    assert!(config.warnings.iter().any(|warning| warning.contains("in the clear")));
    let printed = as_toml(&config);
    assert!(!printed.contains("client-secret"), "{printed}");
    assert_eq!(parse(&printed, &[]).unwrap().shops[0].shop, *shop);
}

#[test]
fn the_file_is_found_in_the_data_directory_unless_one_is_named() {
    let none = BTreeMap::new();
    let data = tempfile::tempdir().unwrap();
    let given = |file: Option<PathBuf>| Given { file, data: Some(data.path().to_owned()) };
    let config = read(&given(None), &none).unwrap();
    assert_eq!((config.file, config.server.data.as_path()), (None, data.path()));

    let file = data.path().join(FILE_NAME);
    std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:1\"\ndata = \"elsewhere\"").unwrap();
    let config = read(&given(None), &none).unwrap();
    assert_eq!((config.server.listen.port(), config.file), (1, Some(file)));
    assert_eq!(config.server.data, data.path(), "the command line stands above the file");

    let missing = read(&given(Some(data.path().join("nothing.toml"))), &none).unwrap_err();
    assert!(missing.to_string().contains("nothing.toml is not there"), "{missing}");
    std::fs::write(data.path().join("latin.toml"), b"# \xe9").unwrap();
    let latin = read(&given(Some(data.path().join("latin.toml"))), &none).unwrap_err();
    assert!(latin.to_string().contains("byte 2 is not UTF-8"), "{latin}");
    std::fs::write(data.path().join("long.toml"), vec![b'#'; 1_048_577]).unwrap();
    let long = read(&given(Some(data.path().join("long.toml"))), &none).unwrap_err();
    assert!(long.to_string().contains("longer than"), "{long}");
}

#[test]
fn only_near_words_are_proposed() {
    assert_eq!(nearest("lisen", &["listen", "data"]), " (did you mean listen?)");
    assert_eq!(nearest("zzzzzzzz", &["listen", "data"]), "");
    assert_eq!(nearest("anything", &[]), "");
}

proptest! {
    #[test]
    fn a_duration_is_printed_as_it_is_read(number in 0_u64..1_000_000, unit in "ms|s|m|h|d") {
        let span = duration(&format!("{number}{unit}")).unwrap();
        prop_assert_eq!(duration(&duration_text(span)).unwrap(), span);
    }

    #[test]
    fn any_text_is_a_duration_or_a_sentence(text in "\\PC{0,12}") {
        let _read_or_refused = duration(&text);
    }

    #[test]
    fn any_file_is_read_or_refused(
        text in "(\\[|\\]|=|\"|[a-z_]{1,8}|\\n| |[0-9]|server|merchant|id){0,40}"
    ) {
        let _read_or_refused = parse(&text, &[]);
    }
}

#[test]
fn a_merchant_may_have_a_setting_of_codepay() {
    use duizhang_api::dialects::CodepayMoney;
    let whole = |section: &str| format!("[[merchant]]\nid = \"a\"\nwallets = []\n{section}");
    let merchant =
        |section: &str| parse(&whole(section), &[]).map(|config| config.merchants[0].codepay);
    let said = |word: &str| merchant(&format!("[merchant.codepay]\nmoney = \"{word}\""));
    assert_eq!(merchant(""), Ok(None));
    assert_eq!(merchant("[merchant.codepay]"), Ok(None));
    assert_eq!(said("paid"), Ok(Some(CodepayMoney::Paid)));
    assert_eq!(said("asked"), Ok(Some(CodepayMoney::Asked)));
    let config = parse(&whole("[merchant.codepay]\nmoney = \"asked\""), &[]).unwrap();
    let printed = as_toml(&config);
    let again = parse(&printed, &[]).unwrap();
    assert_eq!(again.merchants[0].codepay, Some(CodepayMoney::Asked), "{printed}");
    assert!(said("received").unwrap_err().contains("is not one of paid, asked"));
    assert!(merchant("[merchant.codepay]\nmony = \"paid\"").unwrap_err().contains("unknown key"));
}

#[test]
fn a_merchant_may_speak_some_protocols_only() {
    use duizhang_core::order::Dialect;
    let whole = |line: &str| format!("[[merchant]]\nid = \"a\"\nwallets = []\n{line}");
    let merchant =
        |line: &str| parse(&whole(line), &[]).map(|config| config.merchants[0].dialects.clone());
    assert_eq!(merchant(""), Ok(None));
    let two = "dialects = [\"epay\", \"native\"]";
    assert_eq!(merchant(two), Ok(Some(vec![Dialect::Epay, Dialect::Native])));
    let printed = as_toml(&parse(&whole(two), &[]).unwrap());
    let again = parse(&printed, &[]).unwrap();
    assert_eq!(again.merchants[0].dialects, Some(vec![Dialect::Epay, Dialect::Native]));
    for (line, what) in [
        ("dialects = []", "left out it means all"),
        ("dialects = [\"epey\"]", "is not one of native, vmq"),
        ("dialects = 1", "a list of texts is expected"),
    ] {
        let refused = merchant(line).unwrap_err();
        assert!(refused.contains(what), "{refused}");
    }
}

const PUBLIC_KEY: &str = include_str!("../../api/tests/data/epay/merchant.pub");

#[test]
fn a_merchant_may_have_settings_of_epay() {
    use duizhang_api::dialects::{EpayNotifyMethod, EpayShop};
    use duizhang_api::key_pair::PublicKey;
    let merchant = |section: &str| {
        let text = format!("[[merchant]]\nid = \"a\"\nwallets = []\n{section}");
        parse(&text, &[]).map(|config| config.merchants[0].epay.clone())
    };
    assert_eq!(merchant(""), Ok(None));
    assert_eq!(merchant("[merchant.epay]"), Ok(Some(EpayShop::default())));
    let key = || PublicKey::parse(PUBLIC_KEY).ok();
    let full = format!(
        "[merchant.epay]\nnotify_method = \"post\"\npublic_key = \"\"\"\n{PUBLIC_KEY}\"\"\""
    );
    let shop = EpayShop { notify_method: EpayNotifyMethod::Post, public_key: key() };
    assert_eq!(merchant(&full), Ok(Some(shop.clone())));
    let text = format!("[[merchant]]\nid = \"a\"\nwallets = []\n{full}");
    let printed = as_toml(&parse(&text, &[]).unwrap());
    let again = parse(&printed, &[]).unwrap();
    assert_eq!(again.merchants[0].epay, Some(shop), "{printed}");
    let cases = [
        ("notify_method = \"put\"", "neither get nor post"),
        ("public_key = \"AAAA\"", "read an RSA key"),
        ("public_key = 1", "a text is expected"),
        ("publickey = \"x\"", "unknown key"),
    ];
    for (line, what) in cases {
        let refused = merchant(&format!("[merchant.epay]\n{line}")).unwrap_err();
        assert!(refused.contains(what), "{refused}");
    }
}
