//! `netns`: one row per network namespace and tick, TCP and UDP of all its sockets (REC-4).

table! {
    Netns;
    labels {
        node_name: Text, "--node-name, NODE_NAME or the host name", "Name of the node.";
        cluster_name: Text, "--cluster-name or CLUSTER_NAME", "Cluster of the node.";
        subject_kind: Text, "cgroup path; node for the host's namespace", "What owns the namespace: pod, container, service, slice or root; node for the host's.";
        #[key] cgroup_path: Text, "cgroup path below the hierarchy's mount", "Path of the owner: the pod, else the cgroup whose process was seen first; null for the host's namespace.";
        #[key] cgroup_inode: Int, "inode of the cgroup directory", "Tells cgroups apart that reuse a path.";
        container_id: Text, "cgroup path", "Full container id; null unless the owner is a container.";
        container_name: Text, "identity sources", "Name of the container; null while unknown, and for a pod.";
        namespace: Text, "identity sources", "Kubernetes namespace; null while unknown.";
        pod_name: Text, "identity sources", "Name of the pod; null while unknown.";
        pod_uid: Text, "cgroup path", "UID of the pod.";
        #[key] netns_inode: Int, "readlink /proc/<pid>/ns/net", "Inode of the network namespace; the kernel gives it to another one later. Null for the host's when it may not be read.";
    }
    metrics {
        tcp_active_opens_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp ActiveOpens", "TCP connections begun from here.";
        tcp_passive_opens_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp PassiveOpens", "TCP connections accepted.";
        tcp_attempt_fails_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp AttemptFails", "TCP connections that failed while opening.";
        tcp_established_resets_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp EstabResets", "Established TCP connections that ended by reset.";
        tcp_established: Gauge Count Int, "/proc/<pid>/net/snmp:Tcp CurrEstab", "Established TCP connections.";
        tcp_in_segments_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp InSegs", "TCP segments received.";
        tcp_out_segments_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp OutSegs", "TCP segments sent, without those sent again.";
        tcp_retransmits_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp RetransSegs", "TCP segments sent again.";
        tcp_in_errors_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp InErrs", "TCP segments received with errors.";
        tcp_out_resets_total: Counter Count Int, "/proc/<pid>/net/snmp:Tcp OutRsts", "TCP resets sent.";
        tcp_listen_overflows_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt ListenOverflows", "Connections refused because a listener's queue was full.";
        tcp_listen_drops_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt ListenDrops", "Connections that a listener dropped, full queues included.";
        tcp_backlog_drops_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt TCPBacklogDrop", "TCP segments dropped because a socket's backlog was full.";
        tcp_request_queue_drops_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt TCPReqQFullDrop", "Connection requests dropped because their queue was full.";
        tcp_timeouts_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt TCPTimeouts", "Retransmission timeouts.";
        tcp_syn_retransmits_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt TCPSynRetrans", "SYN segments sent again.";
        tcp_fast_retransmits_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt TCPFastRetrans", "Segments sent again before a timeout.";
        tcp_lost_retransmits_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt TCPLostRetransmit", "Segments sent again that were lost again.";
        tcp_abort_on_timeout_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt TCPAbortOnTimeout", "Connections given up after too many timeouts.";
        tcp_zero_windows_total: Counter Count Int, "/proc/<pid>/net/netstat:TcpExt TCPToZeroWindowAdv", "Times that a receiver here closed its window because nobody read.";
        udp_in_datagrams_total: Counter Count Int, "/proc/<pid>/net/snmp:Udp InDatagrams", "UDP datagrams delivered (IPv4).";
        udp_out_datagrams_total: Counter Count Int, "/proc/<pid>/net/snmp:Udp OutDatagrams", "UDP datagrams sent (IPv4).";
        udp_no_ports_total: Counter Count Int, "/proc/<pid>/net/snmp:Udp NoPorts", "UDP datagrams to ports on which nobody listened (IPv4).";
        udp_in_errors_total: Counter Count Int, "/proc/<pid>/net/snmp:Udp InErrors", "UDP datagrams that could not be delivered, full buffers included (IPv4).";
        udp_receive_buffer_errors_total: Counter Count Int, "/proc/<pid>/net/snmp:Udp RcvbufErrors", "UDP datagrams lost to a full receive buffer (IPv4).";
        udp_send_buffer_errors_total: Counter Count Int, "/proc/<pid>/net/snmp:Udp SndbufErrors", "UDP datagrams lost to a full send buffer (IPv4).";
    }
}
