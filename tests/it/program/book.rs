//! A data directory with its configuration: one shop, wallets and the phones that watch them.

use std::path::{Path, PathBuf};
use std::process::Command;

use duizhang_api::clock::{Clock, SystemClock};
use duizhang_listener_bridge::wire::md5_hex;
use tempfile::TempDir;

use super::process::{Ended, Program};

pub(crate) const MERCHANT_KEY: &str = "merchant-key-0001";
pub(crate) const DEVICE_KEY: &str = "device-key-0001";
pub(crate) const TOKEN: &str = "native-token-0001-of-shop";
pub(crate) const WEBHOOK: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// A folder with a configuration file and room for the data.
pub(crate) struct BookFile {
    /// Removes the folder at the end.
    _dir: Option<TempDir>,
    root: PathBuf,
}

impl BookFile {
    /// A new folder whose shop is called at this address.
    pub(crate) fn new(notify_url: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().to_owned();
        Self::at(Some(dir), root, &usual(notify_url))
    }

    /// A new folder with this configuration.
    pub(crate) fn with(text: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().to_owned();
        Self::at(Some(dir), root, text)
    }

    /// A folder that somebody else removes.
    pub(crate) fn inside(root: &Path, notify_url: &str) -> Self {
        Self::at(None, root.to_owned(), &usual(notify_url))
    }

    fn at(dir: Option<TempDir>, root: PathBuf, text: &str) -> Self {
        std::fs::write(root.join("duizhang.toml"), text).expect("the file is written");
        Self { _dir: dir, root }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The program with this book and this verb.
    pub(crate) fn command(&self, verb: &[&str]) -> Command {
        let mut command = Program::command(verb);
        command.arg("--config").arg(self.root.join("duizhang.toml"));
        command.arg("--data").arg(self.data());
        command
    }

    /// Runs a verb of the stopped program to its end.
    pub(crate) fn run(&self, verb: &[&str]) -> Ended {
        Program::run(self.command(verb))
    }

    /// Makes the book and an operator, whose token is returned.
    pub(crate) fn operator(&self) -> String {
        assert_eq!(self.serve().stop().code, Some(0));
        let added = self.run(&["user", "add", "admin", "--json"]);
        assert_eq!(added.code, Some(0), "{added:?}");
        let said: serde_json::Value = serde_json::from_str(&added.output).expect("JSON");
        said["token"].as_str().expect("a token").to_owned()
    }

    pub(crate) fn serve(&self) -> Program {
        Program::serve(self.command(&["serve"]))
    }
}

/// The head of a configuration: any port, and shops on loopback.
pub(crate) fn usual(notify_url: &str) -> String {
    format!(
        r#"[server]
listen = "127.0.0.1:0"
[callbacks]
timeout = "5s"
allow_private_addresses = true
[[wallet]]
id = "wx-main"
channel = "wechat"
qr = "wxp://f2f0example"
[[device]]
id = "phone-1"
key = "{DEVICE_KEY}"
wallets = ["wx-main"]
[[merchant]]
id = "1001"
name = "Shop"
key = "{MERCHANT_KEY}"
token = "{TOKEN}"
webhook_secret = "{WEBHOOK}"
notify_url = "{notify_url}"
wallets = ["wx-main"]
default = true
"#
    )
}

/// The present time in milliseconds, as a phone tells it.
pub(crate) fn millis() -> u64 {
    u64::try_from(SystemClock::new().now().millis()).expect("after 1970")
}

/// The path of a signed push.
pub(crate) fn push_path(price: &str, t: u64, key: &str) -> String {
    let sign = md5_hex(&[format!("1{price}{t}{key}").as_bytes()]);
    format!("/appPush?type=1&price={price}&t={t}&sign={sign}")
}
