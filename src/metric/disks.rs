//! `disks`: one row per cgroup, block device and tick, and one per block device and tick for the whole host (REC-4).

table! {
    Disks;
    labels {
        node_name: Text, "--node-name, NODE_NAME or the host name", "Name of the node.";
        cluster_name: Text, "--cluster-name or CLUSTER_NAME", "Cluster of the node.";
        subject_kind: Text, "cgroup path", "What the cgroup is: container, sandbox, pod, service, slice or root; node for the IO of the whole host on the device.";
        #[key] cgroup_path: Text, "cgroup path below the hierarchy's mount", "Path of the cgroup; null for the whole host.";
        #[key] cgroup_inode: Int, "inode of the cgroup directory", "Tells cgroups apart that reuse a path.";
        container_id: Text, "cgroup path", "Full container id; null outside containers.";
        container_name: Text, "identity sources", "Name of the container; null while unknown.";
        namespace: Text, "identity sources", "Kubernetes namespace; null while unknown.";
        pod_name: Text, "identity sources", "Name of the pod; null while unknown.";
        pod_uid: Text, "cgroup path", "UID of the pod.";
        #[key] device: Text, "v2 io.stat; v1 blkio.throttle.*; /proc/diskstats:1+2", "Block device as major:minor.";
        device_name: Text, "/proc/diskstats:3", "Kernel name of the block device.";
    }
    metrics {
        io_read_bytes_total: Counter Bytes Int, "v2 io.stat:rbytes; v1 blkio.throttle.io_service_bytes_recursive:Read; /proc/diskstats:6 sectors of 512 bytes", "Bytes read from the device.";
        io_read_ops_total: Counter Count Int, "v2 io.stat:rios; v1 blkio.throttle.io_serviced_recursive:Read; /proc/diskstats:4", "Read operations on the device.";
        io_write_bytes_total: Counter Bytes Int, "v2 io.stat:wbytes; v1 blkio.throttle.io_service_bytes_recursive:Write; /proc/diskstats:10 sectors of 512 bytes", "Bytes written to the device.";
        io_write_ops_total: Counter Count Int, "v2 io.stat:wios; v1 blkio.throttle.io_serviced_recursive:Write; /proc/diskstats:8", "Write operations on the device.";
        io_discard_bytes_total: Counter Bytes Int, "v2 io.stat:dbytes; v1 blkio.throttle.io_service_bytes_recursive:Discard; /proc/diskstats:17 sectors of 512 bytes", "Bytes discarded on the device.";
        io_discard_ops_total: Counter Count Int, "v2 io.stat:dios; v1 blkio.throttle.io_serviced_recursive:Discard; /proc/diskstats:15", "Discard operations on the device.";
        io_read_merges_total: Counter Count Int, "/proc/diskstats:5", "Read operations merged with their neighbours before they reached the device; whole host only, as all below.";
        io_write_merges_total: Counter Count Int, "/proc/diskstats:9", "Write operations merged with their neighbours.";
        io_read_usec_total: Counter Usec Int, "/proc/diskstats:7 ms to µs", "Time that reads took, each from its queueing to its end, summed.";
        io_write_usec_total: Counter Usec Int, "/proc/diskstats:11 ms to µs", "Time that writes took, each from its queueing to its end, summed.";
        io_discard_usec_total: Counter Usec Int, "/proc/diskstats:18 ms to µs", "Time that discards took, summed.";
        io_flush_ops_total: Counter Count Int, "/proc/diskstats:19", "Flushes.";
        io_flush_usec_total: Counter Usec Int, "/proc/diskstats:20 ms to µs", "Time that flushes took, summed.";
        io_in_flight: Gauge Count Int, "/proc/diskstats:12", "Operations under way.";
        io_busy_usec_total: Counter Usec Int, "/proc/diskstats:13 ms to µs", "Time for which at least one operation was under way.";
        io_queue_usec_total: Counter Usec Int, "/proc/diskstats:14 ms to µs", "Time weighted with the number of operations under way.";
        io_read_bytes_per_second_max: State Bytes Int, "v2 io.max:rbps", "Bytes that may be read per second; null when there is no limit, and for the whole host.";
        io_read_bytes_per_second_max_unlimited: State None Bool, "v2 io.max:rbps", "Whether no such limit is set.";
        io_write_bytes_per_second_max: State Bytes Int, "v2 io.max:wbps", "Bytes that may be written per second; null when there is no limit, and for the whole host.";
        io_write_bytes_per_second_max_unlimited: State None Bool, "v2 io.max:wbps", "Whether no such limit is set.";
        io_read_ops_per_second_max: State Count Int, "v2 io.max:riops", "Read operations allowed per second; null when there is no limit, and for the whole host.";
        io_read_ops_per_second_max_unlimited: State None Bool, "v2 io.max:riops", "Whether no such limit is set.";
        io_write_ops_per_second_max: State Count Int, "v2 io.max:wiops", "Write operations allowed per second; null when there is no limit, and for the whole host.";
        io_write_ops_per_second_max_unlimited: State None Bool, "v2 io.max:wiops", "Whether no such limit is set.";
    }
}
