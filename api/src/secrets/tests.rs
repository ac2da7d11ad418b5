//! The store against short secrets, wrong keys, edited files and failing disks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use duizhang_core::id::{DeviceId, MerchantId};
use duizhang_core::time::{Span, Timestamp};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{
    MASTER_KEY_FILE, MasterKey, SECRETS_FILE, Secret, SecretOf, SecretRefusal, SecretStore,
    SecretsError, file,
};
use crate::clock::{Clock, ManualClock};
use crate::key_pair::KeyPairError;
use crate::webhook::{SigningKey, SigningKeyError};

fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_secs(1_000), 7)
}

fn merchant(name: &str) -> MerchantId {
    MerchantId::new(name).unwrap()
}

fn merchant_key() -> SecretOf {
    SecretOf::MerchantKey(merchant("1001"))
}

fn token() -> SecretOf {
    SecretOf::NativeToken(merchant("1001"))
}

fn device(name: &str) -> SecretOf {
    SecretOf::DeviceKey(DeviceId::new(name).unwrap())
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn shown(store: &SecretStore, of: &SecretOf, at: Timestamp) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    store.keys_of(of, at).iter().map(|key| text(key.secret.expose())).collect()
}

/// Made by OpenSSL.
const PLATFORM_KEY: &str = include_str!("../../tests/data/epay/platform.p8");

/// A store with one secret of each kind, in a directory of its own.
fn filled(clock: &ManualClock) -> (TempDir, SecretStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SecretStore::create(dir.path(), None, clock).unwrap();
    let webhook = SigningKey::new_text([1, 2]).to_string();
    let all = [
        (merchant_key(), secret("merchant-key-0001")),
        (token(), secret("native-token-000001")),
        (SecretOf::WebhookSecret(merchant("1001")), secret(&webhook)),
        (SecretOf::PlatformKey(merchant("1001")), secret(PLATFORM_KEY)),
        (device("phone-1"), secret("device-key-0001")),
        (device("phone-2"), secret("device-key-0002")),
    ];
    store.set_all(&all, clock).unwrap();
    (dir, store)
}

#[test]
fn what_was_set_is_there_after_opening_again() {
    let clock = clock();
    let (dir, store) = filled(&clock);
    let ids = |store: &SecretStore| {
        store.keys_of(&merchant_key(), clock.now()).iter().map(|key| key.id).collect::<Vec<_>>()
    };
    let again = SecretStore::open(dir.path(), None).unwrap();
    assert_eq!(shown(&again, &merchant_key(), clock.now()), ["merchant-key-0001"]);
    assert_eq!(ids(&again), ids(&store));
    assert_eq!(again.token_owner(b"native-token-000001", clock.now()), Some(token()));
    let mut devices: Vec<_> =
        again.each_device_key(clock.now()).iter().map(|(id, _)| id.to_string()).collect();
    devices.sort();
    assert_eq!(devices, ["phone-1", "phone-2"]);
}

#[test]
fn secrets_that_are_short_long_or_untidy_are_refused_by_name() {
    use SecretRefusal::{KeyPair, NotText, TooLong, TooShort, Untidy, Webhook};
    let platform = || SecretOf::PlatformKey(merchant("1001"));
    let webhook = || SecretOf::WebhookSecret(merchant("1001"));
    let cases = [
        (merchant_key(), secret(""), TooShort { bytes: 0, least: 8 }),
        (merchant_key(), secret("1234567"), TooShort { bytes: 7, least: 8 }),
        (device("phone-1"), secret(""), TooShort { bytes: 0, least: 8 }),
        (device("phone-1"), secret("short"), TooShort { bytes: 5, least: 8 }),
        (token(), secret("123456789012345"), TooShort { bytes: 15, least: 16 }),
        (token(), secret(&"x".repeat(257)), TooLong),
        (merchant_key(), Secret::new([0xff; 16]), NotText),
        (merchant_key(), secret("key-with-newline\n"), Untidy),
        (merchant_key(), secret(" key-with-space"), Untidy),
        (webhook(), secret(""), Webhook(SigningKeyError::NoPrefix)),
        (webhook(), secret("whsec_AAAA"), Webhook(SigningKeyError::WrongLength(3))),
        (platform(), secret("AAAA"), KeyPair(KeyPairError::NotAKey)),
        (platform(), secret(&"A".repeat(4_097)), TooLong),
    ];
    let clock = clock();
    let dir = tempfile::tempdir().unwrap();
    let store = SecretStore::create(dir.path(), None, &clock).unwrap();
    for (of, bad, expected) in cases {
        let error = store.set(&of, &bad, &clock).unwrap_err();
        let SecretsError::Refused { of: named, refusal } = error else { panic!("{error:?}") };
        assert_eq!((named, refusal), (of.clone(), expected));
        assert!(!store.has(&of, clock.now()));
    }
}

#[test]
fn the_samples_of_the_contract_are_taken() {
    let (_dir, store) = filled(&clock());
    let at = clock().now();
    assert_eq!(shown(&store, &device("phone-1"), at), ["device-key-0001"]);
}

#[test]
fn no_two_owners_share_a_secret_whatever_its_use() {
    let clock = clock();
    let (_dir, store) = filled(&clock);
    let cases = [
        (device("phone-3"), "device-key-0001", device("phone-1")),
        (device("phone-3"), "merchant-key-0001", merchant_key()),
        (SecretOf::MerchantKey(merchant("1002")), "native-token-000001", token()),
        (SecretOf::NativeToken(merchant("1002")), "native-token-000001", token()),
        (SecretOf::NativeToken(merchant("1002")), "merchant-key-0001", merchant_key()),
    ];
    for (of, text, other) in cases {
        let error = store.set(&of, &secret(text), &clock).unwrap_err();
        let SecretsError::Shared { other: named, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*named, other);
        assert!(!error.to_string().contains(text), "{error}");
    }
}

#[test]
fn both_keys_are_accepted_until_the_grace_ends_and_not_at_its_end() {
    let clock = clock();
    let (dir, store) = filled(&clock);
    let grace = Span::from_hours(24);
    store.rotate(&merchant_key(), &secret("merchant-key-0002"), grace, &clock).unwrap();
    store.rotate(&token(), &secret("native-token-000002"), grace, &clock).unwrap();
    let end = clock.now().plus(grace);
    let before = end.minus(Span::from_micros(1));
    for store in [store, SecretStore::open(dir.path(), None).unwrap()] {
        assert_eq!(
            shown(&store, &merchant_key(), before),
            ["merchant-key-0002", "merchant-key-0001"]
        );
        assert_eq!(shown(&store, &merchant_key(), end), ["merchant-key-0002"]);
        for (text, at, known) in [
            ("native-token-000001", before, true),
            ("native-token-000001", end, false),
            ("native-token-000002", end, true),
            ("native-token-000003", end, false),
            ("", end, false),
        ] {
            let owner = store.token_owner(text.as_bytes(), at);
            assert_eq!(owner, known.then(token), "{text}");
        }
    }
}

#[test]
fn a_rotation_without_grace_ends_the_old_key_at_once() {
    let clock = clock();
    let (_dir, store) = filled(&clock);
    store.rotate(&merchant_key(), &secret("merchant-key-0002"), Span::ZERO, &clock).unwrap();
    assert_eq!(shown(&store, &merchant_key(), clock.now()), ["merchant-key-0002"]);
}

#[test]
fn rotations_without_end_are_refused_and_leave_what_is_in_force() {
    let clock = clock();
    let (_dir, store) = filled(&clock);
    let rotate = |n: u32| {
        let fresh = secret(&format!("rotated-key-{n}"));
        store.rotate(&merchant_key(), &fresh, Span::from_hours(1), &clock)
    };
    for n in 0..7 {
        rotate(n).unwrap();
    }
    assert!(matches!(rotate(7), Err(SecretsError::TooMany { .. })));
    assert_eq!(store.keys_of(&merchant_key(), clock.now()).len(), 8);
    clock.advance(Span::from_hours(1));
    rotate(8).unwrap();
}

#[test]
fn setting_the_same_again_changes_nothing_and_setting_another_ends_the_old() {
    let clock = clock();
    let (dir, store) = filled(&clock);
    let before = fs::read(dir.path().join(SECRETS_FILE)).unwrap();
    for (of, text) in [(merchant_key(), "merchant-key-0001"), (token(), "native-token-000001")] {
        store.set(&of, &secret(text), &clock).unwrap();
    }
    assert_eq!(fs::read(dir.path().join(SECRETS_FILE)).unwrap(), before);
    store.set(&merchant_key(), &secret("merchant-key-0009"), &clock).unwrap();
    assert_eq!(shown(&store, &merchant_key(), clock.now()), ["merchant-key-0009"]);
}

#[test]
fn a_disabled_owner_has_no_keys_and_others_keep_theirs() {
    let clock = clock();
    let (dir, store) = filled(&clock);
    assert!(store.disable(&device("phone-1"), &clock).unwrap());
    assert!(!store.disable(&device("phone-1"), &clock).unwrap());
    assert!(store.disable(&token(), &clock).unwrap());
    let again = SecretStore::open(dir.path(), None).unwrap();
    assert!(!again.has(&device("phone-1"), clock.now()));
    assert!(again.has(&device("phone-2"), clock.now()));
    assert_eq!(again.token_owner(b"native-token-000001", clock.now()), None);
}

#[test]
fn of_several_secrets_all_are_set_or_none() {
    let clock = clock();
    let (_dir, store) = filled(&clock);
    let both =
        [(device("phone-3"), secret("device-key-0003")), (device("phone-4"), secret("short"))];
    assert!(store.set_all(&both, &clock).is_err());
    assert!(!store.has(&device("phone-3"), clock.now()));
}

#[test]
fn keys_in_force_are_listed_with_their_ends_and_without_their_bytes() {
    let clock = clock();
    let (_dir, store) = filled(&clock);
    let made = clock.now();
    clock.advance(Span::from_secs(10));
    store.rotate(&token(), &secret("native-token-000002"), Span::from_secs(60), &clock).unwrap();
    let end = clock.now().plus(Span::from_secs(60));
    let of_token = |at| {
        let listed = store.in_force(at).into_iter().filter(|key| key.of == token());
        listed.map(|key| (key.made, key.until)).collect::<Vec<_>>()
    };
    assert_eq!(store.in_force(made).len(), 7);
    assert_eq!(of_token(made), [(clock.now(), Timestamp::MAX), (made, end)]);
    assert_eq!(of_token(end), [(clock.now(), Timestamp::MAX)]);
    let told = format!("{:?}", store.in_force(made));
    assert!(!told.contains("native-token") && !told.contains("device-key-0001"), "{told}");
}

#[test]
fn no_secret_and_no_token_stands_readable_in_the_files_or_in_debug_texts() {
    let clock = clock();
    let (dir, store) = filled(&clock);
    let mut text = String::new();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        text += &fs::read_to_string(path).unwrap();
    }
    text += &format!("{:?}", store.keys_of(&merchant_key(), clock.now()));
    text += &format!("{:?}", MasterKey::drawn(&clock));
    for known in ["merchant-key-0001", "native-token-000001", "device-key-0001", "whsec_"] {
        assert!(!text.contains(known), "{known}");
    }
    assert!(text.contains("Secret(..)") && text.contains("MasterKey(..)"));
}

#[test]
fn a_store_that_is_missing_or_has_no_key_is_never_an_empty_one() {
    let clock = clock();
    let (dir, _store) = filled(&clock);
    let open = || SecretStore::open(dir.path(), None).err().unwrap();
    let (secrets, master) = (dir.path().join(SECRETS_FILE), dir.path().join(MASTER_KEY_FILE));

    let again = SecretStore::create(dir.path(), None, &clock).err().unwrap();
    assert!(matches!(again, SecretsError::Exists { .. }), "{again:?}");

    let other = Some(MasterKey::drawn(&ManualClock::new(clock.now(), 8)));
    let wrong = SecretStore::open(dir.path(), other).err().unwrap();
    assert!(matches!(wrong, SecretsError::WrongMasterKey { .. }), "{wrong:?}");

    fs::set_permissions(&master, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(open(), SecretsError::OpenToOthers { .. }));
    fs::set_permissions(&master, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&master, "not a key").unwrap();
    assert!(matches!(open(), SecretsError::NotAMasterKey { .. }));
    fs::remove_file(&master).unwrap();
    assert!(matches!(open(), SecretsError::NoMasterKey { .. }));

    fs::remove_file(&secrets).unwrap();
    let key = Some(MasterKey::drawn(&clock));
    let missing = SecretStore::open(dir.path(), key).err().unwrap();
    assert!(matches!(missing, SecretsError::Missing { .. }), "{missing:?}");
}

#[test]
fn a_given_master_key_is_written_nowhere_and_opens_the_store() {
    let clock = clock();
    let dir = tempfile::tempdir().unwrap();
    let key = MasterKey::drawn(&clock);
    let store = SecretStore::create(dir.path(), Some(key.clone()), &clock).unwrap();
    store.set(&merchant_key(), &secret("merchant-key-0001"), &clock).unwrap();
    assert!(!dir.path().join(MASTER_KEY_FILE).exists());
    let again = SecretStore::open(dir.path(), Some(key)).unwrap();
    assert!(again.has(&merchant_key(), clock.now()));
}

#[test]
fn a_first_run_that_was_interrupted_behind_its_master_key_can_be_repeated() {
    let clock = clock();
    let dir = tempfile::tempdir().unwrap();
    drop(SecretStore::create(dir.path(), None, &clock).unwrap());
    let master = fs::read(dir.path().join(MASTER_KEY_FILE)).unwrap();
    fs::remove_file(dir.path().join(SECRETS_FILE)).unwrap();
    SecretStore::create(dir.path(), None, &clock).unwrap();
    assert_eq!(fs::read(dir.path().join(MASTER_KEY_FILE)).unwrap(), master);
}

/// A directory in the place of the draft makes each replacement fail, also for root.
#[test]
fn a_change_that_cannot_be_written_is_not_in_force() {
    let clock = clock();
    let (dir, store) = filled(&clock);
    let draft = dir.path().join("secrets.new");
    fs::create_dir(&draft).unwrap();
    let error = store.set(&merchant_key(), &secret("merchant-key-0002"), &clock).unwrap_err();
    assert!(matches!(error, SecretsError::Write { .. }), "{error:?}");
    assert_eq!(shown(&store, &merchant_key(), clock.now()), ["merchant-key-0001"]);
    fs::remove_dir(&draft).unwrap();
    // The draft of a run that was killed is in nobody's way.
    fs::write(&draft, "half").unwrap();
    store.set(&merchant_key(), &secret("merchant-key-0002"), &clock).unwrap();
    let again = SecretStore::open(dir.path(), None).unwrap();
    assert_eq!(shown(&again, &merchant_key(), clock.now()), ["merchant-key-0002"]);
}

/// Whether the store refuses these bytes in the place of its file.
fn refused(bytes: &[u8], master: &MasterKey) -> bool {
    let opened = file::open_document(PathBuf::from(SECRETS_FILE), bytes, master).map(|_| ());
    matches!(opened, Err(SecretsError::Damaged { .. } | SecretsError::WrongMasterKey { .. }))
}

#[test]
fn a_file_that_was_cut_anywhere_or_changed_in_any_byte_is_refused_by_name() {
    let (dir, _store) = filled(&clock());
    let master = file::read_master(dir.path()).unwrap().unwrap();
    let good = fs::read(dir.path().join(SECRETS_FILE)).unwrap();
    assert!(!refused(&good, &master));
    for place in 0..good.len() {
        let mut changed = good.clone();
        changed[place] ^= 1;
        assert!(refused(&changed, &master), "byte {place} of {}", good.len());
        assert!(refused(&good[..place], &master), "cut at {place}");
    }
}

#[test]
fn lines_that_were_removed_exchanged_or_prolonged_are_noticed() {
    let clock = clock();
    let (dir, store) = filled(&clock);
    store
        .rotate(&merchant_key(), &secret("merchant-key-0002"), Span::from_secs(9), &clock)
        .unwrap();
    let master = file::read_master(dir.path()).unwrap().unwrap();
    let good: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join(SECRETS_FILE)).unwrap()).unwrap();
    let edits: [fn(&mut Vec<serde_json::Value>); 4] = [
        |lines| drop(lines.pop()),
        Vec::clear,
        |lines| lines.swap(0, 1),
        |lines| lines[1]["until"] = i64::MAX.into(),
    ];
    for edit in edits {
        let mut changed = good.clone();
        edit(changed["secrets"].as_array_mut().unwrap());
        assert!(refused(&serde_json::to_vec(&changed).unwrap(), &master));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is done in whatever order, the file opens to what memory holds.
    #[test]
    fn opening_again_gives_what_was_in_force(
        steps in prop::collection::vec((0_u8..3, 0_u8..3, 0_u64..50), 1..8),
    ) {
        let clock = clock();
        let dir = tempfile::tempdir().unwrap();
        let store = SecretStore::create(dir.path(), None, &clock).unwrap();
        let owners = [merchant_key(), device("phone-1"), device("phone-2")];
        for (what, owner, seconds) in steps {
            let of = &owners[usize::from(owner)];
            let fresh = Secret::drawn(&clock);
            match what {
                0 => drop(store.set(of, &fresh, &clock).unwrap()),
                1 => drop(store.rotate(of, &fresh, Span::from_secs(seconds), &clock).unwrap()),
                _ => drop(store.disable(of, &clock).unwrap()),
            }
            clock.advance(Span::from_secs(5));
            let again = SecretStore::open(dir.path(), None).unwrap();
            for of in &owners {
                prop_assert_eq!(shown(&again, of, clock.now()), shown(&store, of, clock.now()));
            }
        }
    }
}
