//! Planted wrong engines, as processes of their own: the tests must find what they lose.
//!
//! A process is this test binary itself, started again with one test and two variables. *Forgetful*
//! acknowledges before it writes: it keeps the last groups in memory. *Lazy* writes, and skips
//! every sync. Both are the real server over the real journal and sled, with one wrapper.
//! Deliberately not here: what they lose, which is the business of the tests that start them.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use duizhang_api::accept::Limits;
use duizhang_api::clock::{Clock, SystemClock};
use duizhang_api::dialects::{Native, Vmq};
use duizhang_api::opening;
use duizhang_api::outbound::{Outbound, Policy, SystemResolver, Timeouts};
use duizhang_api::secrets::{Secret, SecretOf, SecretStore};
use duizhang_api::server::{Parts, Server};
use duizhang_core::channel::Channel;
use duizhang_core::fact::{BookOpened, Device, Fact, Merchant, Wallet};
use duizhang_core::id::{DeviceId, MerchantId, WalletId};
use duizhang_core::merkle::empty_root;
use duizhang_core::order;
use duizhang_core::position::Position;
use duizhang_eventlog::disk::{Disk, DiskFile, RealDisk};
use duizhang_eventlog::{Error, EventLog, Group, Head, LogConfig, SledLog, VisitEvent, VisitGroup};
use duizhang_listener_bridge::sources::Vmq as VmqPhone;
use duizhang_projections::calendar::Zone;
use tokio::net::TcpListener;

use super::book::{DEVICE_KEY, MERCHANT_KEY, TOKEN, WEBHOOK};

const WHICH: &str = "DUIZHANG_PLANTED";
const WHERE: &str = "DUIZHANG_PLANTED_DATA";
/// Groups that the forgetful engine keeps in memory before it writes them.
const FORGOTTEN_GROUPS: usize = 8;

/// Which wrong engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    Forgetful,
    Lazy,
}

impl Planted {
    const fn word(self) -> &'static str {
        match self {
            Self::Forgetful => "forgetful",
            Self::Lazy => "lazy",
        }
    }

    /// The process that serves with this engine.
    pub(crate) fn command(self, data: &Path) -> Command {
        let this = std::env::current_exe().expect("this test binary");
        let mut command = Command::new(this);
        command.args(["program::planted::serves_when_asked", "--exact", "--nocapture"]);
        command.env(WHICH, self.word()).env(WHERE, data);
        command
    }
}

/// Not a test of its own: the process that [`Planted::command`] starts.
#[test]
fn serves_when_asked() {
    let (Ok(which), Some(data)) = (std::env::var(WHICH), std::env::var_os(WHERE)) else { return };
    let data = PathBuf::from(data);
    std::fs::create_dir_all(&data).expect("a folder");
    let log: Arc<dyn EventLog> = match which.as_str() {
        "forgetful" => {
            let (log, _) = SledLog::open(&data, LogConfig::default()).expect("the log opens");
            Arc::new(Forgetful { head: Mutex::new(log.head()), log, kept: Mutex::default() })
        }
        "lazy" => {
            let real = RealDisk::new(&data.join("journal")).expect("a folder");
            let disk = Arc::new(LazyDisk(real));
            let (log, _) = SledLog::open_on(disk, &data, LogConfig::default()).expect("it opens");
            Arc::new(log)
        }
        other => panic!("no engine is called {other}"),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(serve(log, &data));
}

#[expect(clippy::print_stdout, reason = "the line is what the parent process waits for")]
async fn serve(log: Arc<dyn EventLog>, data: &Path) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let secrets = open_secrets(data, &*clock);
    let (state, views) = opening::fold(&log, &mut |_| {}).expect("the log is readable");
    let new = !state.is_open();
    let policy = Policy { allow_private: true, ..Policy::default() };
    let outbound = Outbound::new(policy, Arc::new(SystemResolver), Timeouts::default());
    let server = Server::start(Parts {
        log,
        state,
        views,
        clock,
        secrets: Arc::new(secrets),
        dialects: vec![
            (order::Dialect::Native, Box::new(Native)),
            (order::Dialect::Vmq, Box::new(Vmq)),
        ],
        spoken: Default::default(),
        sources: vec![Box::new(VmqPhone)],
        youzan: Vec::new(),
        outbound: Arc::new(outbound),
        listener: TcpListener::bind("127.0.0.1:0").await.expect("loopback"),
        limits: Limits::default(),
        public_url: None,
        zone: Zone::new("Asia/Shanghai").expect("a zone"),
    })
    .expect("the server starts");
    if new {
        for fact in declarations() {
            server.book().submit(fact).await.expect("a declaration is taken");
        }
    }
    println!("\nlistening on http://{}", server.address());
    // It is killed, not stopped.
    std::future::pending::<()>().await;
}

fn open_secrets(data: &Path, clock: &dyn Clock) -> SecretStore {
    if let Ok(there) = SecretStore::open(data, None) {
        return there;
    }
    let store = SecretStore::create(data, None, clock).expect("a new store");
    let shop = || MerchantId::new("1001").expect("a name");
    let phone = DeviceId::new("phone-1").expect("a name");
    let secret = |text: &str| Secret::new(text.as_bytes());
    let secrets = [
        (SecretOf::MerchantKey(shop()), secret(MERCHANT_KEY)),
        (SecretOf::NativeToken(shop()), secret(TOKEN)),
        (SecretOf::WebhookSecret(shop()), secret(WEBHOOK)),
        (SecretOf::DeviceKey(phone), secret(DEVICE_KEY)),
    ];
    store.set_all(&secrets, clock).expect("the secrets are sound");
    store
}

fn declarations() -> Vec<Fact> {
    let wallet = || WalletId::new("wx-main").expect("a name");
    vec![
        Fact::BookOpened(BookOpened { book: "main".into(), time_zone: "Asia/Shanghai".into() }),
        Fact::WalletDeclared(Wallet {
            id: wallet(),
            channel: Channel::Wechat,
            qr: Some("wxp://f2f0example".into()),
            fixed: Vec::new(),
            enabled: true,
        }),
        Fact::DeviceDeclared(Device {
            id: DeviceId::new("phone-1").expect("a name"),
            wallets: vec![wallet()],
            enabled: true,
        }),
        Fact::MerchantDeclared(Merchant {
            id: MerchantId::new("1001").expect("a name"),
            name: "Shop".into(),
            notify_url: None,
            wallets: vec![wallet()],
            default: true,
            strict: false,
            enabled: true,
        }),
    ]
}

/// Says "durable" of what it keeps in memory.
struct Forgetful {
    log: SledLog,
    head: Mutex<Head>,
    kept: Mutex<Vec<Group>>,
}

impl EventLog for Forgetful {
    fn append(&self, group: &Group) -> Result<Head, Error> {
        let mut kept = self.kept.lock().expect("whole");
        kept.push(group.clone());
        if kept.len() >= FORGOTTEN_GROUPS {
            for group in kept.drain(..) {
                self.log.append(&group)?;
            }
        }
        let mut head = self.head.lock().expect("whole");
        let count = u64::try_from(group.count()).expect("few events");
        let position = head.position.plus(count);
        // Nobody asks a running server for the root.
        *head = Head { position, time: group.time(), root: empty_root() };
        Ok(*head)
    }

    fn head(&self) -> Head {
        *self.head.lock().expect("whole")
    }

    fn is_poisoned(&self) -> bool {
        false
    }

    fn scan(
        &self,
        range: RangeInclusive<Position>,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error> {
        self.log.scan(range, visit)
    }

    fn scan_back(
        &self,
        range: RangeInclusive<Position>,
        visit: &mut VisitEvent<'_>,
    ) -> Result<(), Error> {
        self.log.scan_back(range, visit)
    }

    fn groups(&self, from: Position, visit: &mut VisitGroup<'_>) -> Result<(), Error> {
        self.log.groups(from, visit)
    }

    fn recheck_journal(&self) -> Result<Head, Error> {
        self.log.recheck_journal()
    }

    fn close(&self) -> Result<(), Error> {
        self.log.close()
    }
}

/// A real disk without syncs.
struct LazyDisk(RealDisk);

impl Disk for LazyDisk {
    fn try_lock(&self) -> io::Result<bool> {
        self.0.try_lock()
    }

    fn unlock(&self) {
        self.0.unlock();
    }

    fn place(&self) -> String {
        self.0.place()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(LazyFile(self.0.create(name)?)))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(LazyFile(self.0.open(name)?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }
}

struct LazyFile(Arc<dyn DiskFile>);

impl DiskFile for LazyFile {
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
