//! /proc/<pid>/net/dev, snmp and netstat: the counters of one network namespace.
//!
//! Owns: which field fills which column of `interfaces` and `netns`. Must not: know whose namespace it is.

use fgm::metric::{interfaces as i, netns as n};

use super::scan::{fields, lines, number};

/// Columns of the fields of net/dev in the kernel's order; compressed packets are left out.
const DEV: [Option<usize>; 15] = [
    Some(i::receive_bytes_total),
    Some(i::receive_packets_total),
    Some(i::receive_errors_total),
    Some(i::receive_drops_total),
    Some(i::receive_fifo_errors_total),
    Some(i::receive_frame_errors_total),
    None,
    Some(i::receive_multicast_total),
    Some(i::transmit_bytes_total),
    Some(i::transmit_packets_total),
    Some(i::transmit_errors_total),
    Some(i::transmit_drops_total),
    Some(i::transmit_fifo_errors_total),
    Some(i::transmit_collisions_total),
    Some(i::transmit_carrier_errors_total),
];

/// One line of net/dev.
#[derive(Clone, Copy, Debug)]
pub struct Interface<'a> {
    /// Name within the namespace.
    pub name: &'a [u8],
    counters: &'a [u8],
}

impl Interface<'_> {
    /// Calls `each` with a column of `interfaces` and its value.
    pub fn counters(&self, mut each: impl FnMut(usize, u64)) {
        for (column, field) in DEV.iter().zip(fields(self.counters)) {
            if let (Some(column), Some(value)) = (*column, number(field)) {
                each(column, value);
            }
        }
    }
}

/// The interfaces of net/dev. The kernel allows no colon in a name; the two lines of headings have none.
pub fn dev(text: &[u8]) -> impl Iterator<Item = Interface<'_>> {
    lines(text).filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let name = line[..colon].trim_ascii();
        (!name.is_empty()).then_some(Interface { name, counters: &line[colon + 1..] })
    })
}

fn snmp_column(group: &[u8], name: &[u8]) -> Option<usize> {
    Some(match (group, name) {
        (b"Tcp:", b"ActiveOpens") => n::tcp_active_opens_total,
        (b"Tcp:", b"PassiveOpens") => n::tcp_passive_opens_total,
        (b"Tcp:", b"AttemptFails") => n::tcp_attempt_fails_total,
        (b"Tcp:", b"EstabResets") => n::tcp_established_resets_total,
        (b"Tcp:", b"CurrEstab") => n::tcp_established,
        (b"Tcp:", b"InSegs") => n::tcp_in_segments_total,
        (b"Tcp:", b"OutSegs") => n::tcp_out_segments_total,
        (b"Tcp:", b"RetransSegs") => n::tcp_retransmits_total,
        (b"Tcp:", b"InErrs") => n::tcp_in_errors_total,
        (b"Tcp:", b"OutRsts") => n::tcp_out_resets_total,
        (b"Udp:", b"InDatagrams") => n::udp_in_datagrams_total,
        (b"Udp:", b"OutDatagrams") => n::udp_out_datagrams_total,
        (b"Udp:", b"NoPorts") => n::udp_no_ports_total,
        (b"Udp:", b"InErrors") => n::udp_in_errors_total,
        (b"Udp:", b"RcvbufErrors") => n::udp_receive_buffer_errors_total,
        (b"Udp:", b"SndbufErrors") => n::udp_send_buffer_errors_total,
        (b"TcpExt:", b"ListenOverflows") => n::tcp_listen_overflows_total,
        (b"TcpExt:", b"ListenDrops") => n::tcp_listen_drops_total,
        (b"TcpExt:", b"TCPBacklogDrop") => n::tcp_backlog_drops_total,
        (b"TcpExt:", b"TCPReqQFullDrop") => n::tcp_request_queue_drops_total,
        (b"TcpExt:", b"TCPTimeouts") => n::tcp_timeouts_total,
        (b"TcpExt:", b"TCPSynRetrans") => n::tcp_syn_retransmits_total,
        (b"TcpExt:", b"TCPFastRetrans") => n::tcp_fast_retransmits_total,
        (b"TcpExt:", b"TCPLostRetransmit") => n::tcp_lost_retransmits_total,
        (b"TcpExt:", b"TCPAbortOnTimeout") => n::tcp_abort_on_timeout_total,
        (b"TcpExt:", b"TCPToZeroWindowAdv") => n::tcp_zero_windows_total,
        _ => return None,
    })
}

/// Reads snmp or netstat, pairs of a line of names and a line of numbers under the same group, and calls `each` with
/// a column of `netns` and its value.
pub fn snmp(text: &[u8], mut each: impl FnMut(usize, u64)) {
    let mut rest = lines(text);
    while let Some(names) = rest.next() {
        let mut names = fields(names);
        let Some(group) = names.next() else { continue };
        if !matches!(group, b"Tcp:" | b"Udp:" | b"TcpExt:") {
            continue;
        }
        let mut values = fields(rest.next().unwrap_or_default());
        if values.next() != Some(group) {
            continue;
        }
        for (name, value) in names.zip(values) {
            if let (Some(column), Some(value)) = (snmp_column(group, name), number(value)) {
                each(column, value);
            }
        }
    }
}

/// Inode in the text of a link below /proc/<pid>/ns, such as `net:[4026531840]`.
pub fn namespace_inode(link: &[u8]) -> Option<u64> {
    let open = memchr::memchr(b'[', link)?;
    number(link[open + 1..].strip_suffix(b"]")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::Table;
    use std::collections::HashMap;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../testdata/kernel/v1-6.18/net/", $name))
        };
    }

    /// REC-4: bytes, packets, errors and drops of each interface, each in its column.
    #[test]
    fn interfaces_of_a_namespace() {
        let all: Vec<_> =
            dev(fixture!("dev")).map(|i| String::from_utf8_lossy(i.name).into_owned()).collect();
        assert_eq!(all, ["lo"]);
        let mut got = HashMap::new();
        let text = b"h1 | x\n face |y\n  a.b-0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n:1 2\n";
        for interface in dev(text) {
            assert_eq!(interface.name, b"a.b-0");
            interface.counters(|c, v| assert!(got.insert(c, v).is_none()));
        }
        for m in Table::Interfaces.metrics() {
            let nth: u64 = m.source.rsplit(':').next().unwrap().parse().unwrap();
            assert_eq!(got.remove(&Table::Interfaces.metric_index(m.name).unwrap()), Some(nth), "{}", m.name);
        }
        assert!(got.is_empty());
    }

    /// REC-4: TCP retransmits and the rest, each from the key that its source names.
    #[test]
    fn tcp_and_udp() {
        let mut got = HashMap::new();
        for text in [&fixture!("snmp")[..], fixture!("netstat")] {
            snmp(text, |c, v| assert!(got.insert(c, v).is_none()));
        }
        for (at, m) in Table::Netns.metrics().iter().enumerate() {
            let (file, key) = m.source.split_once(':').unwrap();
            let text: &[u8] = if file.ends_with("snmp") { fixture!("snmp") } else { fixture!("netstat") };
            let (group, name) = key.split_once(' ').unwrap();
            let group = format!("{group}:");
            let of_group: Vec<Vec<&[u8]>> = lines(text)
                .map(|l| fields(l).collect())
                .filter(|f: &Vec<_>| f[0] == group.as_bytes())
                .collect();
            let nth = of_group[0].iter().position(|n| *n == name.as_bytes()).unwrap();
            assert_eq!(got.get(&at).copied(), number(of_group[1][nth]), "{}", m.name);
        }
        assert_eq!(got.len(), Table::Netns.metrics().len());
    }

    #[test]
    fn numbers_never_stand_under_the_wrong_names() {
        let mut got = Vec::new();
        snmp(b"Tcp: InSegs OutSegs\nUdp: 1 2\nTcp: InSegs\n", |c, v| got.push((c, v)));
        assert!(got.is_empty(), "{got:?}");
        snmp(b"Tcp: MaxConn InSegs\nTcp: -1 7 8\n", |c, v| got.push((c, v)));
        assert_eq!(got, [(n::tcp_in_segments_total, 7)]);
    }

    #[test]
    fn links_of_namespaces() {
        assert_eq!(namespace_inode(b"net:[4026531840]"), Some(4_026_531_840));
        assert_eq!(namespace_inode(b"net:[]"), None);
        assert_eq!(namespace_inode(b"net"), None);
    }
}
