use super::*;

fn write(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("sampand.toml");
    std::fs::write(&path, text).expect("written");
    (dir, path)
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[test]
fn flags_win_over_the_environment_which_wins_over_the_file() {
    let (_dir, path) = write("[http]\nlisten = \"127.0.0.1:1\"\n[mempool]\nper_member = 7\n[log]\nfilter = \"warn\"\n");
    let environment = [pair("SAMPAN_HTTP_LISTEN", "127.0.0.1:2"), pair("SAMPAN_MEMPOOL_PER_MEMBER", "8")];
    let flags = [pair("http.listen", "127.0.0.1:3")];
    let loaded = Config::load(Some(&path), environment, &flags).expect("loads");
    assert_eq!(loaded.config.http.listen.port(), 3);
    assert_eq!(loaded.config.mempool.per_member, 8);
    assert_eq!(loaded.config.log.filter, "warn");
    assert_eq!(loaded.config.mempool.bytes, Mempool::default().bytes);
    assert_eq!(loaded.origins["http.listen"], Origin::Flag);
    assert_eq!(loaded.origins["mempool.per_member"], Origin::Environment);
    assert_eq!(loaded.origins["log.filter"], Origin::File);
    assert_eq!(loaded.origins["mempool.bytes"], Origin::Default);
    let shown = loaded.show();
    assert!(shown.contains("listen = \"127.0.0.1:3\"  # from the command line"), "{shown}");
    assert!(shown.contains("per_member = 8  # from SAMPAN_MEMPOOL_PER_MEMBER"), "{shown}");
}

#[test]
fn unknown_keys_are_refused_wherever_they_stand() {
    let (_dir, path) = write("[http]\nlistn = \"127.0.0.1:1\"\n");
    let error = Config::load(Some(&path), [], &[]).expect_err("misspelt").to_string();
    assert!(error.contains("unknown field `listn`") && error.contains("line 2"), "{error}");
    let error = Config::load(None, [pair("SAMPAN_HTTP_LISTN", "x")], &[]).expect_err("misspelt");
    assert!(matches!(error, ConfigError::Unknown { name } if name == "SAMPAN_HTTP_LISTN"));
    assert!(matches!(Config::load(None, [], &[pair("http.listn", "x")]), Err(ConfigError::Unknown { .. })));
    Config::load(None, [pair("SAMPAN_NODE", "http://127.0.0.1:8101")], &[]).expect("another tool's variable");
}

#[test]
fn a_wrong_value_is_reported_under_its_key() {
    for (name, text) in [
        ("SAMPAN_HTTP_LISTEN", "here"),
        ("SAMPAN_MEMPOOL_BYTES", "many"),
        ("SAMPAN_MEMPOOL_BYTES", "-1"),
        ("SAMPAN_HTTP_LOCAL_READS", "yes"),
        ("SAMPAN_NETWORK_PEERS", "/ip4/127.0.0.1/tcp/9102"),
        ("SAMPAN_NETWORK_LISTEN", "127.0.0.1:9101"),
        ("SAMPAN_LOG_FORMAT", "xml"),
        ("SAMPAN_LOG_FILTER", "info,libp2p=loud"),
    ] {
        match Config::load(None, [pair(name, text)], &[]) {
            Err(ConfigError::Value { key, .. }) => assert_eq!(variable(&key), name, "{text}"),
            other => panic!("{name}={text}: {other:?}"),
        }
    }
}

#[test]
fn paths_are_relative_to_who_names_them() {
    let (dir, path) = write("genesis = \"../genesis.json\"\n[keys]\nconsensus = \"c.json\"\n");
    let loaded = Config::load(Some(&path), [pair("SAMPAN_KEYS_NETWORK", "n.json")], &[]).expect("loads").config;
    assert_eq!(loaded.genesis, dir.path().join("../genesis.json"));
    assert_eq!(loaded.data_dir, dir.path().join("data"));
    assert_eq!(loaded.keys.consensus, Some(dir.path().join("c.json")));
    assert_eq!(loaded.keys.network, Path::new("n.json"));
    let silent = Config::load(Some(&path), [pair("SAMPAN_KEYS_CONSENSUS", "")], &[]).expect("loads").config;
    assert_eq!(silent.keys.consensus, None, "an empty variable takes the file's value away");
}

#[test]
fn what_is_written_reads_back_and_explains_every_key() {
    let peer = format!("/ip4/10.0.0.2/tcp/9102/p2p/{}", libp2p::PeerId::random());
    let config = Config {
        keys: Keys { consensus: Some("consensus.key.json".into()), ..Keys::default() },
        network: Network { peers: vec![peer.parse().expect("address")], ..Network::default() },
        log: Log { format: LogFormat::Json, ..Log::default() },
        ..Config::default()
    };
    for config in [config, Config::default()] {
        let text = config.to_toml();
        assert_eq!(toml::from_str::<Config>(&text).expect("reads back"), config, "{text}");
    }
    let whole = Config { keys: Keys { consensus: Some("x".into()), ..Keys::default() }, ..Config::default() };
    let count =
        |table: &toml::Table| table.values().map(|value| value.as_table().map_or(1, toml::Table::len)).sum::<usize>();
    let table = toml::Table::try_from(&whole).expect("table");
    assert_eq!(count(&table), KEYS.len(), "every field has a documented key");
    assert!(KEYS.iter().all(|key| key.find(&table).is_some()), "every documented key is a field");
}
