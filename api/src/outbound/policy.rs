//! Which addresses (URLs) the engine may be told to call.
//!
//! Invariants: the text is checked before it is parsed, because the parser silently drops tabs and
//! line ends and takes a backslash for a slash; only what the parser understood is ever connected
//! to; a literal address in any spelling is judged as an address.
//! Deliberately not here: resolution of names (`resolve.rs`), which must be judged again at each
//! attempt.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use duizhang_core::limits::URL_BYTES_MAX as NAMED_BYTES_MAX;

use super::address::{AddressRefusal, check_address, range_of};

/// Longest address that is called, in bytes. A callback's own address has at most 2,048; a GET
/// adds an attachment of 1,024 and a number of 128, each byte percent-encoded to three, and some
/// 256 more: 5,760, rounded up to a power of two.
pub const URL_BYTES_MAX: usize = 8_192;

/// Ports of services that speak no HTTP but might act on lines inside of a request, in rising
/// order: mail, remote shells, directories, file and message services, databases, caches, container
/// and cluster control.
pub const FORBIDDEN_PORTS: &[u16] = &[
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389,
    427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636,
    873, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380,
    3306, 3389, 3659, 4045, 4222, 5060, 5061, 5432, 5672, 5900, 5984, 6000, 6379, 6566, 6665, 6666,
    6667, 6668, 6669, 6697, 7001, 8500, 9042, 9092, 9200, 9300, 10080, 10250, 11211, 27017,
];

/// What the engine may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether loopback, private, shared and unique-local addresses may be called: only for tests
    /// and closed networks.
    pub allow_private: bool,
    /// The sockets that we listen on. One with an unspecified address stands for that port on every
    /// address that is not public.
    pub own_sockets: Vec<SocketAddr>,
    /// The names, in lower case, and ports under which the outside reaches us.
    pub own_names: Vec<(String, u16)>,
}

/// A URL that passed the check, and where it points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: Host<String>,
    port: u16,
}

/// Why a URL is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// Longer than this many bytes.
    #[error("the address is longer than {0} bytes")]
    TooLong(usize),
    /// A space, a control character, or a backslash.
    #[error("the address holds a space, a control character or a backslash")]
    BadCharacter,
    /// Neither `http://` nor `https://`.
    #[error("the address does not begin with http:// or https://")]
    BadScheme,
    /// The part before the path holds an at sign.
    #[error("the address holds a user name or password")]
    UserInfo,
    /// It cannot be read as a URL with a host.
    #[error("the address is not a valid URL")]
    NotAUrl,
    /// One of [`FORBIDDEN_PORTS`].
    #[error("port {0} belongs to another kind of service")]
    ForbiddenPort(u16),
    /// A name that only means the machine itself.
    #[error("the host name means this machine")]
    LocalName,
    /// The name under which the outside reaches us.
    #[error("the address is our own")]
    Own,
    /// The host is a literal address that may not be reached.
    #[error("the host may not be called: {0}")]
    Address(#[from] AddressRefusal),
}

impl Target {
    /// The URL as it will be called.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host: a name or a literal address.
    #[must_use]
    pub fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The port, explicit or implied by the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is called over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The literal address, if the host is one.
    #[must_use]
    pub fn literal(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
            Host::Domain(_) => None,
        }
    }
}

/// Checks a URL as a shop or an operator wrote it.
///
/// # Errors
/// [`UrlRefusal`] says what is wrong with it, without repeating any of it.
pub fn check_url(raw: &str, policy: &Policy) -> Result<Target, UrlRefusal> {
    check_text(raw)?;
    let url = Url::parse(raw).map_err(|_| UrlRefusal::NotAUrl)?;
    let host = url.host().ok_or(UrlRefusal::NotAUrl)?.to_owned();
    let port = url.port_or_known_default().ok_or(UrlRefusal::NotAUrl)?;
    if port == 0 || FORBIDDEN_PORTS.binary_search(&port).is_ok() {
        return Err(UrlRefusal::ForbiddenPort(port));
    }
    let target = Target { url, host, port };
    match target.literal() {
        Some(address) => check_socket(SocketAddr::new(address, port), policy)?,
        None => check_name(&target, policy)?,
    }
    Ok(target)
}

/// Checks the address that an order or a merchant names for its callbacks. It is shorter than what
/// is called in the end, because a callback may add parameters to it.
///
/// # Errors
/// [`UrlRefusal`], as [`check_url`] does.
pub fn check_callback(raw: &str, policy: &Policy) -> Result<(), UrlRefusal> {
    if raw.len() > NAMED_BYTES_MAX {
        return Err(UrlRefusal::TooLong(NAMED_BYTES_MAX));
    }
    check_url(raw, policy).map(|_target| ())
}

/// Whether this very socket may be connected to: a public address, and not one of ours.
///
/// # Errors
/// [`AddressRefusal`] names the reason.
pub(super) fn check_socket(socket: SocketAddr, policy: &Policy) -> Result<(), AddressRefusal> {
    check_address(socket.ip(), policy)?;
    let address = socket.ip().to_canonical();
    let ours = |own: &SocketAddr| {
        let same = own.ip().to_canonical() == address;
        let any = own.ip().is_unspecified() && range_of(address).is_some();
        own.port() == socket.port() && (same || any)
    };
    if policy.own_sockets.iter().any(ours) { Err(AddressRefusal::Own) } else { Ok(()) }
}

fn check_text(raw: &str) -> Result<(), UrlRefusal> {
    if raw.len() > URL_BYTES_MAX {
        return Err(UrlRefusal::TooLong(URL_BYTES_MAX));
    }
    if raw.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(UrlRefusal::BadCharacter);
    }
    let (scheme, rest) = raw.split_once("://").ok_or(UrlRefusal::BadScheme)?;
    if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) {
        return Err(UrlRefusal::BadScheme);
    }
    // The parser skips extra slashes here, other readers of the same text do not.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    if authority.is_empty() {
        return Err(UrlRefusal::NotAUrl);
    }
    if authority.contains('@') { Err(UrlRefusal::UserInfo) } else { Ok(()) }
}

fn check_name(target: &Target, policy: &Policy) -> Result<(), UrlRefusal> {
    let Host::Domain(name) = &target.host else { return Ok(()) };
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_local = name == "localhost" || name.ends_with(".localhost");
    if is_local && !policy.allow_private {
        return Err(UrlRefusal::LocalName);
    }
    let is_ours = |(own, port): &(String, u16)| own == name && *port == target.port;
    if policy.own_names.iter().any(is_ours) { Err(UrlRefusal::Own) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AddressRefusal::{LinkLocal, Loopback, Private, Unspecified, Wrapped};
    use proptest::prelude::*;

    fn refusal(raw: &str) -> UrlRefusal {
        check_url(raw, &Policy::default()).expect_err(raw)
    }

    #[test]
    fn every_spelling_of_a_local_address_is_seen_through() {
        let cases = [
            ("http://127.0.0.1/", Loopback),
            ("http://2130706433/", Loopback),
            ("http://0x7f000001/", Loopback),
            ("http://0x7f.1/", Loopback),
            ("http://0177.0.0.1/", Loopback),
            ("http://127.1/", Loopback),
            ("http://①②⑦.0.0.1/", Loopback),
            ("http://127。0。0。1/", Loopback),
            ("http://%31%32%37.0.0.1/", Loopback),
            ("http://127.0.0.1./", Loopback),
            ("http://169.254.169.254./latest", LinkLocal),
            ("http://0/", Unspecified),
            ("http://10.0.0.8:8080/x", Private),
            ("https://192.168.1.1/", Private),
            ("http://[::1]/", Loopback),
            ("http://[::]/", Unspecified),
            ("http://[::ffff:127.0.0.1]/", Loopback),
            ("http://[::127.0.0.1]/", Wrapped),
            ("http://[64:ff9b::7f00:1]/", Loopback),
            ("http://[fe80::1]/", LinkLocal),
        ];
        for (raw, range) in cases {
            assert_eq!(refusal(raw), UrlRefusal::Address(range), "{raw}");
        }
    }

    #[test]
    fn what_is_no_plain_web_address_is_refused_by_name() {
        use UrlRefusal::{BadCharacter, BadScheme, LocalName, NotAUrl, TooLong, UserInfo};
        let long = format!("http://shop.example/{}", "x".repeat(URL_BYTES_MAX));
        let cases = [
            ("", BadScheme),
            ("shop.example/notify", BadScheme),
            ("//shop.example/notify", BadScheme),
            ("http:shop.example", BadScheme),
            ("http:/shop.example", BadScheme),
            ("gopher://shop.example/", BadScheme),
            ("file:///etc/passwd", BadScheme),
            ("ftp://shop.example/", BadScheme),
            ("unix://shop.example/", BadScheme),
            ("javascript://shop.example/", BadScheme),
            ("ht\ttp://shop.example/", BadCharacter),
            ("http://shop.example/\tnotify", BadCharacter),
            ("http://shop.example/\r\nHost: x", BadCharacter),
            ("http://shop.example/\u{0}", BadCharacter),
            ("http://shop.example/\u{7f}", BadCharacter),
            ("http://shop.example/\u{85}", BadCharacter),
            ("http://shop.example/\u{2028}", BadCharacter),
            (" http://shop.example/", BadCharacter),
            ("http://shop.example/a b", BadCharacter),
            ("http:\\\\shop.example\\", BadCharacter),
            ("http://shop.example\\@127.0.0.1/", BadCharacter),
            ("http://user:pass@shop.example/", UserInfo),
            ("http://user@shop.example/", UserInfo),
            ("http://@shop.example/", UserInfo),
            ("http://127.0.0.1:80@shop.example/", UserInfo),
            ("http:///shop.example/", NotAUrl),
            ("http://", NotAUrl),
            ("http://?x", NotAUrl),
            ("http://[::1", NotAUrl),
            ("http://[fe80::1%25eth0]/", NotAUrl),
            ("http://256.0.0.1/", NotAUrl),
            ("http://shop.example:99999/", NotAUrl),
            ("http://sh%00op.example/", NotAUrl),
            ("http://localhost/", LocalName),
            ("http://LOCALHOST./", LocalName),
            ("http://a.localhost:8080/", LocalName),
            (&long, TooLong(URL_BYTES_MAX)),
        ];
        for (raw, expected) in cases {
            assert_eq!(refusal(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn ports_of_other_services_are_refused_and_the_table_is_in_order() {
        assert!(FORBIDDEN_PORTS.is_sorted());
        for port in [0, 22, 25, 2375, 3306, 5432, 6379, 11211, 27017] {
            let raw = format!("http://shop.example:{port}/");
            assert_eq!(refusal(&raw), UrlRefusal::ForbiddenPort(port));
        }
    }

    #[test]
    fn an_ordinary_address_is_taken_apart() {
        let policy = Policy::default();
        let target = check_url("HTTPS://Shop.Example/支付?a=1&b=%E4%BC%9A#top", &policy).unwrap();
        assert_eq!(target.host(), &Host::Domain("shop.example".to_owned()));
        assert_eq!((target.port(), target.is_secure(), target.literal()), (443, true, None));
        let target = check_url("http://8.8.8.8:8080/n@me", &policy).unwrap();
        assert_eq!((target.port(), target.is_secure()), (8080, false));
        assert_eq!(target.literal(), Some("8.8.8.8".parse().unwrap()));
    }

    #[test]
    fn our_own_names_and_sockets_are_refused_and_our_neighbours_are_not() {
        let policy = Policy {
            allow_private: true,
            own_sockets: vec!["127.0.0.1:8330".parse().unwrap(), "0.0.0.0:9000".parse().unwrap()],
            own_names: vec![("pay.example".to_owned(), 443)],
        };
        let own = Err(UrlRefusal::Address(AddressRefusal::Own));
        let cases = [
            ("http://127.0.0.1:8330/console", own),
            ("http://[::ffff:127.0.0.1]:8330/console", own),
            ("http://10.0.0.5:9000/", own),
            ("https://pay.example/console", Err(UrlRefusal::Own)),
            ("https://PAY.example./console", Err(UrlRefusal::Own)),
            ("http://127.0.0.1:8331/", Ok(())),
            ("http://10.0.0.5:8330/", Ok(())),
            ("http://8.8.8.8:9000/", Ok(())),
            ("https://pay.example:8443/", Ok(())),
            ("https://shop.example/", Ok(())),
        ];
        for (raw, expected) in cases {
            assert_eq!(check_url(raw, &policy).map(|_| ()), expected, "{raw}");
        }
    }

    #[test]
    fn an_address_that_is_named_is_shorter_than_one_that_is_called() {
        let policy = Policy::default();
        let sized = |bytes: usize| format!("http://shop.example/{}", "x".repeat(bytes - 20));
        assert_eq!(check_callback(&sized(NAMED_BYTES_MAX), &policy), Ok(()));
        let long = sized(NAMED_BYTES_MAX + 1);
        let refusal = check_callback(&long, &policy).unwrap_err();
        assert_eq!(refusal, UrlRefusal::TooLong(NAMED_BYTES_MAX));
        assert_eq!(refusal.to_string(), "the address is longer than 2048 bytes");
        assert!(check_url(&long, &policy).is_ok());
        let loopback = UrlRefusal::Address(Loopback);
        assert_eq!(check_callback("http://127.0.0.1/", &policy), Err(loopback));
    }

    #[test]
    fn a_refusal_does_not_repeat_what_the_attacker_wrote() {
        let text = refusal("http://user:hunter2@shop.example/").to_string();
        assert!(!text.contains("hunter2") && !text.contains("shop"), "{text}");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused_without_panic(raw in "\\PC{0,60}") {
            let _verdict = check_url(&raw, &Policy::default());
        }

        #[test]
        fn no_number_in_any_base_reaches_a_special_address(bits: u32, form in 0..3_u8) {
            let host = match form {
                0 => format!("{bits}"),
                1 => format!("{bits:#x}"),
                _ => format!("0{bits:o}"),
            };
            let taken = check_url(&format!("http://{host}/"), &Policy::default()).is_ok();
            prop_assert_eq!(taken, range_of(IpAddr::from(bits.to_be_bytes())).is_none());
        }
    }
}
