//! Other engines read the same rows. Needs a Python with duckdb and pyarrow; `WARDLIGHT_PYTHON` names one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use wardlight_model::{ConnState, Direction, Flow, FlowId, FlowKey, Known, Mac, Scope, Service, Time, Transport};
use wardlight_store::history::{Batch, History, Origin};

const ENGINES: [(&str, &str); 2] = [
    (
        "duckdb",
        "import duckdb, sys
rows = duckdb.sql(\"SET TimeZone='UTC'; SELECT epoch_us(ts), site, sensor, journal_seq, scope, id_orig_h, id_orig_p, id_resp_h, id_resp_p, proto, service, service_known_by, conn_state, history, duration_us, uid, orig_bytes, resp_ip_bytes, vlan, orig_l2_addr, resp_ttl, date, hour FROM read_parquet('\" + sys.argv[1] + \"/flows/*/*/*.parquet', hive_partitioning = true) ORDER BY journal_seq\").fetchall()
for row in rows: print('|'.join('' if v is None else str(v) for v in row))",
    ),
    (
        "pyarrow",
        "import pyarrow.dataset as d, sys
t = d.dataset(sys.argv[1] + '/flows', partitioning='hive').to_table().sort_by('journal_seq').to_pylist()
us = lambda m: (m - __import__('datetime').datetime(1970, 1, 1, tzinfo=m.tzinfo)) // __import__('datetime').timedelta(microseconds=1)
names = 'site sensor journal_seq scope id_orig_h id_orig_p id_resp_h id_resp_p proto service service_known_by conn_state history duration_us uid orig_bytes resp_ip_bytes vlan orig_l2_addr resp_ttl date hour'.split()
for r in t: print('|'.join([str(us(r['ts']))] + ['' if r[n] is None else f'{r[n]:02}' if n == 'hour' else str(r[n]) for n in names]))",
    ),
];

fn flow(n: u64) -> Flow {
    let [.., low] = n.to_be_bytes();
    let from: IpAddr = match n % 2 {
        0 => Ipv4Addr::new(10, 0, 0, low).into(),
        _ => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, low.into()).into(),
    };
    let first = Time::from_micros(1_700_000_000_000_001 + i64::try_from(n * 20_000_000).unwrap_or_default());
    Flow {
        id: FlowId(n),
        key: FlowKey {
            scope: Scope(u32::MAX - 1),
            transport: if n.is_multiple_of(5) { Transport(47) } else { Transport::TCP },
            initiator: (from, 65_535),
            responder: (Ipv4Addr::new(10, 0, 1, 1).into(), 11_112),
        },
        macs: [Some(Mac([0, 1, 2, 0xab, 0xcd, low])), None],
        hop_limits: [Some(255), n.is_multiple_of(3).then_some(64)],
        vlan: n.is_multiple_of(4).then_some(4094),
        first,
        last: first.plus(1_500_000),
        state: ConnState::RstOS0,
        history: "ShADadFf".to_owned(),
        sent: [
            Direction { bytes: u64::MAX >> 1, ..Direction::default() },
            Direction { ip_bytes: n, ..Direction::default() },
        ],
        service: n.is_multiple_of(2).then_some(Service { name: "dicom", known: Known::PortAndContent }),
    }
}

/// One line a flow, as the engines print it.
fn line(n: u64, flow: &Flow) -> String {
    let service = flow.service.map_or(["", ""], |_| ["dicom", "port_and_content"]);
    let proto = flow.key.transport;
    let optional = |value: Option<u16>| value.map_or(String::new(), |value| value.to_string());
    let hour = flow.last.to_string();
    [
        flow.first.micros().to_string(),
        "main".to_owned(),
        "core-1".to_owned(),
        n.to_string(),
        flow.key.scope.0.to_string(),
        flow.key.initiator.0.to_string(),
        flow.key.initiator.1.to_string(),
        flow.key.responder.0.to_string(),
        flow.key.responder.1.to_string(),
        proto.to_string(),
        service[0].to_owned(),
        service[1].to_owned(),
        "RSTOS0".to_owned(),
        flow.history.clone(),
        "1500000".to_owned(),
        flow.id.0.to_string(),
        flow.sent[0].bytes.to_string(),
        flow.sent[1].ip_bytes.to_string(),
        optional(flow.vlan),
        flow.macs[0].map_or(String::new(), |mac| mac.to_string()),
        optional(flow.hop_limits[1].map(u16::from)),
        hour.get(..10).unwrap_or_default().to_owned(),
        hour.get(11..13).unwrap_or_default().to_owned(),
    ]
    .join("|")
}

#[test]
fn other_engines_read_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::new(folder.path());
    let flows: Vec<Flow> = (1..=500).map(flow).collect();
    let mut batch = Batch::new("main");
    for (n, flow) in (1..).zip(&flows) {
        batch.push(Origin { sensor: "core-1", sequence: n, recorded: flow.last }, flow);
    }
    assert_eq!(history.flush(&batch).shed_rows(), 0);
    let wanted: Vec<String> = (1..).zip(&flows).map(|(n, flow)| line(n, flow)).collect();
    let python = std::env::var("WARDLIGHT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for (engine, program) in ENGINES {
        let has_it = Command::new(&python).args(["-c", &format!("import {engine}")]).output();
        if !has_it.is_ok_and(|done| done.status.success()) {
            eprintln!("SKIPPED: {python} has no {engine}");
            continue;
        }
        let done = Command::new(&python).args(["-c", program]).arg(folder.path()).output().unwrap();
        let (out, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        let found: Vec<&str> = out.lines().collect();
        assert_eq!(found, wanted, "{engine}: {errors}");
    }
}
