//! `disks`: one row per cgroup, block device and tick (REC-4).

table! {
    Disks;
    labels {
        node_name: Text, "--node-name, NODE_NAME or the host name", "Name of the node.";
        cluster_name: Text, "--cluster-name or CLUSTER_NAME", "Cluster of the node.";
        subject_kind: Text, "cgroup path", "What the cgroup is: container, sandbox, pod, service, slice or root.";
        #[key] cgroup_path: Text, "cgroup path below the hierarchy's mount", "Path of the cgroup.";
        #[key] cgroup_inode: Int, "inode of the cgroup directory", "Tells cgroups apart that reuse a path.";
        container_id: Text, "cgroup path", "Full container id; null outside containers.";
        container_name: Text, "identity sources", "Name of the container; null while unknown.";
        namespace: Text, "identity sources", "Kubernetes namespace; null while unknown.";
        pod_name: Text, "identity sources", "Name of the pod; null while unknown.";
        pod_uid: Text, "cgroup path", "UID of the pod.";
        #[key] device: Text, "v2 io.stat; v1 blkio.throttle.*", "Block device as major:minor.";
        device_name: Text, "/proc/diskstats:3", "Kernel name of the block device.";
    }
    metrics {
        io_read_bytes_total: Counter Bytes Int, "v2 io.stat:rbytes; v1 blkio.throttle.io_service_bytes_recursive:Read", "Bytes read from the device.";
        io_read_ops_total: Counter Count Int, "v2 io.stat:rios; v1 blkio.throttle.io_serviced_recursive:Read", "Read operations on the device.";
        io_write_bytes_total: Counter Bytes Int, "v2 io.stat:wbytes; v1 blkio.throttle.io_service_bytes_recursive:Write", "Bytes written to the device.";
        io_write_ops_total: Counter Count Int, "v2 io.stat:wios; v1 blkio.throttle.io_serviced_recursive:Write", "Write operations on the device.";
        io_discard_bytes_total: Counter Bytes Int, "v2 io.stat:dbytes; v1 blkio.throttle.io_service_bytes_recursive:Discard", "Bytes discarded on the device.";
        io_discard_ops_total: Counter Count Int, "v2 io.stat:dios; v1 blkio.throttle.io_serviced_recursive:Discard", "Discard operations on the device.";
    }
}
