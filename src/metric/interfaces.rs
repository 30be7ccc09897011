//! `interfaces`: one row per network namespace, interface and tick (REC-4).

table! {
    Interfaces;
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
        #[key] interface: Text, "/proc/<pid>/net/dev", "Name of the interface within its namespace.";
    }
    metrics {
        receive_bytes_total: Counter Bytes Int, "/proc/<pid>/net/dev:1", "Bytes received.";
        receive_packets_total: Counter Count Int, "/proc/<pid>/net/dev:2", "Packets received.";
        receive_errors_total: Counter Count Int, "/proc/<pid>/net/dev:3", "Packets received with errors.";
        receive_drops_total: Counter Count Int, "/proc/<pid>/net/dev:4", "Received packets that were dropped.";
        receive_fifo_errors_total: Counter Count Int, "/proc/<pid>/net/dev:5", "Received packets lost to a full buffer of the device.";
        receive_frame_errors_total: Counter Count Int, "/proc/<pid>/net/dev:6", "Received packets with frame, length or checksum errors.";
        receive_multicast_total: Counter Count Int, "/proc/<pid>/net/dev:8", "Multicast packets received.";
        transmit_bytes_total: Counter Bytes Int, "/proc/<pid>/net/dev:9", "Bytes sent.";
        transmit_packets_total: Counter Count Int, "/proc/<pid>/net/dev:10", "Packets sent.";
        transmit_errors_total: Counter Count Int, "/proc/<pid>/net/dev:11", "Packets that could not be sent for errors.";
        transmit_drops_total: Counter Count Int, "/proc/<pid>/net/dev:12", "Packets dropped before they were sent.";
        transmit_fifo_errors_total: Counter Count Int, "/proc/<pid>/net/dev:13", "Packets lost to a full buffer of the device.";
        transmit_collisions_total: Counter Count Int, "/proc/<pid>/net/dev:14", "Collisions.";
        transmit_carrier_errors_total: Counter Count Int, "/proc/<pid>/net/dev:15", "Packets lost for want of a carrier.";
    }
}
